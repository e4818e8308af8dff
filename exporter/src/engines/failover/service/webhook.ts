import { createHmac } from 'node:crypto';
import { fail, ok, OpError, type ErrorCode, type Outcome } from '../../../contract/errors.ts';
import type { Clock, HttpFetch } from '../../../ports/index.ts';
import { notReached, oneLine } from '../../health/words.ts';
import { objectIn, readStart } from './health.ts';

/** Signed calls of a generic service's own switchboard; docs/guide/failover-service.md has the receiver's side. */

const maxBodyBytes = 65_536;

export interface WebhookCall {
  readonly action: string;
  readonly service: string;
  readonly node: string;
  /** Id of the operation that it belongs to; null: none. */
  readonly operation: string | null;
  /** `follow` and `rejoin`: the node that is the primary from now on. */
  readonly primary?: string;
}

/** `sha256=` and the hex HMAC-SHA-256 of `<timestamp>.<body>`. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

interface Sending {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Caller {
  readonly fetch: HttpFetch;
  readonly clock: Clock;
}

interface Receiver {
  readonly url: string;
  readonly secret: string;
}

type Answer = Readonly<Record<string, unknown>>;

/**
 * Posts the call; resolves to the JSON object of an answer that says `done: true`. Receivers refuse a timestamp that is more than five
 * minutes off. Errors: `failover_failed` (what it answered instead), `exec_timeout`, `cancelled`. No message holds the secret.
 */
export async function callWebhook(
  deps: Caller,
  webhook: Receiver,
  call: WebhookCall,
  options: Sending,
): Promise<Outcome<Answer>> {
  const what = `${call.action} of ${call.node}: the webhook ${webhook.url}`;
  const answer = await postSigned(deps, webhook, { ...options, what, body: call, failure: 'failover_failed' });
  if (!answer.ok || answer.value['done'] === true) return answer;
  return fail('failover_failed', `${what} answered without done: true${wordsOf(answer.value)}`);
}

export interface SignedPost extends Sending {
  /** How messages call it. */
  readonly what: string;
  readonly body: object;
  /** Code of an answer that is none, and of a receiver that is not reached. */
  readonly failure: ErrorCode;
  /** More of the answer is not read. Default 64 KiB. */
  readonly maxAnswerBytes?: number;
}

/** The JSON object of an answer with 2xx, empty where it is none. Errors: the given one, `exec_timeout`, `cancelled`. */
export async function postSigned(deps: Caller, webhook: Receiver, post: SignedPost): Promise<Outcome<Answer>> {
  const { what, failure, timeoutMs, signal } = post;
  const body = JSON.stringify(post.body);
  const timestamp = String(Math.floor(+deps.clock.now() / 1000));
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await deps.fetch(webhook.url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
      headers: {
        'content-type': 'application/json',
        connection: 'close', // calls are rare: one that was kept may be gone
        'x-genesis-timestamp': timestamp,
        'x-genesis-signature': signatureOf(webhook.secret, timestamp, body),
      },
      body,
    });
    return judge(post, response.status, await readStart(response, post.maxAnswerBytes ?? maxBodyBytes));
  } catch (thrown) {
    if (signal.aborted) return fail('cancelled', `${what} was cancelled`);
    if (timeout.aborted) return fail('exec_timeout', `${what} did not answer within ${timeoutMs / 1000} s`);
    if (thrown instanceof OpError) return fail(failure, `${what}: ${thrown.message}`, { cause: thrown });
    const detail = notReached(thrown)?.detail ?? 'the call could not be made';
    return fail(failure, `${what}: ${detail}`, { retryable: true });
  }
}

function judge({ what, failure }: SignedPost, status: number, body: string): Outcome<Answer> {
  const answer = objectIn(body);
  if (status >= 200 && status <= 299) return ok(answer ?? {});
  const redirect = status >= 300 && status <= 399 ? ', and redirects are not followed' : '';
  return fail(failure, `${what} answered with HTTP ${status}${redirect}${wordsOf(answer)}`);
}

/** The receiver's own reason, where it gives one. */
function wordsOf(answer: Readonly<Record<string, unknown>> | null): string {
  const error = answer?.['error'];
  return typeof error === 'string' && error !== '' ? `: ${oneLine(error).slice(0, 200)}` : '';
}
