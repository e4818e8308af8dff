import { createClient, requestOf, type TransportRequest } from './client.ts';
import { createConnectionStore } from './connection.ts';
import { ApiError, toApiError } from './problem.ts';

const base = '/api/plugin-proxy/genesis-dr-app';
const problem = (code: string, status: number) => ({
  status,
  data: {
    type: `urn:genesis:error:${code}`,
    title: code,
    status,
    detail: 'it is kept',
    code,
    hint: 'unkeep it',
    instance: 'urn:genesis:request:r1',
    faults: [{ path: 'body.keep', message: 'is true' }],
  },
});

it('takes each action to its prefix: reading by GET, changing by POST, with its twin for other methods', () => {
  expect(requestOf('listBackups', { query: { service: 'a b', limit: 5 } })).toMatchObject({
    method: 'GET',
    url: `${base}/read/backups?service=a+b&limit=5`,
  });
  expect(requestOf('startBackup', { body: { service: 'orders' } })).toMatchObject({
    method: 'POST',
    url: `${base}/operate/backups`,
    body: { service: 'orders' },
  });
  expect(requestOf('deleteBackup', { params: { id: 'b1' }, body: {} })).toMatchObject({
    method: 'POST',
    url: `${base}/admin/backups/b1/delete`,
  });
  expect(requestOf('cancelOperation', { params: { id: 'o1' }, body: {}, as: 'admin' }).url).toBe(
    `${base}/admin/operations/o1/cancel`,
  );
});

it('sends the query of a GET that needs more than a viewer as the body of its POST', () => {
  expect(requestOf('listAudit', { query: { actor: 'ada' } })).toMatchObject({
    method: 'POST',
    url: `${base}/admin/audit`,
    body: { actor: 'ada' },
  });
});

it('leaves out what was not given, and never lets a parameter leave its segment', () => {
  expect(requestOf('listBackups', { query: { service: '' } }).url).toBe(`${base}/read/backups`);
  expect(requestOf('getBackup', { params: { id: '../audit' } }).url).toBe(`${base}/read/backups/..%2Faudit`);
  expect(() => requestOf('getBackup', { params: { id: '..' } })).toThrow(ApiError);
});

it('asks for a plan by a dry run, and sends the key with an action', async () => {
  const sent: TransportRequest[] = [];
  const client = createClient(async (request) => void sent.push(request), '/grafana');

  await client.plan('startDrill', { params: { name: 'orders' }, body: {} });
  await client.call('startDrill', { params: { name: 'orders' }, body: { planEtag: 'e' }, idempotencyKey: 'k' });

  expect(sent.map(({ body }) => body)).toEqual([{ dryRun: true }, { planEtag: 'e' }]);
  expect(sent[1]?.headers['Idempotency-Key']).toBe('k');
  expect(client.url('events')).toBe(`/grafana${base}/read/events`);
});

it('keeps code, hint, faults and request of a problem document', () => {
  expect(toApiError(problem('backup_kept', 409))).toMatchObject({
    code: 'backup_kept',
    message: 'it is kept',
    hint: 'unkeep it',
    requestId: 'r1',
    faults: [{ path: 'body.keep', message: 'is true' }],
    isOutage: false,
  });
});

it.each([
  [{ status: 0, message: 'Failed to fetch' }, 'grafana_unreachable'],
  [new TypeError('Failed to fetch'), 'grafana_unreachable'],
  [{ status: 502, data: '' }, 'exporter_unreachable'],
  [{ status: 504, data: 'Gateway Timeout' }, 'exporter_unreachable'],
  [{ status: 401, data: { message: 'Unauthorized' } }, 'signed_out'],
  [{ status: 403, data: { message: 'plugin proxy route access denied' } }, 'permission_missing'],
  [{ status: 404, data: { message: 'Plugin is not enabled' } }, 'plugin_disabled'],
  [{ status: 404, data: { message: 'plugin route match not found' } }, 'plugin_outdated'],
  [{ status: 500, data: { message: 'Failed to fetch plugin settings' } }, 'plugin_not_set_up'],
  [{ status: 418, data: '<html>' }, 'unexpected_reply'],
])('tells where the chain is broken: %j', (failure, code) => {
  expect(toApiError(failure).code).toBe(code);
});

it('knows since when the exporter does not answer, and that a refusal is an answer', async () => {
  let now = 1000;
  const connection = createConnectionStore(() => now);
  let outcome: () => unknown = () => ({});
  const client = createClient(async () => outcome(), '', connection);
  const failWith = (failure: unknown) => () => {
    throw failure;
  };

  await client.call('status');
  outcome = failWith({ status: 502 });
  now = 2000;
  await expect(client.call('status')).rejects.toMatchObject({ code: 'exporter_unreachable' });
  now = 3000;
  await expect(client.call('status')).rejects.toThrow(ApiError);

  expect(connection.get()).toMatchObject({ lastAnswerAt: 1000, failingSince: 2000 });

  outcome = failWith(problem('forbidden', 403));
  now = 4000;
  await expect(client.call('status')).rejects.toMatchObject({ code: 'forbidden' });
  expect(connection.get()).toMatchObject({ lastAnswerAt: 4000, failingSince: null, error: null });
});

it('does not take a request that was given up for a failure', async () => {
  const connection = createConnectionStore(() => 1);
  const client = createClient(async () => Promise.reject({ cancelled: true, status: -1 }), '', connection);

  await expect(client.call('status')).rejects.toMatchObject({ name: 'AbortError' });
  expect(connection.get().failingSince).toBeNull();
});
