import { connect, type Socket } from 'node:net';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';

/** HAProxy's runtime API: one command a connection, an answer in text that an empty line ends. */

/** No answer that is asked for here is longer: 4 MiB hold some ten thousand servers. */
const maxAnswerBytes = 4 * 2 ** 20;

export interface AskOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Some refusals (`add server`, `del server`) end without the empty line. */
  readonly oneLineSuffices?: boolean;
  /** Setting that names the socket, for messages. Default failover.haproxy. */
  readonly setting?: string;
}

/**
 * The whole answer without its closing empty line; '' is the success of a change. `socket` is an absolute path or `host:port`.
 * Errors: `balancer_failed` (it cannot be reached, is silent, or ends in the middle of its answer), `cancelled`.
 */
export function ask(socket: string, command: string, options: AskOptions): Promise<Outcome<string>> {
  // `;` and a line's end begin another command: no name that a user gave may bring one in.
  if (/[;\\<\r\n]/.test(command))
    return Promise.resolve(fail('balancer_failed', 'the names of backend and server may not hold ; \\ < or line ends'));
  const address = addressOf(socket);
  if (address === null)
    return Promise.resolve(fail('balancer_failed', `${socket} is neither an absolute path nor host:port`));
  if (options.signal.aborted) return Promise.resolve(fail('cancelled', 'HAProxy was not asked: cancelled'));
  return new Promise((resolve) => {
    const connection = connect(address);
    const settle = collect(connection, options, socket, resolve);
    connection.once('connect', () => connection.write(`${command}\n`));
    connection.once('error', (error: NodeJS.ErrnoException) =>
      settle(fail('balancer_failed', notReached(socket, error, options.setting), { retryable: true, cause: error })),
    );
  });
}

/** Puts the answer together; the function that it returns ends the connection with another outcome. */
function collect(
  connection: Socket,
  { signal, timeoutMs, oneLineSuffices = false }: AskOptions,
  socket: string,
  resolve: (outcome: Outcome<string>) => void,
): (outcome: Outcome<string>) => void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const settle = (outcome: Outcome<string>): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    connection.destroy();
    resolve(outcome);
  };
  const onAbort = (): void => settle(fail('cancelled', 'the call of HAProxy was cancelled'));
  const onSilence = (): void =>
    settle(
      fail('balancer_failed', `HAProxy does not answer on ${socket} within ${timeoutMs / 1000} s`, { retryable: true }),
    );
  const timer = setTimeout(onSilence, timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  connection.on('data', (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes)
      settle(fail('balancer_failed', `HAProxy’s answer on ${socket} is longer than ${maxAnswerBytes} bytes`));
  });
  connection.once('end', () => settle(wholeAnswer(Buffer.concat(chunks).toString('utf8'), socket, oneLineSuffices)));
  return settle;
}

/** A process that dies closes its connection, too: without the empty line it said neither yes nor no. */
function wholeAnswer(text: string, socket: string, oneLineSuffices: boolean): Outcome<string> {
  if (text === '\n') return ok('');
  if (text.endsWith('\n\n')) return ok(text.slice(0, -2));
  if (oneLineSuffices && text.endsWith('\n')) return ok(text.slice(0, -1));
  return fail('balancer_failed', `HAProxy ended the connection on ${socket} in the middle of its answer`, {
    retryable: true,
  });
}

function addressOf(socket: string): { path: string } | { host: string; port: number } | null {
  if (socket.startsWith('/')) return { path: socket };
  const found = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:]+)):(?<port>\d{1,5})$/.exec(socket)?.groups;
  const host = found?.['bracketed'] ?? found?.['plain'];
  return host === undefined ? null : { host, port: Number(found?.['port']) };
}

function notReached(socket: string, error: NodeJS.ErrnoException, where = 'failover.haproxy'): string {
  const setting = `compare ${where}.socket with \`stats socket\` in its configuration`;
  switch (error.code) {
    case 'ENOENT':
      return `there is no socket ${socket}: see whether HAProxy runs, and ${setting}`;
    case 'ECONNREFUSED':
      return `nobody listens on ${socket}: see whether HAProxy runs, and ${setting}`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not open ${socket}: give the \`stats socket\` a user, group and mode that let it`;
    default:
      return `HAProxy cannot be reached on ${socket}: ${error.message}`;
  }
}
