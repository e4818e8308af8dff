import type { Seen } from './port.ts';

const longestDetail = 300;

/** One line of bounded length: parts of it come from whoever answered. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length <= longestDetail ? line : `${line.slice(0, longestDetail - 1)}…`;
}

export function inMilliseconds(ms: number): string {
  return ms < 10 ? `${Math.max(0, Math.round(ms * 10)) / 10} ms` : `${Math.round(ms)} ms`;
}

export function inBytes(bytes: number): string {
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${bytes} B`;
}

export function inPercent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EMFILE: 'too many files are open here',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'this machine has no memory left',
  EADDRNOTAVAIL: 'no local port or address is left',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};
/** Faults of this side: the thing itself was not looked at. */
const ours = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EADDRNOTAVAIL', 'EACCES', 'EPERM']);

/** The code of an error, of its cause, or of the first of several attempts (an address each). */
export function codeOf(thrown: unknown): string | null {
  if (!Error.isError(thrown)) return null;
  const { code, cause, errors } = thrown as Error & { code?: unknown; errors?: readonly unknown[] };
  if (Array.isArray(errors)) for (const one of errors) if (codeOf(one) !== null) return codeOf(one);
  if (typeof code === 'string' && code !== 'ERR_INTERNAL_ASSERTION') return code;
  return cause === undefined ? null : codeOf(cause);
}

/** A failed attempt to reach something. Null: not an error of a connection. */
export function notReached(thrown: unknown): Seen | null {
  const code = codeOf(thrown);
  if (code === null) return null;
  const state = ours.has(code) ? 'error' : 'unhealthy';
  return { state, answered: false, detail: meanings[code] ?? code };
}
