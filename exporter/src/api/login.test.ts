import type http from 'node:http';
import { fakeApp, secrets } from './testing/fake-app.ts';
import { createDenialLog } from './denials.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const admin = { token: secrets.admin };

describe('login link', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer(fakeApp({ session_idle: '30m', session_max: '12h' }));
  });
  afterEach(() => server.close());

  const redeem = (code: string, headers: http.OutgoingHttpHeaders = {}) =>
    server.send('/api/v1/login', { method: 'POST', body: { code }, headers });
  const login = async (): Promise<string> => {
    const answer = await redeem(server.loginCodes.create().code);
    expect(answer.status).toBe(200);
    return String(answer.headers['set-cookie']?.[0]).split(';', 1)[0] ?? '';
  };
  const me = async (cookie: string): Promise<number> =>
    (await server.send('/api/v1/me', { headers: { cookie } })).status;

  it('gives an admin session in a cookie that scripts and other sites cannot use', async () => {
    const answer = await redeem(server.loginCodes.create().code);

    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      /^genesis_[0-9a-f]{16}=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(
      (await server.send('/api/v1/me', { headers: { cookie: cookie.split(';', 1)[0] ?? '' } })).json(),
    ).toMatchObject({ role: 'admin', via: 'session' });
    expect(server.app.recorded.audits).toContainEqual(
      expect.objectContaining({ action: 'login', result: 'succeeded' }),
    );
  });

  it('works once', async () => {
    const { code } = server.loginCodes.create();

    const [first, second] = await Promise.all([redeem(code), redeem(code)]);

    expect([first.status, second.status].sort()).toEqual([200, 401]);
    expect(`${first.text}${second.text}`).not.toContain(code);
  });

  it('works for ten minutes', async () => {
    const [early, late] = [server.loginCodes.create().code, server.loginCodes.create().code];

    server.app.clock.advance(599);
    expect((await redeem(early)).status).toBe(200);
    server.app.clock.advance(1);
    expect((await redeem(late)).status).toBe(401);
  });

  it('does not work through a proxy or from another site, and the code stays good for its owner', async () => {
    const { code } = server.loginCodes.create();

    expect((await redeem(code, { 'x-forwarded-for': '203.0.113.9' })).json()['code']).toBe('forbidden');
    expect((await redeem(code, { origin: 'https://evil.example' })).json()['code']).toBe('cross_origin');
    expect((await redeem(code)).status).toBe(200);
  });

  it('refuses and counts codes that were never given', async () => {
    expect((await redeem('A'.repeat(43))).status).toBe(401);
    expect((await redeem('short')).status).toBe(400);
    expect(server.app.recorded.authFailures).toEqual([{ kind: 'login', action: null }]);
  });

  it('ends a session that idles, is old, or is logged out', async () => {
    const idle = await login();
    server.app.clock.advance(29 * 60);
    expect(await me(idle)).toBe(200);
    server.app.clock.advance(30 * 60);
    expect(await me(idle)).toBe(401);

    const old = await login();
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      server.app.clock.advance(20 * 60);
      expect(await me(old)).toBe(200);
    }
    server.app.clock.advance(20 * 60);
    expect(await me(old)).toBe(401);

    const left = await login();
    const out = await server.send('/api/v1/logout', { method: 'POST', body: {}, headers: { cookie: left } });
    expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect(await me(left)).toBe(401);
  });

  it('does not keep a session alive by the status page renewing itself', async () => {
    const cookie = await login();
    for (let minute = 0; minute < 29; minute += 1) {
      server.app.clock.advance(60);
      expect((await server.send('/status?auto=1', { headers: { cookie } })).status).toBe(200);
    }

    server.app.clock.advance(60);

    const answer = await server.send('/status?auto=1', { headers: { cookie } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/login?to=/status']);
  });

  it('is made by an admin token on this machine only', async () => {
    const make = (headers: http.OutgoingHttpHeaders) =>
      server.send('/api/v1/login-codes', { method: 'POST', body: {}, headers });
    const made = await server.send('/api/v1/login-codes', { method: 'POST', body: {}, ...admin });
    const link = new URL(String(made.json()['url']));

    expect(made.status).toBe(201);
    expect([link.origin, link.pathname, link.search]).toEqual([server.url, '/login', '']);
    expect((await redeem(link.hash.slice('#code='.length))).status).toBe(200);
    expect((await make({ cookie: await login() })).status).toBe(403);
    expect((await make({ authorization: `Bearer ${secrets.admin}`, 'x-forwarded-for': '203.0.113.9' })).status).toBe(
      403,
    );
  });

  it('keeps the name of its cookie over restarts of the same home', async () => {
    const again = await startTestServer(server.app);
    const names = [
      await login(),
      String(
        (await again.send('/api/v1/login', { method: 'POST', body: { code: again.loginCodes.create().code } })).headers[
          'set-cookie'
        ]?.[0],
      ),
    ];

    expect(new Set(names.map((cookie) => cookie.split('=', 1)[0])).size).toBe(1);
    await again.close();
  });
});

describe('a token that is typed in', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const login = (body: unknown, headers: http.OutgoingHttpHeaders = {}) =>
    server.send('/api/v1/login', { method: 'POST', body, headers });
  const cookieOf = async (token: string): Promise<string> =>
    String((await login({ token })).headers['set-cookie']?.[0]).split(';', 1)[0] ?? '';

  it.each(['viewer', 'operator', 'admin'] as const)('opens a session of its own role: %s', async (role) => {
    const cookie = await cookieOf(secrets[role]);

    const me = (await server.send('/api/v1/me', { headers: { cookie } })).json();
    expect(me).toMatchObject({ role, via: 'session' });
    expect(cookie).not.toContain(secrets[role]);
    expect(server.app.recorded.audits).toContainEqual(
      expect.objectContaining({ action: 'login', actor: me['name'], role, result: 'succeeded' }),
    );
  });

  it('works from elsewhere too, because it proves who one is', async () => {
    expect((await login({ token: secrets.viewer }, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(200);
    expect((await login({ token: secrets.viewer }, { origin: 'https://evil.example' })).json()['code']).toBe(
      'cross_origin',
    );
  });

  it('ends its sessions when it is revoked', async () => {
    const cookie = await cookieOf(secrets.viewer);
    expect((await server.send('/api/v1/me', { headers: { cookie } })).status).toBe(200);

    await server.app.store.tokens.revoke('tok_viewer', server.app.clock.now().toISOString());

    expect((await server.send('/api/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  it('is refused and counted when it is unknown, expired, revoked or for metrics only', async () => {
    for (const token of ['gdr_unknown', secrets.expired, secrets.revoked])
      expect((await login({ token })).status).toBe(401);
    expect((await login({ token: secrets.metrics })).status).toBe(403);

    expect(server.app.recorded.authFailures.map(({ kind }) => kind)).toEqual(['token', 'token', 'token', 'role']);
  });

  it('goes alone: nothing, or a code beside it, is a fault of the request', async () => {
    const { code } = server.loginCodes.create();

    for (const body of [{}, { code, token: secrets.viewer }, { token: 'a b' }])
      expect((await login(body)).status).toBe(400);
    expect((await login({ code })).status).toBe(200);
  });

  it('does not keep a session alive by requests that say that nobody is there', async () => {
    const cookie = await cookieOf(secrets.viewer);
    const { session_idle: idle } = server.app.config().api;

    server.app.clock.advance(idle - 60);
    expect((await server.send('/api/v1/me', { headers: { cookie, 'x-genesis-passive': '1' } })).status).toBe(200);
    server.app.clock.advance(61);

    expect((await server.send('/api/v1/me', { headers: { cookie } })).status).toBe(401);
  });
});

describe('audit rows of refusals', () => {
  const denial = (addressKey: string) => ({
    actor: 'unknown',
    role: 'none',
    via: 'none',
    action: 'startBackup',
    target: null,
    remote: addressKey,
    addressKey,
    code: 'unauthenticated',
  });

  it('are bounded over all addresses, too', async () => {
    const app = fakeApp();
    const log = createDenialLog(app);
    for (let address = 0; address < 5000; address += 1) await log.record(denial(`198.51.100.${address}`));

    await log.close();

    expect(app.recorded.audits).toHaveLength(60);
  });

  it('say later how many were left out', async () => {
    const app = fakeApp();
    const log = createDenialLog(app, 20);
    for (let sent = 0; sent < 100; sent += 1) await log.record(denial('198.51.100.1'));

    await new Promise((resolve) => setTimeout(resolve, 80));

    expect(app.recorded.audits.map(({ details }) => details)).toEqual([
      { code: 'unauthenticated' },
      { code: 'unauthenticated', furtherRefusals: 99 },
    ]);
    await log.close();
  });
});
