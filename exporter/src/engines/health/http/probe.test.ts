import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import type { HttpCheck } from '../port.ts';
import { probeNow } from '../testing.ts';

const servers: http.Server[] = [];
const folder = mkdtempSync(join(tmpdir(), 'genesis-test-'));
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

async function listening(server: http.Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const serve = async (answer: RequestListener): Promise<string> =>
  `http://${await listening(http.createServer(answer))}/`;

const plain: HttpFetch = (url, init) => fetch(url, init);
const check = (url: string, change: Partial<HttpCheck> = {}): HttpCheck => ({
  kind: 'http',
  url,
  fetch: plain,
  status: [200],
  contains: null,
  versionField: null,
  ...change,
});

describe('an HTTP check', () => {
  it('is healthy with a wanted status and text, and shows version and the time that the server tells', async () => {
    const url = await serve((_, reply) => {
      reply.setHeader('X-Response-Time', '4ms').end('{"status":"ok","version":"2.7.1"}');
    });

    const seen = await probeNow(check(url, { contains: '"ok"', versionField: 'version' }));

    expect(seen.state).toBe('healthy');
    expect(seen.detail).toMatch(/^HTTP 200, version 2\.7\.1, X-Response-Time 4ms after \d/);
    expect(seen.responseSeconds).toBeGreaterThan(0);
  });

  it('is unhealthy with another status, which is an answer all the same', async () => {
    const url = await serve((_, reply) => void reply.writeHead(503).end());

    const seen = await probeNow(check(url, { status: [200, 204] }));

    expect(seen).toMatchObject({ state: 'unhealthy', responseSeconds: expect.any(Number) });
    expect(seen.detail).toMatch(/^HTTP 503, expected 200 or 204 after/);
  });

  it('is unhealthy without the wanted text', async () => {
    const url = await serve((_, reply) => void reply.end('maintenance'));

    expect(await probeNow(check(url, { contains: 'welcome' }))).toMatchObject({
      state: 'unhealthy',
      detail: expect.stringContaining('HTTP 200, but the body does not hold the expected text'),
    });
  });

  it('does not follow redirects', async () => {
    let asked = 0;
    const url = await serve((_, reply) => {
      asked += 1;
      reply.writeHead(302, { location: '/elsewhere' }).end();
    });

    const seen = await probeNow(check(url));

    expect(seen).toMatchObject({ state: 'unhealthy', detail: expect.stringContaining('redirects are not followed') });
    expect(asked).toBe(1);
    expect((await probeNow(check(url, { status: [302] }))).state).toBe('healthy');
  });

  it('is healthy without a version where the answer has none', async () => {
    for (const body of ['not json', '[]', 'null', '{"version":{"major":1}}', '{"__proto__":1}']) {
      const url = await serve((_, reply) => void reply.end(body));

      expect(await probeNow(check(url, { versionField: 'version' }))).toMatchObject({
        state: 'healthy',
        detail: expect.stringMatching(/^HTTP 200 after/),
      });
    }
  });

  it('reads no more than a MiB of an answer without an end', async () => {
    let sent = 0;
    const url = await serve((_, reply) => {
      const more = (): void => {
        while (!reply.destroyed && reply.write(Buffer.alloc(65_536, 'x'))) sent += 65_536;
      };
      reply.on('drain', more);
      more();
    });

    const seen = await probeNow(check(url, { contains: 'never' }));

    expect(seen.state).toBe('unhealthy');
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('is unhealthy when nobody listens, when the answer breaks off, and when none comes', async () => {
    const address = await listening(http.createServer());
    const gone = servers.pop();
    await new Promise((resolve) => gone?.close(resolve));
    const broken = await serve((request) => void request.socket.destroy());
    const half = await serve((request, reply) => {
      reply.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => request.socket.destroy(), 50);
    });
    const silent = await serve(() => undefined);

    const [refused, reset, cut, late] = await Promise.all([
      probeNow(check(`http://${address}/`)),
      probeNow(check(broken)),
      probeNow(check(half, { contains: 'whole' })),
      probeNow(check(silent), { timeoutMs: 300 }),
    ]);

    expect(refused).toEqual({ state: 'unhealthy', responseSeconds: null, detail: 'connection refused' });
    expect(reset).toMatchObject({ state: 'unhealthy', responseSeconds: null });
    expect(cut).toMatchObject({ state: 'unhealthy', responseSeconds: null });
    expect(late).toEqual({ state: 'unhealthy', responseSeconds: null, detail: 'no answer within 300 ms' });
  });

  it('is unhealthy with a certificate that is not trusted', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, '-keyout', key, '-out', cert, '-subj', '/CN=shop'], { stdio: 'ignore' });
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, reply) => {
      reply.end();
    });

    const seen = await probeNow(check(`https://${await listening(server)}/`));

    expect(seen).toEqual({
      state: 'unhealthy',
      responseSeconds: null,
      detail: 'the certificate is not trusted: depth zero self signed cert',
    });
  });

  it('is an error when the token cannot be read or sent, and the token is in no detail', async () => {
    const url = await serve((_, reply) => void reply.end());
    const unreadable: HttpFetch = () => Promise.reject(new OpError('key_missing', 'API_TOKEN is not set'));
    const unsendable: HttpFetch = (where, init) => {
      const headers = new Headers(init.headers);
      headers.set('authorization', 'Bearer top\nsecret');
      return fetch(where, { ...init, headers });
    };
    // fetchAs builds the headers within an async function.
    const rejecting: HttpFetch = async (where, init) => unsendable(where, init);

    const seen = await Promise.all([unreadable, rejecting].map((sending) => probeNow(check(url, { fetch: sending }))));

    expect(seen[0]).toEqual({ state: 'error', responseSeconds: null, detail: 'API_TOKEN is not set' });
    expect(seen[1]).toEqual({
      state: 'error',
      responseSeconds: null,
      detail: 'the request could not be made: TypeError',
    });
  });
});
