import { z } from 'zod';
import { OpError } from '../../../contract/errors.ts';
import type { NodeRole, Reach } from '../../../contract/failover.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import { codeOf, notReached } from '../../health/words.ts';

/** What a generic service says of itself at its health address. */

/** More of an answer is not read, and is no statement. */
const maxBodyBytes = 65_536;

const count = z.int().min(0).nullable().default(null);
const text = z.string().min(1).max(200).nullable().default(null);

/** The JSON object of the answer, every key of it optional; more keys are somebody else’s. */
const Statement = z.object({
  /** Name of the node that answers, as it is configured. */
  node: text,
  role: z.enum(['primary', 'standby']).nullable().default(null),
  /** It would take a write now; a primary that does not say so takes them, a standby does not. */
  writable: z.boolean().nullable().default(null),
  timeline: count,
  /** Bytes: primary: written; standby: received. */
  received_bytes: count,
  replayed_bytes: count,
  /** Name of the node that a standby receives from, and the time since it last heard from it. */
  upstream: text,
  upstream_silent_seconds: z.number().min(0).nullable().default(null),
  /** Identity of the data. */
  system_id: text,
});
export type HealthStatement = z.output<typeof Statement>;

export const unstated: HealthStatement = Statement.parse({});

export interface HealthAnswer {
  readonly reach: Reach;
  /** All null unless it answered. */
  readonly statement: HealthStatement;
  readonly problem: string | null;
}

/** One GET. Never throws. A status of 200-299 is `answered`, another one `failed`; redirects are not followed. */
export async function askHealth(
  fetch: HttpFetch,
  url: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HealthAnswer> {
  const { timeoutMs, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const init = { method: 'GET', redirect: 'manual', signal: AbortSignal.any([signal, timeout]) } as const;
    // A kept connection would reach what the load balancer led to before, or a process that no longer accepts anybody.
    const headers = { accept: 'application/json', connection: 'close' };
    const response = await fetch(url, { ...init, headers });
    const body = await readStart(response, maxBodyBytes);
    if (response.status >= 200 && response.status <= 299) return statementOf(body);
    const redirect = response.status >= 300 && response.status <= 399 ? ', and redirects are not followed' : '';
    return unanswered('failed', `HTTP ${response.status}${redirect}`);
  } catch (thrown) {
    if (signal.aborted) return unanswered('silent', 'the probe was cancelled');
    if (timeout.aborted) return unanswered('silent', `no answer within ${timeoutMs / 1000} s`);
    return judgeError(thrown);
  }
}

function unanswered(reach: Reach, problem: string): HealthAnswer {
  return { reach, statement: unstated, problem };
}

/** Any other text, `OK` say, is an answer that says nothing of the role. */
export function statementOf(body: string): HealthAnswer {
  const answered = (statement: HealthStatement, problem: string | null): HealthAnswer => ({
    reach: 'answered',
    statement,
    problem,
  });
  const json = objectIn(body);
  if (json === null) return answered(unstated, null);
  const parsed = Statement.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    return answered(unstated, `its health answer cannot be used: ${where}: ${issue?.message.toLowerCase() ?? ''}`);
  }
  const { role, writable } = parsed.data;
  if (role === 'standby' && writable === true)
    return answered(unstated, 'its health answer says that it is a standby and takes writes');
  return answered({ ...parsed.data, writable: writable ?? writableAs(role) }, null);
}

function writableAs(role: NodeRole | null): boolean | null {
  return role === null ? null : role === 'primary';
}

/** Null: no JSON, or another kind of it. */
export function objectIn(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** An answer that is too long is cut, and then no JSON. Leaving the loop cancels the stream. */
export async function readStart(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}

/** Nothing came back: nobody can tell why. */
const silentCodes = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function judgeError(thrown: unknown): HealthAnswer {
  if (thrown instanceof OpError) return unanswered('failed', thrown.message);
  const code = codeOf(thrown);
  const detail = notReached(thrown)?.detail ?? 'the request could not be made';
  if (code === 'ECONNREFUSED') return unanswered('refused', detail);
  return unanswered(code !== null && silentCodes.has(code) ? 'silent' : 'failed', detail);
}
