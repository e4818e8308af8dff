import { errorCatalogue, fail, OpError, type ErrorCode } from '../contract/errors.ts';
import type { HealthFacts } from '../contract/health.ts';
import { Problem } from '../contract/reply-parts.ts';
import { known } from '../contract/observed.ts';
import { problemOf } from './errors.ts';
import { fakeApp, secrets } from './testing/fake-app.ts';
import { aService, aSnapshot, anUnknownService, t0 } from './testing/samples.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

describe('actions', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const post = (path: string, body: unknown, headers = {}) =>
    server.send(`/api/v1${path}`, { method: 'POST', token: secrets.admin, body, headers });

  it('pass 1,000 concurrent posts of one key on as one operation', async () => {
    const posts = Array.from({ length: 1000 }, () =>
      post('/backups', { service: 'files', type: 'full' }, { 'idempotency-key': 'nightly-1' }),
    );

    const answers = await Promise.all(posts);

    expect(new Set(answers.map(({ status, headers, text }) => `${status} ${headers.location} ${text}`)).size).toBe(1);
    expect(answers[0]?.headers.location).toBe('/api/v1/operations/op_1');
    expect(new Set(server.app.recorded.requests.map(({ options }) => options.idempotencyKey))).toEqual(
      new Set(['nightly-1']),
    );
    expect(server.app.recorded.requests).toHaveLength(1000);
  }, 60_000);

  it.each(['', ' ', 'x'.repeat(201), 'tab\there'])('refuse the key %j', async (key) => {
    expect((await post('/backups', { service: 'files' }, { 'idempotency-key': key })).status).toBe(400);
  });

  it('answer a dry run with the plan and do nothing', async () => {
    const answer = await post('/backups/b1/restore', { target: { kind: 'in_place' }, dryRun: true });

    expect([answer.status, answer.json()['etag']]).toEqual([200, 'e1']);
    expect(server.app.recorded.requests).toHaveLength(0);
    expect(server.app.recorded.plans).toEqual([
      { kind: 'restore', backupId: 'b1', copy: null, components: [], paths: [], target: { kind: 'in_place' } },
    ]);
  });

  it('pass on who asked, why, and which plan was looked at', async () => {
    await server.send('/api/v1/backups/b1', {
      method: 'DELETE',
      token: secrets.admin,
      body: { confirm: 'files', reason: 'old', planEtag: 'e1' },
    });

    expect(server.app.recorded.requests).toEqual([
      {
        request: { kind: 'delete', backupId: 'b1' },
        options: {
          actor: { name: 'admin', role: 'admin', via: 'token' },
          remote: '127.0.0.1',
          reason: 'old',
          confirm: 'files',
          planEtag: 'e1',
          idempotencyKey: null,
        },
      },
    ]);
  });

  it('link to the next page and keep the filter', async () => {
    const answer = await server.send('/api/v1/backups?service=files&limit=2', { token: secrets.viewer });

    expect(answer.json()['next']).toBe('c2');
    expect(answer.headers.link).toBe('</api/v1/backups?service=files&limit=2&cursor=c2>; rel="next"');
  });

  it('never show the hash of a token', async () => {
    const list = await server.send('/api/v1/tokens', { token: secrets.admin });
    const made = await post('/tokens', { name: 'grafana', role: 'viewer' });

    expect(made.json()['secret']).toBe('gdr_new_secret');
    expect(`${list.text}${made.text}`).not.toMatch(/hash|[0-9a-f]{64}/);
  });

  it('patch nothing when nothing is asked', async () => {
    const answer = await server.send('/api/v1/backups/b1', { method: 'PATCH', token: secrets.operator, body: {} });

    expect(answer.status).toBe(400);
  });

  it.each(Object.keys(errorCatalogue) as ErrorCode[])('answer the failure %s as a problem document', async (code) => {
    server.app.request = async () => fail(code, 'it did not work', { details: { holder: 'op_9' } });

    const answer = await post('/backups', { service: 'files' });

    const problem = Problem.parse(answer.json());
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.status).toBe(errorCatalogue[code].status);
    expect(problem).toMatchObject({
      type: `urn:genesis:error:${code}`,
      status: answer.status,
      code,
      hint: errorCatalogue[code].hint,
    });
    expect(problem.instance).toBe(`urn:genesis:request:${String(answer.headers['x-request-id'])}`);
    if (code !== 'internal') expect(problem).toMatchObject({ detail: 'it did not work', details: { holder: 'op_9' } });
  });

  it('say nothing of a bug but the id under which the log has it', async () => {
    server.app.request = async () => {
      throw new Error('password=hunter2');
    };

    const answer = await post('/backups', { service: 'files' });

    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
    expect(server.app.recorded.logged).toContainEqual(
      expect.objectContaining({
        message: 'a request failed',
        data: expect.objectContaining({ request: answer.headers['x-request-id'] }),
      }),
    );
  });

  it('say that nothing is known before the first observation', async () => {
    server.app.current.snapshot = null;
    const read = (path: string) => server.send(`/api/v1${path}`, { token: secrets.viewer });

    expect((await read('/status')).json()).toMatchObject({ overall_health: 'unknown', at: null });
    for (const path of ['/services', '/services/files', '/readiness', '/readiness?service=files']) {
      const answer = await read(path);
      expect([answer.status, answer.json()['code'], answer.headers['retry-after']]).toEqual([503, 'not_ready', '2']);
    }
  });

  it('show failed observations with their reason', async () => {
    server.app.current.snapshot = aSnapshot([anUnknownService()]);

    const answer = await server.send('/api/v1/services/ledger', { token: secrets.viewer });

    expect(answer.json()['backups']).toMatchObject({
      known: false,
      error: { code: 'repository_unreadable', message: 'the folder /srv/<b>repository</b> cannot be read' },
    });
    expect((await server.send('/api/v1/services/nope', { token: secrets.viewer })).json()['code']).toBe(
      'service_unknown',
    );
  });

  it('give the overall health as the worst of its components', async () => {
    const health = async (): Promise<unknown> =>
      (await server.send('/api/v1/status', { token: secrets.viewer })).json()['overall_health'];
    const good = { ...aService(), copies: [], readiness: { ...aService().readiness, score: 1 } };

    server.app.current.snapshot = aSnapshot([good]);
    expect(await health()).toBe('healthy');
    server.app.current.snapshot = aSnapshot([
      good,
      {
        ...good,
        drills: known(t0, {
          lastRunAt: null,
          lastPassed: null,
          lastPassedAt: null,
          lastRtoSeconds: null,
          lastRpoSeconds: null,
          successRatio: null,
        }),
      },
    ]);
    expect(await health()).toBe('degraded');
    server.app.current.snapshot = aSnapshot([good, anUnknownService()]);
    expect(await health()).toBe('unknown');
    for (const state of ['healthy', 'degraded', 'unknown', 'unhealthy'] as const) {
      server.app.current.snapshot = aSnapshot([{ ...good, health: healthOf(state) }]);
      expect(await health()).toBe(state);
    }
    server.app.current.snapshot = aSnapshot([{ ...good, health: healthOf('error') }]);
    expect(await health()).toBe('unhealthy');
    server.app.current.snapshot = { ...aSnapshot([good]), audit: { count: 1, writable: false } };
    expect(await health()).toBe('unhealthy');
    server.app.current.snapshot = aSnapshot([]);
    expect(await health()).toBe('unknown');
  });

  it('are counted by template, never by the path that was sent', async () => {
    await server.send('/api/v1/backups/b1', { token: secrets.viewer });
    await server.send('/api/v1/secret-path', { token: secrets.viewer });
    await server.send('/healthz', { method: 'PROPFIND' });
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(server.app.recorded.counted).toEqual([
      { method: 'GET', route: '/api/v1/backups/{id}', status: '200' },
      { method: 'GET', route: 'unmatched', status: '404' },
      { method: 'OTHER', route: '/healthz', status: '405' },
    ]);
  });

  it('reload is for admins, by any safe client', async () => {
    const answer = await server.send('/-/reload', { method: 'POST', token: secrets.admin });
    server.app.reload = async () =>
      fail('config_invalid', 'the file has faults', {
        details: { faults: [{ path: 'cluster', message: 'must be text' }] },
      });
    const bad = await server.send('/-/reload', { method: 'POST', token: secrets.admin });

    expect(answer.json()).toEqual({ reloaded: true });
    expect([bad.status, bad.json()['faults']]).toEqual([422, [{ path: 'cluster', message: 'must be text' }]]);
  });
});

it('a problem names faults apart from other details', () => {
  const problem = problemOf(
    new OpError('bad_request', 'x', { details: { faults: [{ path: 'a', message: 'b' }], more: 1 } }),
    'id',
  );

  expect(problem).toMatchObject({ faults: [{ path: 'a', message: 'b' }], details: { more: 1 }, title: 'Bad request' });
});

it('a fake App parses the configuration as the program does', () => {
  expect(fakeApp().config().api.event_streams).toBe(20);
});

function healthOf(state: HealthFacts['state']): HealthFacts {
  const seen = state === 'unknown' ? null : state;
  const last = seen === null ? null : { state: seen, responseSeconds: 0.1, detail: 'seen', at: t0 };
  const counts = { consecutiveFailures: 0, consecutiveSuccesses: 0 };
  return { state, checks: [{ name: 'page', kind: 'http', critical: true, state: seen, since: t0, last, ...counts }] };
}
