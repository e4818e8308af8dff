import { fail, ok } from '../contract/errors.ts';
import { grafanaRouteOf, routes, type RouteId } from '../contract/routes.ts';
import { leastRole } from './forwarded.ts';
import { forwardedActions } from './grafana.ts';
import { fakeApp, secrets, type FakeApp } from './testing/fake-app.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const grafana = (identity: string) => fakeApp({}, { grafana: { url: 'http://127.0.0.1:3000', identity } });
const ada = async () => ok({ name: 'Ada Lovelace (ada)', subject: 'user:7' });
const backup = { service: 'files' };
const idHeader = { 'x-grafana-id': 'eyJ.signed' };
const started: TestServer[] = [];

async function serverOf(app: FakeApp): Promise<TestServer> {
  const server = await startTestServer(app);
  started.push(server);
  return server;
}
afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

describe('the table of forwarded routes', () => {
  it('reads by GET and does everything else by POST', () => {
    for (const { method, way } of forwardedActions) expect(method).toBe(way.prefix === 'read' ? 'GET' : 'POST');
  });

  it('has every action, and none where its prefix may not do it', () => {
    for (const id of Object.keys(routes) as RouteId[]) {
      const ways = forwardedActions.filter((action) => action.id === id);
      expect(ways.length).toBeGreaterThan(0);
      for (const { way } of ways) expect(routes[id].roles).toContain(way.role);
    }
  });

  it('gives each address to one action only', () => {
    const addresses = forwardedActions.map(({ method, path }) => `${method} ${path}`);

    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('leads a client to the least prefix, and to admin where the request asks for it', () => {
    expect(grafanaRouteOf('listBackups')).toMatchObject({ prefix: 'read', method: 'GET', path: '/backups' });
    expect(grafanaRouteOf('patchBackup')).toMatchObject({ prefix: 'operate', path: '/backups/{id}/keep' });
    expect(grafanaRouteOf('restoreBackup', 'admin')).toMatchObject({ prefix: 'admin', path: '/backups/{id}/restore' });
    expect(grafanaRouteOf('listAudit')).toMatchObject({ prefix: 'admin', method: 'POST', queryInBody: true });
  });
});

describe('the role that is left', () => {
  it.each([
    ['admin', 'viewer', undefined, 'viewer'],
    ['viewer', 'admin', undefined, 'viewer'],
    ['admin', 'admin', 'operator', 'operator'],
    ['operator', 'admin', 'admin', 'operator'],
    ['admin', 'admin', 'root', 'metrics'],
    ['admin', 'admin', ['admin', 'admin'], 'metrics'],
    ['metrics', 'admin', 'admin', 'metrics'],
  ] as const)('of %s by the prefix of %s with the header %s is %s', (own, prefix, header, left) => {
    expect(leastRole(own, prefix, header)).toBe(left);
  });
});

describe('a request through the proxy', () => {
  it('is capped by the header that the route sets', async () => {
    const server = await serverOf(grafana('off'));
    const sent = { method: 'POST', body: backup, token: secrets.admin };

    const capped = await server.send('/grafana/v1/operate/backups', {
      ...sent,
      headers: { 'x-genesis-role': 'viewer' },
    });

    expect([capped.status, capped.json()['code']]).toEqual([403, 'forbidden']);
    expect(server.app.recorded.requests).toEqual([]);
  });

  it('cannot climb from a read to another route', async () => {
    const server = await serverOf(grafana('off'));
    const targets = ['read/..%2Fadmin/backups/b1/delete', 'read/../admin/audit', 'read//admin/audit', 'read/%2e%2e/me'];

    for (const target of targets) {
      const answer = await server.send(`/grafana/v1/${target}`, { method: 'POST', body: {}, token: secrets.admin });
      expect([answer.status, answer.json()['code']]).toEqual([400, 'bad_request_target']);
    }
  });

  it('must say that a write is JSON, also one with nothing to say', async () => {
    const server = await serverOf(grafana('off'));

    const answer = await server.send('/grafana/v1/operate/services/files/maintenance/end', {
      method: 'POST',
      token: secrets.operator,
    });

    expect(answer.status).toBe(415);
  });

  it('takes the parameters of a read that needs more than a viewer from its body', async () => {
    const server = await serverOf(grafana('off'));
    const ask = (body: unknown) =>
      server.send('/grafana/v1/operate/backups/b1/files', { method: 'POST', body, token: secrets.operator });

    expect((await ask({ prefix: 'data/', limit: 10, folders: true })).status).toBe(200);
    expect((await ask({ limit: 'many' })).json()['faults']).toMatchObject([{ path: 'limit' }]);
  });

  it('knows the methods of each path', async () => {
    const server = await serverOf(grafana('off'));

    const answer = await server.send('/grafana/v1/read/backups', { method: 'POST', body: {}, token: secrets.admin });

    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('carries a proven name and id into what it starts', async () => {
    const server = await serverOf(grafana('require'));
    server.app.current.provePerson = ada;

    const answer = await server.send('/grafana/v1/operate/backups', {
      method: 'POST',
      body: backup,
      token: secrets.operator,
      headers: idHeader,
    });

    expect(answer.status).toBe(202);
    expect(server.app.recorded.requests[0]?.options).toMatchObject({
      actor: { name: 'Ada Lovelace (ada)', role: 'operator', via: 'grafana' },
      subject: 'user:7',
    });
  });

  it('is refused without a proven person where one is required, counted and audited', async () => {
    const server = await serverOf(grafana('require'));
    const sent = { method: 'POST', body: backup, token: secrets.operator };

    const missing = await server.send('/grafana/v1/operate/backups', sent);
    const invalid = await server.send('/grafana/v1/operate/backups', { ...sent, headers: idHeader });

    expect([missing.status, missing.json()['code']]).toEqual([403, 'identity_required']);
    expect([invalid.status, invalid.json()['code']]).toEqual([403, 'identity_invalid']);
    expect(server.app.recorded.requests).toEqual([]);
    expect(server.app.recorded.authFailures.map(({ kind }) => kind)).toEqual(['identity', 'identity']);
    expect(server.app.recorded.audits[0]).toMatchObject({
      result: 'denied',
      via: 'grafana_unverified',
      details: { code: 'identity_required' },
    });
  });

  it('passes with a warning in the mode warn, once in the log, and says unverified', async () => {
    const server = await serverOf(grafana('warn'));
    const sent = { method: 'POST', body: backup, token: secrets.operator };

    for (let i = 0; i < 2; i += 1) expect((await server.send('/grafana/v1/operate/backups', sent)).status).toBe(202);

    const actors = server.app.recorded.requests.map(({ options }) => options.actor);
    expect(actors[0]).toEqual({ name: 'operator', role: 'operator', via: 'grafana_unverified' });
    expect(server.app.recorded.authFailures).toHaveLength(2);
    expect(server.app.recorded.logged.filter(({ message }) => message.includes('not proven'))).toHaveLength(1);
  });

  it('reads without a person, and tells by `me` on each prefix what is wrong', async () => {
    const server = await serverOf(grafana('require'));
    server.app.current.provePerson = async () => fail('identity_invalid', 'it has expired');
    const me = async (target: string, method: string) => {
      const body = method === 'POST' ? { body: {} } : {};
      return (await server.send(target, { method, token: secrets.admin, headers: idHeader, ...body })).json();
    };

    expect((await server.send('/grafana/v1/read/backups', { token: secrets.viewer })).status).toBe(200);
    expect(await me('/grafana/v1/read/me', 'GET')).toMatchObject({ role: 'viewer', via: 'grafana_unverified' });
    expect(await me('/grafana/v1/operate/me', 'POST')).toMatchObject({
      role: 'operator',
      identity: { mode: 'require', verified: false, problem: { code: 'identity_invalid', message: 'it has expired' } },
    });
  });

  it('asks for no person of a token that comes by itself', async () => {
    const server = await serverOf(grafana('require'));

    const answer = await server.send('/api/v1/backups', { method: 'POST', body: backup, token: secrets.operator });

    expect(answer.status).toBe(202);
    expect(server.app.recorded.requests[0]?.options.actor.via).toBe('token');
  });
});

describe('a session of the console', () => {
  async function login(server: TestServer): Promise<string> {
    const { code } = server.loginCodes.create();
    const answer = await server.send('/api/v1/login', { method: 'POST', body: { code } });
    return String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  }
  const base = '/api/plugin-proxy/genesis-dr-app';

  it('calls the addresses of the plugin, each capped by its prefix', async () => {
    const server = await serverOf(grafana('require'));
    const cookie = await login(server);

    const read = await server.send(`${base}/read/me`, { headers: { cookie } });
    const write = await server.send(`${base}/operate/backups`, { method: 'POST', body: backup, headers: { cookie } });

    expect(read.json()).toMatchObject({ role: 'viewer', via: 'session', identity: { verified: null } });
    expect([write.status, server.app.recorded.requests[0]?.options.actor.role]).toEqual([202, 'operator']);
  });

  it('is not used by the page of another site', async () => {
    const server = await serverOf(grafana('off'));
    const cookie = await login(server);

    for (const foreign of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const headers = { cookie, ...foreign };
      const answer = await server.send(`${base}/operate/backups`, { method: 'POST', body: backup, headers });
      expect([answer.status, answer.json()['code']]).toEqual([403, 'cross_origin']);
    }
  });
});
