import net from 'node:net';
import fc from 'fast-check';
import { targetFault } from './request-target.ts';
import { fakeApp, secrets } from './testing/fake-app.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

/** Sends bytes as they are and reads until the server closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}

const viewer = { token: secrets.viewer };

describe('gates of every request', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(fakeApp({ hosts: ['dr.example', 'dr2.example:8443'] }));
  });
  afterAll(() => server.close());

  it.each([
    '/api/v1/../metrics',
    '/api/v1//me',
    '/api/v1/%2e%2e/metrics',
    '/api/v1/%2E/me',
    '/api%2Fv1/me',
    '/api%5cv1/me',
    '/api\\v1\\me',
    '//evil/api/v1/me',
    '/api/v1/./me',
    '/api/v1/me%00',
    '/api/v1/me%0d%0a',
    '/healthz/..',
    '/api/v1/backups/..%2fact',
    'http://127.0.0.1/api/v1/me',
    '*',
    '/api/v1/%252e%252e/me',
    '/a..b',
  ])('refuses the request-target %s before it is parsed', async (target) => {
    const answer = await server.send(target, viewer);

    expect(answer.status).toBe(400);
    expect(answer.json()['code']).toBe('bad_request_target');
  });

  it('lets encoded separators stand in the query, which is data', async () => {
    const answer = await server.send('/api/v1/backups/b1/files?prefix=data%2F..%2Fa', { token: secrets.operator });

    expect(answer.status).toBe(200);
  });

  it('never takes a tricky target for a route, whatever it is made of', async () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2F',
      '%5c',
      '\\',
      '//',
      'api',
      'v1',
      'me',
      'metrics',
      '?',
      '#',
      '%',
      'é',
      ';',
      '@',
    );
    const target = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);

    await fc.assert(
      fc.asyncProperty(target, async (text) => {
        const fault = targetFault(text);
        const [path = ''] = text.split('?');
        if (/\.\.|\/\/|\\|%|#/.test(path)) expect(fault).not.toBeNull();
        if (fault === null) expect(new URL(text, 'http://h').pathname).toBe(path);
        const answer = await raw(server.port, `GET ${text} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
        expect(fault === null ? [200, 303, 401, 404] : [400]).toContain(status);
      }),
      { numRuns: 150 },
    );
  });

  it('answers only for its own names', async () => {
    const status = async (host: string): Promise<number> =>
      (await server.send('/healthz', { headers: { host } })).status;

    expect(
      await Promise.all(
        [
          'localhost',
          'LOCALHOST:1234',
          '127.0.0.1',
          '[::1]:9847',
          'dr.example',
          'dr.example:443',
          'dr2.example:8443',
        ].map(status),
      ),
    ).toEqual(Array(7).fill(200));
    expect(
      await Promise.all(
        ['evil.example', 'localhost.evil.example', 'dr2.example', '10.0.0.1', 'a b', 'x@localhost'].map(status),
      ),
    ).toEqual(Array(6).fill(421));
    expect((await server.send('/api/v1/me', { ...viewer, headers: { host: 'evil.example' } })).json()['code']).toBe(
      'misdirected',
    );
    expect(server.app.recorded.authFailures).toContainEqual({ kind: 'host', action: null });
  });

  it('refuses writes, upgrades and streams that a page of another site sent', async () => {
    const host = `127.0.0.1:${server.port}`;
    const write = (headers: Record<string, string>) =>
      server.send('/api/v1/backups', {
        method: 'POST',
        token: secrets.operator,
        body: { service: 'files' },
        headers: { host, ...headers },
      });
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];

    for (const headers of foreign) expect((await write(headers)).json()['code']).toBe('cross_origin');
    expect((await write({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status).toBe(202);
    const upgrade = await server.send('/api/v1/me', {
      ...viewer,
      headers: { connection: 'Upgrade', upgrade: 'websocket', origin: 'https://evil.example' },
    });
    expect(upgrade.status).toBe(403);
    const stream = await server.send('/api/v1/events', { ...viewer, headers: { origin: 'https://evil.example' } });
    expect(stream.status).toBe(403);
    expect((await server.send('/api/v1/me', { ...viewer, headers: { origin: 'https://evil.example' } })).status).toBe(
      200,
    );
  });

  it('wants JSON on writes and reports every fault with its path', async () => {
    const post = (body: string, type: string) =>
      server.send('/api/v1/services/files/pause', {
        method: 'POST',
        token: secrets.operator,
        body,
        headers: { 'content-type': type },
      });

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])
      expect((await post('{}', type)).status).toBe(415);
    expect(
      (await server.send('/api/v1/services/files/resume', { method: 'POST', token: secrets.operator })).status,
    ).toBe(415);
    const faulty = await post('{"seconds": -1, "surprise": 1}', 'application/json; charset=utf-8');
    expect(faulty.status).toBe(400);
    expect((faulty.json()['faults'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      '',
      'reason',
      'seconds',
    ]);
    const broken = await post('{"secret": "gdr_hidden', 'application/json');
    expect(broken.status).toBe(400);
    expect(broken.text).not.toContain('gdr_hidden');
    expect((await post('{}', 'application/json; charset=latin1')).status).toBe(415);
  });

  it('refuses unknown and doubled query parameters', async () => {
    for (const query of ['?limit=0', '?limit=1&limit=2', '?colour=red', '?verified=maybe']) {
      const answer = await server.send(`/api/v1/backups${query}`, viewer);
      expect(answer.status).toBe(400);
      expect(answer.json()['faults']).toHaveLength(1);
    }
    expect((await server.send('/api/v1/me?x=1', viewer)).status).toBe(400);
  });

  it('bounds bodies, announced or not, and headers', async () => {
    const big = 'x'.repeat(1024 * 1024 + 1);
    const post = (headers: Record<string, string>) =>
      server.send('/api/v1/backups', {
        method: 'POST',
        token: secrets.operator,
        body: JSON.stringify({ note: big }),
        headers,
      });

    expect((await post({})).json()['code']).toBe('payload_too_large');
    const chunked = await raw(
      server.port,
      `POST /api/v1/backups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secrets.operator}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    const headers = await raw(
      server.port,
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'y'.repeat(17 * 1024)}\r\n\r\n`,
    );
    expect(headers).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
    expect(await raw(server.port, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"bad_request"/);
  });

  it('knows unknown paths from wrong methods', async () => {
    for (const path of ['/nope', '/api/v1/nope', '/api/v1/ME', '/api/v1/me/', '/api/v2/me'])
      expect((await server.send(path, viewer)).json()['code']).toBe('not_found');
    const wrong = await server.send('/api/v1/backups', { method: 'DELETE', ...viewer });
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
    expect((await server.send('/metrics', { method: 'POST' })).headers.allow).toBe('GET, HEAD');
    expect(
      (await server.send('/api/v1/me', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).headers[
        'access-control-allow-origin'
      ],
    ).toBeUndefined();
  });

  it('sends a strict policy with every page and answer', async () => {
    const { headers } = await server.send('/login');

    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});

describe('limits by address', () => {
  it('refuses the request after the last one allowed and says when to come again', async () => {
    const server = await startTestServer(fakeApp({ requests_per_minute: 3 }));
    for (let sent = 0; sent < 3; sent += 1) expect((await server.send('/api/v1/me', viewer)).status).toBe(200);

    const refused = await server.send('/api/v1/me', viewer);

    expect(refused.status).toBe(429);
    expect(refused.json()['code']).toBe('rate_limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await server.send('/healthz')).status).toBe(200);
    await server.close();
  });

  it('limits failed attempts, lets good credentials through, and audits a bounded number', async () => {
    const server = await startTestServer(fakeApp({ failed_logins_per_minute: 5 }));
    const attempt = async (): Promise<number> => (await server.send('/api/v1/me', { token: 'guess' })).status;
    const statuses: number[] = [];
    for (let sent = 0; sent < 20; sent += 1) statuses.push(await attempt());

    expect(statuses).toEqual([...Array<number>(5).fill(401), ...Array<number>(15).fill(429)]);
    expect((await server.send('/api/v1/me', viewer)).status).toBe(200);
    expect(server.app.recorded.authFailures).toHaveLength(20);
    expect(server.app.recorded.audits).toHaveLength(1);
    server.app.clock.advance(60);
    expect(await attempt()).toBe(401);
    await server.close();
    expect(server.app.recorded.audits[1]).toMatchObject({ result: 'denied', details: { furtherRefusals: 20 } });
    expect(JSON.stringify(server.app.recorded)).not.toContain('guess');
  });

  it('audits who was denied a change, also when the audit log is down, and stays refused', async () => {
    const server = await startTestServer();
    const remove = () => server.send('/api/v1/backups/b1', { method: 'DELETE', token: secrets.operator, body: {} });

    expect((await remove()).status).toBe(403);
    expect(server.app.recorded.audits).toEqual([
      expect.objectContaining({
        actor: 'operator',
        role: 'operator',
        via: 'token',
        action: 'deleteBackup',
        result: 'denied',
        remote: '127.0.0.1',
        details: { code: 'forbidden' },
      }),
    ]);
    await server.close();
    const broken = await startTestServer();
    broken.app.current.auditFails = true;
    const refused = await broken.send('/api/v1/backups/b1', { method: 'DELETE', token: secrets.operator, body: {} });
    expect(refused.status).toBe(403);
    expect(broken.app.recorded.logged).toContainEqual(
      expect.objectContaining({ message: 'a refused action could not be audited' }),
    );
    await broken.close();
  });
});
