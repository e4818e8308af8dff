import { readVector } from '../core/prometheus-answer.ts';
import { secrets } from './testing/fake-app.ts';
import { aService, aSnapshot, t0 } from './testing/samples.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

describe('service levels', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    server.app.current.snapshot = aSnapshot([aService('files'), aService('ledger')]);
  });
  afterEach(() => server.close());
  const get = (path: string, token: string = secrets.viewer) => server.send(path, { token });

  it('are told for all services, and say why the past is unknown', async () => {
    const reply = (await get('/api/v1/sla')).json();

    expect(reply['items']).toHaveLength(12);
    expect(reply['history']).toEqual({ available: false, unknown: 'unknown: prometheus.url is not set' });
    expect((reply['items'] as unknown[])[0]).toMatchObject({
      service: 'files',
      sla: 'backup_sla',
      current: 1740,
      target: 14_400,
      compliant: true,
      objective: 0.99,
      compliance: { known: false, reason: 'not_configured' },
      coverage: { known: false },
    });
  });

  it('are told for one service', async () => {
    const items = (await get('/api/v1/sla?service=ledger')).json()['items'] as { service: string }[];

    expect(items.map(({ service }) => service)).toEqual(Array.from({ length: 6 }, () => 'ledger'));
    expect((await get('/api/v1/sla?service=nope')).json()).toMatchObject({ status: 404, code: 'service_unknown' });
    expect((await get('/api/v1/sla?services=ledger')).status).toBe(400);
  });

  it('carry compliance beside its coverage', async () => {
    const sample = (record: string, value: string) => ({
      metric: { __name__: record, cluster: 'default', service: 'files', sla: 'rpo_sla' },
      value: [1, value],
    });
    const result = [
      sample('service_sla:genesis_sla_ok:avg30d', '0.5'),
      sample('service_sla:genesis_sla_coverage:ratio30d', '0.01'),
    ];
    server.app.current.history = readVector(
      200,
      JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }),
    );

    const { items } = (await get('/api/v1/sla?service=files')).json() as { items: { sla: string }[] };

    expect(items.find(({ sla }) => sla === 'rpo_sla')).toMatchObject({
      compliance: { known: true, value: 0.5 },
      coverage: { known: true, value: 0.01 },
      budgetRemaining: { known: false, reason: 'empty' },
    });
  });

  it('have the documents’ form at /api/sla', async () => {
    const reply = (await get('/api/sla')).json();

    expect(Object.keys(reply)).toEqual(['backup_sla', 'replication_sla', 'readiness_sla', 'test_frequency_sla']);
    expect(reply).toMatchObject({
      backup_sla: { compliant: true, current: 1740, target: 14_400, unknown: null },
      replication_sla: { compliant: null, current: null, target: 300, unknown: 'files: copy mount cannot be read' },
      readiness_sla: { compliant: false, current: 0.72, target: 0.8, unknown: null },
    });
    expect((await get('/api/sla?service=nope')).status).toBe(404);
    expect((await get('/api/sla?x=1')).status).toBe(400);
  });

  it('pass the same gate under both names', async () => {
    for (const path of ['/api/sla', '/api/v1/sla']) {
      expect((await server.send(path)).status).toBe(401);
      expect((await get(path, 'gdr_unknown')).status).toBe(401);
      expect((await get(path, secrets.expired)).status).toBe(401);
      expect((await get(path, secrets.metrics)).status).toBe(403);
      expect((await server.send(path, { method: 'POST', token: secrets.admin, body: {} })).status).toBe(405);
      expect((await server.send(path, { token: secrets.viewer, headers: { host: 'evil.example' } })).status).toBe(421);
    }
  });

  it('are not told before anything was observed', async () => {
    server.app.current.snapshot = null;

    expect((await get('/api/sla')).json()).toMatchObject({ status: 503, code: 'not_ready' });
  });
});

describe('maintenance windows', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());
  const path = '/api/v1/services/files/maintenance';
  const open = (body: unknown) => server.send(path, { method: 'POST', token: secrets.operator, body });

  it('are opened, listed and closed', async () => {
    const window = { service: 'files', by: 'operator', reason: 'disks', since: t0, until: '2026-11-22T04:00:00.000Z' };

    expect((await open({ seconds: 7200, reason: ' disks ' })).json()).toEqual(window);
    expect((await server.send('/api/v1/maintenance', { token: secrets.viewer })).json()).toEqual({
      items: [window],
      next: null,
    });
    const close = () => server.send(path, { method: 'DELETE', token: secrets.operator });
    expect((await close()).json()).toEqual({ service: 'files', ended: true });
    expect((await close()).json()).toEqual({ service: 'files', ended: false });
  });

  it.each([
    [{ seconds: 604_801, reason: 'x' }, 'seconds', 'a maintenance window lasts at most 7 days (604800 seconds)'],
    [{ seconds: 0, reason: 'x' }, 'seconds', 'Too small'],
    [{ seconds: 60, reason: '  ' }, 'reason', 'Too small'],
    [{ seconds: 60 }, 'reason', 'expected string'],
  ])('are refused for %j', async (body, where, message) => {
    const answer = await open(body);

    expect(answer.status).toBe(400);
    expect(answer.json()['faults']).toEqual([{ path: where, message: expect.stringContaining(message) }]);
  });

  it('stand on the status page', async () => {
    const maintenance = { service: 'files', by: 'ann', reason: '<b>disks</b>', since: t0, until: t0 };
    server.app.current.snapshot = aSnapshot([{ ...aService(), maintenance }]);

    const { text } = await server.send('/status', { token: secrets.viewer });

    expect(text).toMatch(/maintenance<\/span>\s*until/);
    expect(text).toContain('&lt;b&gt;disks&lt;/b&gt;; its alerts are muted');
  });
});
