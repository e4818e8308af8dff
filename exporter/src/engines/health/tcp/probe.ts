import { connect, type Socket } from 'node:net';
import type { Probe, Seen } from '../port.ts';
import { notReached } from '../words.ts';

/** Healthy when the port accepts a connection; nothing is sent. */
export const probeTcp: Probe<'tcp'> = ({ host, port }, { signal }) =>
  new Promise((resolve, reject) => {
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const socket = connect({ host, port });
    const end = (seen: Seen): void => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(seen);
    };
    const stop = (): void => end({ state: 'unhealthy', answered: false, detail: `${where}: no answer` });
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => {
      const accepted: Seen = { state: 'healthy', answered: true, detail: `${where} accepts connections` };
      end(isOwn(socket) ? { state: 'unhealthy', answered: false, detail: `${where}: connection refused` } : accepted);
    });
    socket.on('error', (error) => {
      const seen = notReached(error);
      if (seen === null) {
        signal.removeEventListener('abort', stop);
        socket.destroy();
        reject(error);
      } else end({ ...seen, detail: `${where}: ${seen.detail}` });
    });
  });

/**
 * On this machine a closed port of the range that clients get theirs from can be connected to by itself: the kernel takes it for both
 * ends. Nobody listens then.
 */
function isOwn(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}
