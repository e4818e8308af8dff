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

/** As many free ports of the range as are wanted, the lowest first; fewer where there are no more. */
export async function freePorts(
  host: string,
  [first, last]: readonly [number, number],
  taken: ReadonlySet<number>,
  count: number,
): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let port = first; port <= last && ports.length < count; port += 1)
    if (!taken.has(port) && (await isFree(host, port))) ports.push(port);
  return ports;
}
