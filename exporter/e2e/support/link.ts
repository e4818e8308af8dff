import { connect, createServer, type Socket } from 'node:net';

/** A TCP link between two programs of this machine that a test can cut or freeze. */
export interface Link {
  readonly port: number;
  /** Ends every connection and refuses new ones: both sides notice at once. */
  cut(): void;
  /** Nothing comes through any more, and nobody is told: a cable that was pulled out. */
  freeze(): void;
  /** After `cut` or `freeze`. */
  mend(): void;
  stop(): Promise<void>;
}

/** `at`: where it listens; default a free port of 127.0.0.1. Links of one port on several loopback addresses can be cut one by one. */
export async function startLink(
  targetPort: number,
  at: { readonly host?: string; readonly port?: number } = {},
): Promise<Link> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const adopt = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}); // its end follows
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    adopt(near);
    adopt(far);
    near.pipe(far);
    far.pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    if (state === 'frozen') for (const socket of [near, far]) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen(at.port ?? 0, at.host ?? '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the link has no port');
  return {
    port: address.port,
    cut() {
      state = 'cut';
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    mend() {
      if (state === 'frozen') for (const socket of sockets) socket.resume();
      state = 'open';
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
