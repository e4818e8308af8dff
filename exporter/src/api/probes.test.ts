import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from './server.ts';
import { createLoginCodes } from './sessions.ts';
import { fakeApp, secrets, testRandom } from './testing/fake-app.ts';
import { aSnapshot } from './testing/samples.ts';
import { startTestServer } from './testing/test-server.ts';

/** Beyond loopback: what a proxy on the same machine passes on. */
const proxied = { 'x-forwarded-for': '203.0.113.9' };

describe('probes', () => {
  it('need no token on loopback and say more there', async () => {
    const server = await startTestServer();

    expect((await server.send('/healthz')).json()).toEqual({ status: 'ok', version: '0.1.0' });
    expect((await server.send('/readyz')).json()).toEqual({ ready: true, reasons: [] });
    expect((await server.send('/metrics')).text).toBe('genesis_up 1\n');
    expect((await server.send('/healthz', { headers: proxied })).json()).toEqual({ status: 'ok' });
    expect((await server.send('/readyz', { headers: proxied })).json()).toEqual({ ready: true });
    await server.close();
  });

  it('beyond loopback /metrics needs a token, unless it was opened', async () => {
    const server = await startTestServer();
    const open = await startTestServer(fakeApp({}, { metrics: { open: true } }));
    const read = async (token?: string): Promise<number> =>
      (await server.send('/metrics', { headers: proxied, ...(token === undefined ? {} : { token }) })).status;

    expect([await read(), await read('wrong'), await read(secrets.metrics), await read(secrets.viewer)]).toEqual([
      401, 401, 200, 200,
    ]);
    expect((await open.send('/metrics', { headers: proxied })).status).toBe(200);
    await Promise.all([server.close(), open.close()]);
  });

  it('are not ready before the first observation and without an audit log', async () => {
    const server = await startTestServer();
    server.app.current.snapshot = null;
    const first = await server.send('/readyz');
    server.app.current.snapshot = { ...aSnapshot(), audit: { count: 1, writable: false } };
    const second = await server.send('/readyz');

    expect([first.status, first.json()['reasons']]).toEqual([503, ['the first observation has not ended yet']]);
    expect([second.status, second.json()['reasons']]).toEqual([503, ['the audit log cannot be written']]);
    await server.close();
  });

  it('answer 500 when the metrics cannot be rendered', async () => {
    const server = await startTestServer(fakeApp(), {
      renderMetrics: () => Promise.reject(new Error('secret reason')),
    });

    const answer = await server.send('/metrics');

    expect([answer.status, answer.json()['code']]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('secret reason');
    await server.close();
  });
});

describe('listening', () => {
  const options = (host: string, port: number, api = {}) => {
    const app = fakeApp(api);
    return {
      app,
      renderMetrics: () => Promise.resolve(),
      listen: { host, port },
      tls: null,
      loginCodes: createLoginCodes({ clock: app.clock, random: testRandom }),
    };
  };

  it('says in one sentence that the port is taken', async () => {
    const first = await startTestServer();

    const second = createServer(options('127.0.0.1', first.port));
    const refused = await second.listen();

    expect(refused.ok ? null : [refused.error.code, refused.error.message]).toEqual([
      'listen_refused',
      `port ${first.port} on 127.0.0.1 is already in use by another program`,
    ]);
    await second.close(0);
    await first.close();
  });

  it('says that an address is not of this machine', async () => {
    const refused = await createServer(options('192.0.2.1', 0, { insecure: true })).listen();

    expect(refused.ok ? null : refused.error.message).toBe('192.0.2.1 is not an address of this machine');
  });

  it('refuses to be reached from other machines without TLS or an explicit wish', async () => {
    const refused = await createServer(options('0.0.0.0', 0)).listen();

    expect(refused.ok ? null : refused.error.code).toBe('listen_refused');
  });

  it('on every address answers for the one a connection arrived at, and wants tokens there', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;
    const server = createServer(options('0.0.0.0', 0, { insecure: true }));
    const listening = await server.listen();
    if (!listening.ok) throw listening.error;
    const { port, url } = listening.value;

    expect(url).toBe(`http://127.0.0.1:${port}`);
    if (outside !== undefined) {
      const status = async (path: string, host?: string): Promise<number> =>
        (await fetch(`http://${outside}:${port}${path}`, host === undefined ? {} : { headers: { host } })).status;
      expect([await status('/healthz'), await status('/metrics'), await status('/login')]).toEqual([200, 401, 200]);
    }
    await server.close(100);
  });

  it('marks the cookie Secure and asks for HTTPS under TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'genesis-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
      ],
      { stdio: 'ignore' },
    );
    const made = options('127.0.0.1', 0);
    const server = createServer({ ...made, tls: { key: readFileSync(key), cert: readFileSync(cert) } });
    const listening = await server.listen();
    if (!listening.ok) throw listening.error;

    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const body = JSON.stringify({ code: made.loginCodes.create().code });
      const request = https.request(
        `${listening.value.url}/api/v1/login`,
        { method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'content-type': 'application/json' } },
        (response) => {
          response.resume();
          resolve(response.headers);
        },
      );
      request.on('error', reject).end(body);
    });

    expect(String(headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict; Secure$/);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    await server.close(100);
    rmSync(folder, { recursive: true });
  });

  it('lets an open request finish when it stops, and takes no new one', async () => {
    const waiting = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const server = await startTestServer();
    server.app.backups = async () => {
      asked.resolve();
      await waiting.promise;
      return { items: [], next: null, total: 0 };
    };
    const slow = server.send('/api/v1/backups', { token: secrets.viewer });
    await asked.promise;

    const closed = server.server.close(5000);
    waiting.resolve();

    expect((await slow).status).toBe(200);
    await closed;
    await expect(server.send('/healthz')).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/);
  });
});
