import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fail, ok } from '../contract/errors.ts';
import { fetchAmong, fetchAs } from './outbound.ts';
import { temporaryFolder } from './testing.ts';

const plain = (url: string, init: RequestInit): Promise<Response> => fetch(url, init);
const folder = temporaryFolder();
const servers: http.Server[] = [];
afterAll(async () => {
  for (const server of servers) {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
  folder.remove();
});

async function listening(server: http.Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function certificate(): { readonly cert: string; readonly key: string } {
  const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
  const subject = ['-subj', '/CN=monitoring', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  return { cert, key };
}

it('sends the token, read anew for each request, and follows no redirect with it', async () => {
  const seen: IncomingMessage[] = [];
  const address = await listening(
    http.createServer((request, response) => {
      seen.push(request);
      response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end();
    }),
  );
  let secret = 'one';
  const fetching = fetchAs(
    () => ({ token: 'file:/t', ca_file: null }),
    plain,
    () => ok(secret),
  );

  const first = await fetching(`http://${address}/`, {});
  secret = 'two';
  await fetching(`http://${address}/`, {});

  expect(first.status).toBe(302);
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
});

it('believes the named authority, and none but it', async () => {
  const { cert, key } = certificate();
  const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'X-Sent': request.headers.accept ?? '' });
    response.end('{"ok":true}');
  });
  const url = `https://${await listening(server)}/api`;
  const trusting = fetchAs(
    () => ({ token: null, ca_file: cert }),
    plain,
    () => fail('internal', 'no secret was asked for'),
  );
  const strict = fetchAs(
    () => ({ token: null, ca_file: null }),
    plain,
    () => fail('internal', 'no secret was asked for'),
  );

  const answer = await trusting(url, { headers: { accept: 'application/json' } });

  expect([answer.status, await answer.json(), answer.headers.get('x-sent')]).toEqual([
    200,
    { ok: true },
    'application/json',
  ]);
  await expect(strict(url, {})).rejects.toThrow();
});

it('gives up when it is told to, and says which file it could not read', async () => {
  const { cert, key } = certificate();
  const url = `https://${await listening(https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }))}/`;
  const missing = join(folder.path, 'missing.pem');
  const asking = (caFile: string) =>
    fetchAs(
      () => ({ token: null, ca_file: caFile }),
      plain,
      () => ok(''),
    );

  await expect(asking(cert)(url, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort/);
  await expect(asking(missing)(url, {})).rejects.toThrow(/missing\.pem/);
  writeFileSync(missing, 'nonsense');
  await expect(asking(missing)(url, {})).rejects.toThrow();
});

it('asks nobody when the token cannot be read', async () => {
  const fetching = fetchAs(
    () => ({ token: 'file:/t', ca_file: null }),
    () => Promise.reject(new Error('it asked')),
    () => fail('config_unreadable', 'the secret file /t does not exist'),
  );

  await expect(fetching('http://127.0.0.1:1/', {})).rejects.toThrow('the secret file /t does not exist');
});

it('gives a token only to the neighbour whose address it is', async () => {
  const sent: [string, string | null][] = [];
  const recording = (url: string, init: RequestInit): Promise<Response> => {
    sent.push([url, new Headers(init.headers).get('authorization')]);
    return Promise.resolve(new Response());
  };
  const prometheus = { url: 'http://prom:9090/', token: 'file:/p', ca_file: null };
  const fetching = fetchAmong([prometheus, { ...prometheus, url: null }], recording, (ref) => ok(`of ${ref}`));

  for (const url of ['http://prom:9090/api', 'http://prom:9090', 'http://prom:90901/api', 'http://prom:9090.evil/']) {
    await fetching(url, {});
  }

  expect(sent.map(([, token]) => token)).toEqual(['Bearer of file:/p', 'Bearer of file:/p', null, null]);
});
