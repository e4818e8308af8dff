import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { OpError } from '../contract/errors.ts';
import { problemOf } from './errors.ts';

/** Answers on a bare connection, where there is no response object to answer with, and ends it. */
export function writeProblem(socket: Duplex, error: OpError, id: string): void {
  const problem = problemOf(error, id);
  const body = JSON.stringify(problem);
  const retryAfter = error.details?.['retryAfterSeconds'];
  const head = [
    `HTTP/1.1 ${problem.status} ${http.STATUS_CODES[problem.status] ?? 'Error'}`,
    'Content-Type: application/problem+json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(typeof retryAfter === 'number' ? [`Retry-After: ${retryAfter}`] : []),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
