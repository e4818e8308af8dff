import type { z } from 'zod';
import type { Clock } from '../../ports/index.ts';
import { known, unknown, type Answer } from './answer.ts';

/** One HTTP answer with status 200 to 299, and what it tells of the other side's clock. */
export interface HttpReply {
  readonly text: string;
  /** Seconds that the header `Date` is ahead of this machine's clock; null without the header. Known to about a second. */
  readonly clockAheadSeconds: number | null;
}

export interface ReadOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | null;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Default 16 MiB; a longer answer is none. */
  readonly maxBytes?: number;
}

/** GET of an address. Redirects are not followed, so that an answer is always that of the named server. */
export interface HttpReader {
  get(url: string, options?: ReadOptions): Promise<Answer<HttpReply>>;
  /** The parsed and checked answer; fields that the schema does not name are dropped. */
  json<T>(url: string, schema: z.ZodType<T>, options?: ReadOptions): Promise<Answer<T>>;
}

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 16 * 1024 * 1024;

export function createHttpReader(
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  clock: Clock,
): HttpReader {
  const get: HttpReader['get'] = async (url, options = {}) => {
    const signal = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const headers: Record<string, string> =
      typeof options.token === 'string' ? { authorization: `Bearer ${options.token}` } : {};
    const askedMs = +clock.now();
    try {
      const reply = await fetch(url, { headers, redirect: 'manual', signal });
      const middleMs = (askedMs + +clock.now()) / 2;
      if (reply.status < 200 || reply.status >= 300) {
        await reply.body?.cancel();
        return unknown(
          `it answered ${reply.status}${reply.status >= 300 && reply.status < 400 ? ' (redirects are not followed)' : ''}`,
        );
      }
      const text = await readBounded(reply, options.maxBytes ?? defaultMaxBytes);
      if (text === null) return unknown('the answer is too long');
      return known({ text, clockAheadSeconds: clockAhead(reply.headers.get('date'), middleMs) });
    } catch (thrown) {
      return unknown(signal.aborted ? 'it did not answer in time' : reasonOf(thrown));
    }
  };
  return {
    get,
    json: async (url, schema, options) => {
      const reply = await get(url, options);
      if (!reply.known) return reply;
      const parsed = schema.safeParse(parseJson(reply.value.text));
      return parsed.success
        ? known(parsed.data)
        : unknown('it answered something else than expected: another program may listen there');
    },
  };
}

/** The header is cut to whole seconds: half a second is its middle. */
function clockAhead(date: string | null, middleMs: number): number | null {
  const atMs = date === null ? NaN : Date.parse(date);
  return Number.isNaN(atMs) ? null : (atMs + 500 - middleMs) / 1000;
}

async function readBounded(reply: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply.body ?? []) {
    const piece = chunk as Uint8Array;
    bytes += piece.length;
    if (bytes > maxBytes) return null; // leaving the loop cancels the rest
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema takes it: said there
  }
}

/** fetch hides the reason ("fetch failed") in `cause`; of several addresses tried, the first one's counts. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error && cause.message !== '' ? cause.message : thrown.message;
}

/** An address and a path below it, whatever slashes the address ends with. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}
