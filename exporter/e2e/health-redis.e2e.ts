import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { RedisCheck } from '../src/engines/health/port.ts';
import { probeNow } from '../src/engines/health/testing.ts';
import { cleanUp, startProcess, tempFolder, waitUntil } from './support/processes.ts';

// A real redis-server on a socket in a temporary folder; what a real one would need minutes for is spoken by hand.
const folder = tempFolder('genesis-redis-');
const socket = join(folder, 's');
const check = (change: Partial<RedisCheck> = {}): RedisCheck => ({
  kind: 'redis',
  host: socket,
  port: 6379,
  db: 0,
  password: 'hunter22',
  tls: false,
  ...change,
});
const servers: Server[] = [];

beforeAll(async () => {
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--requirepass', 'hunter22', '--save', ''];
  await startProcess({
    name: 'redis-server',
    file: 'redis-server',
    args,
    mend: 'install the Debian package redis-server',
  });
  await waitUntil('redis answers', async () => (await probeNow(check())).state === 'healthy');
}, 60_000);
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  await cleanUp();
}, 60_000);

/** Answers every command with the same text. */
async function speaking(answer: string | null): Promise<number> {
  const server = createServer((peer: Socket) => {
    peer.on('error', () => undefined);
    peer.on('data', () => void (answer !== null && peer.write(answer)));
    setTimeout(() => peer.destroy(), 2000).unref();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a Redis check', () => {
  it('is healthy, with version, role and memory', async () => {
    const seen = await probeNow(check());

    expect(seen.state).toBe('healthy');
    expect(seen.detail).toMatch(/^PONG of Redis \d+\.\d+\.\d+, master, [\d.]+ (MiB|KiB) used/);
  });

  it('is an error with a wrong password, without one, and with a database that is not there; none is quoted', async () => {
    const [wrong, none, database] = await Promise.all([
      probeNow(check({ password: 'hunter23' })),
      probeNow(check({ password: null })),
      probeNow(check({ db: 999 })),
    ]);

    expect([wrong.state, none.state, database.state]).toEqual(['error', 'error', 'error']);
    expect(wrong.detail).toContain('WRONGPASS');
    expect(none.detail).toContain('NOAUTH');
    expect(JSON.stringify([wrong, none, database])).not.toMatch(/hunter2[23]/);
  });

  it('is unhealthy where nobody listens', async () => {
    const [port, path] = await Promise.all([
      probeNow(check({ host: '127.0.0.1', port: 1 })),
      probeNow(check({ host: join(folder, 'none') })),
    ]);

    expect(port).toEqual({ state: 'unhealthy', responseSeconds: null, detail: '127.0.0.1:1: connection refused' });
    expect(path.state).toBe('unhealthy');
  });

  it('is unhealthy while the server loads its data, answers nonsense or nothing, or hangs up', async () => {
    const [loading, nonsense, silent] = await Promise.all([
      probeNow(
        check({
          host: '127.0.0.1',
          port: await speaking('-LOADING Redis is loading the dataset in memory\r\n'),
          password: null,
        }),
      ),
      probeNow(check({ host: '127.0.0.1', port: await speaking('HTTP/1.1 400 Bad Request\r\n\r\n') }), {
        timeoutMs: 1000,
      }),
      probeNow(check({ host: '127.0.0.1', port: await speaking(null) }), { timeoutMs: 300 }),
    ]);

    expect(loading).toMatchObject({ state: 'unhealthy', detail: expect.stringContaining('LOADING') });
    expect(['unhealthy', 'error']).toContain(nonsense.state);
    expect(silent).toEqual({ state: 'unhealthy', responseSeconds: null, detail: 'no answer within 300 ms' });
  });

  it('leaves no connection behind', async () => {
    const clients = await new Promise<string>((resolve, reject) => {
      const peer = connect(socket);
      let text = '';
      peer.on('error', reject);
      peer.on('data', (chunk) => {
        text += String(chunk);
        if (text.includes('connected_clients')) {
          peer.destroy();
          resolve(text);
        }
      });
      peer.write('AUTH hunter22\r\nINFO clients\r\n');
    });

    expect(clients).toMatch(/connected_clients:1\b/);
  });
});
