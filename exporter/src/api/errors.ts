import type { ServerResponse } from 'node:http';
import { errorCatalogue, OpError, toOpError, type ErrorCode } from '../contract/errors.ts';
import type { Fault, Problem } from '../contract/reply-parts.ts';

const maxFaults = 100;

/** A refused body or query: every fault with its path. */
export function faultsError(message: string, faults: readonly Fault[]): OpError {
  return new OpError('bad_request', message, { details: { faults: faults.slice(0, maxFaults) } });
}

/** `rate_limited` to `Rate limited`. */
function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function detailOf(error: OpError): string {
  // The text of a bug may hold anything, also a secret; the log has it under the request's id.
  return error.code === 'internal'
    ? 'an internal error; the log has the details under the id of this request'
    : error.message;
}

/** The problem document of a failure. `requestId`: hex text, also in the log. */
export function problemOf(error: OpError, requestId: string): Problem {
  const { faults, ...details } = error.code === 'internal' ? {} : (error.details ?? {});
  return {
    type: `urn:genesis:error:${error.code}`,
    title: titleOf(error.code),
    status: errorCatalogue[error.code].status,
    detail: detailOf(error),
    code: error.code,
    hint: error.hint,
    instance: `urn:genesis:request:${requestId}`,
    ...(Array.isArray(faults) ? { faults: faults as Fault[] } : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** How an OpError looks on the wire where it is part of an answer (an observation that failed). */
export function wireError(error: OpError): Readonly<Record<string, unknown>> {
  return {
    code: error.code,
    message: detailOf(error),
    hint: error.hint,
    ...(error.details === undefined || error.code === 'internal' ? {} : { details: error.details }),
  };
}

/** JSON of an answer; failures inside observations become {code, message, hint}. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part instanceof OpError ? wireError(part) : part));
}

/** Sends the problem document, with Retry-After where the details say `retryAfterSeconds`. */
export function sendProblem(response: ServerResponse, error: OpError, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error, requestId);
  const retryAfter = error.details?.['retryAfterSeconds'];
  response.statusCode = problem.status;
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfter))));
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="genesis"');
  const body = JSON.stringify(problem);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

const bodyErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  'entity.too.large': ['payload_too_large', 'the body is larger than 1 MiB'],
  'encoding.unsupported': ['unsupported_media_type', 'compressed bodies are not accepted'],
  'charset.unsupported': ['unsupported_media_type', 'the body must be UTF-8'],
  'request.aborted': ['bad_request', 'the body ended early'],
  'request.size.invalid': ['bad_request', 'the body does not have the length its header says'],
};

/** What was thrown while a request was served, as a failure; the parser's own text is not passed on: it quotes the body. */
export function thrownToError(thrown: unknown): OpError {
  const type = Error.isError(thrown) && 'type' in thrown ? String(thrown.type) : '';
  const known = bodyErrors[type];
  if (known !== undefined) return new OpError(known[0], known[1]);
  if (type === 'entity.parse.failed')
    return faultsError('the body is not valid JSON', [{ path: '', message: 'not a JSON object' }]);
  return toOpError(thrown);
}
