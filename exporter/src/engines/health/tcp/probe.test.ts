import { createServer, type AddressInfo, type Server } from 'node:net';
import { probeNow } from '../testing.ts';

function listening(host = '127.0.0.1'): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}
const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

describe('a TCP check', () => {
  it('is healthy while the port accepts connections, and unhealthy when it refuses them', async () => {
    const { server, port } = await listening();
    const target = { kind: 'tcp', host: '127.0.0.1', port } as const;

    const up = await probeNow(target);
    await closed(server);
    const down = await probeNow(target);

    expect(up).toMatchObject({ state: 'healthy', detail: expect.stringContaining(`127.0.0.1:${port} accepts`) });
    expect(down).toEqual({
      state: 'unhealthy',
      responseSeconds: null,
      detail: `127.0.0.1:${port}: connection refused`,
    });
  });

  it('tries every address of a name', async () => {
    const { server, port } = await listening();

    const up = await probeNow({ kind: 'tcp', host: 'localhost', port });
    await closed(server);
    const down = await probeNow({ kind: 'tcp', host: 'localhost', port });

    expect(up.state).toBe('healthy');
    expect(down).toMatchObject({ state: 'unhealthy', detail: `localhost:${port}: connection refused` });
  });

  it('is unhealthy where the name is not known', async () => {
    const { state, detail } = await probeNow({ kind: 'tcp', host: 'no-such-host.invalid', port: 80 });

    expect(state).toBe('unhealthy');
    expect(detail).toMatch(/^no-such-host\.invalid:80: the host name (is not known|could not be looked up)$/);
  });

  it('never takes a closed port for open because the kernel connected it with itself', async () => {
    // The range that clients get their ports from: there the two ends can meet.
    const { server, port } = await listening();
    await closed(server);

    const seen = await Promise.all(
      Array.from({ length: 2000 }, () => probeNow({ kind: 'tcp', host: '127.0.0.1', port })),
    );

    expect(seen.filter(({ state }) => state === 'healthy')).toEqual([]);
  });
});
