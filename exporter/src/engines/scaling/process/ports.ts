import { createServer } from 'node:net';

/** Whether a program could listen there now. Rejects where the address is none of this machine. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Given to workers that do not listen yet, of any service. A look whether one is free takes it for a moment, and would end such a worker. */
const reserved = new Set<number>();

/**
 * Hands over as many free ports of the range as are wanted, the lowest first; fewer where there are no more. Until `work` has ended nobody
 * else gets them.
 */
export async function withFreePorts<T>(
  host: string,
  [first, last]: readonly [number, number],
  taken: ReadonlySet<number>,
  count: number,
  work: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  const ports: number[] = [];
  try {
    for (let port = first; port <= last && ports.length < count; port += 1) {
      if (taken.has(port) || reserved.has(port)) continue;
      reserved.add(port);
      ports.push(port);
      if (!(await isFree(host, port))) giveBack([ports.pop()!]);
    }
    return await work(ports);
  } finally {
    giveBack(ports);
  }
}

function giveBack(ports: readonly number[]): void {
  for (const port of ports) reserved.delete(port);
}
