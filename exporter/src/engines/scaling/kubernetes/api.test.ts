import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubeApi } from './api.ts';
import { KubernetesOptions } from './options.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'genesis-kube-'));
const kubeconfig = path.join(folder, 'config');
const calm = new AbortController().signal;
/** What the server takes, and what it was sent. */
const server = { takes: 'first', tokens: [] as string[] };
const listening = createServer((request, reply) => {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  server.tokens.push(token);
  reply.statusCode = token === server.takes ? 200 : 401;
  reply.end(JSON.stringify({ kind: 'Status', code: reply.statusCode }));
});

function writeConfig(token: string): void {
  const { port } = listening.address() as AddressInfo;
  const text = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'k', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    users: [{ name: 'u', user: { token } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(text), { mode: 0o600 });
}

beforeAll(() => new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  listening.closeAllConnections();
  await new Promise((resolve) => listening.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

it('a token that was renewed in the file is used as soon as the old one is refused, by all that are under way', async () => {
  writeConfig('first');
  const opened = await openKubeApi(KubernetesOptions.parse({ kubeconfig, name: 'web' }));
  if (!opened.ok) throw opened.error;
  const ask = () => opened.value.call({ method: 'GET', path: '/version' }, calm);
  const statusOf = async () => {
    const answer = await ask();
    return answer.ok ? answer.value.status : answer.error.message;
  };

  expect(await statusOf()).toBe(200);
  writeConfig('second');
  server.takes = 'second';
  expect(await Promise.all([statusOf(), statusOf(), statusOf()])).toEqual([200, 200, 200]);
  server.tokens.length = 0;
  server.takes = 'nobody';
  expect(await statusOf()).toBe(401);
  // Once more, and not for ever.
  expect(server.tokens).toEqual(['second', 'second']);
  await opened.value.close();
}, 20_000);
