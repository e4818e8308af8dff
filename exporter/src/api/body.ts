import express, { type Request, type Response } from 'express';
import { z } from 'zod';
import { OpError } from '../contract/errors.ts';
import type { Fault } from '../contract/reply-parts.ts';
import { faultsError } from './errors.ts';

const bodyLimitBytes = 1024 * 1024;
const parseJson = express.json({ limit: bodyLimitBytes, inflate: false, type: () => true, strict: true });

/** Whether the request announces one. */
export function hasBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message: message.slice(0, 300),
  }));
}

/** Parses against the schema. Throws OpError `bad_request` with every fault. */
export function parseAs<T extends z.ZodType>(schema: T, value: unknown, what: 'body' | 'query'): z.output<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw faultsError(`the ${what} has faults`, faultsOf(parsed.error));
  return parsed.data;
}

/** Refuses a body that is announced larger than the limit before a byte of it is read. */
export function checkAnnouncedLength(request: Request): OpError | null {
  const announced = Number(request.headers['content-length'] ?? 0);
  return announced > bodyLimitBytes ? new OpError('payload_too_large', 'the body is larger than 1 MiB') : null;
}

/**
 * The JSON body, checked. Writes must say that they are JSON, because a page of another site cannot send that without
 * being asked first. Errors (thrown): `unsupported_media_type`, `payload_too_large`, `bad_request` with every fault.
 */
export async function readBody<T extends z.ZodType>(
  request: Request,
  response: Response,
  schema: T,
): Promise<z.output<T>> {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new OpError('unsupported_media_type', 'the body must be JSON and say so');
  await new Promise<void>((resolve, reject) => {
    parseJson(request, response, (thrown?: unknown) => (thrown === undefined ? resolve() : reject(thrown as Error)));
  });
  return parseAs(schema, request.body ?? {}, 'body');
}

/** For routes that take nothing: an empty body or `{}`. Errors (thrown): as readBody. */
export async function expectNoBody(request: Request, response: Response): Promise<void> {
  if (hasBody(request)) await readBody(request, response, z.strictObject({}));
}

/** The query as an object. Errors (thrown): `bad_request` where a parameter stands twice or is unknown. */
export function readQuery(request: Pick<Request, 'url'>, schema: z.ZodType | undefined): unknown {
  const question = request.url.indexOf('?');
  const seen = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, value] of new URLSearchParams(question === -1 ? '' : request.url.slice(question))) {
    if (seen.has(name)) faults.push({ path: name, message: 'stands more than once' });
    if (schema === undefined) faults.push({ path: name, message: 'this route takes no parameters' });
    seen.set(name, value);
  }
  if (faults.length > 0) throw faultsError('the query has faults', faults);
  return schema === undefined ? {} : parseAs(schema, Object.fromEntries(seen), 'query');
}

/** The Idempotency-Key header; null when absent. Errors (thrown): `bad_request`. */
export function readIdempotencyKey(request: Request): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,200}$/.test(key) && key.trim() !== '') return key;
  throw faultsError('the Idempotency-Key is not usable', [
    { path: 'Idempotency-Key', message: 'must be 1-200 printable ASCII characters' },
  ]);
}
