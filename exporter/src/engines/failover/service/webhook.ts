import { createHmac } from 'node:crypto';
import { fail, ok, OpError, type Outcome } from '../../../contract/errors.ts';
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

/**
 * Posts the call; resolves to the JSON object of an answer that says `done: true`. Receivers refuse a timestamp that is more than five
 * minutes off. Errors: `failover_failed` (what it answered instead), `exec_timeout`, `cancelled`. No message holds the secret.
 */
export async function callWebhook(
  deps: { readonly fetch: HttpFetch; readonly clock: Clock },
  webhook: { readonly url: string; readonly secret: string },
  call: WebhookCall,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const { timeoutMs, signal } = options;
  const what = `${call.action} of ${call.node}: the webhook ${webhook.url}`;
  const body = JSON.stringify(call);
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
    return judge(what, response.status, await readStart(response, maxBodyBytes));
  } catch (thrown) {
    if (signal.aborted) return fail('cancelled', `${what} was cancelled`);
    if (timeout.aborted) return fail('exec_timeout', `${what} did not answer within ${timeoutMs / 1000} s`);
    if (thrown instanceof OpError) return fail('failover_failed', `${what}: ${thrown.message}`, { cause: thrown });
    const detail = notReached(thrown)?.detail ?? 'the call could not be made';
    return fail('failover_failed', `${what}: ${detail}`, { retryable: true });
  }
}

function judge(what: string, status: number, body: string): Outcome<Readonly<Record<string, unknown>>> {
  const answer = objectIn(body);
  if (status < 200 || status > 299) {
    const redirect = status >= 300 && status <= 399 ? ', and redirects are not followed' : '';
    return fail('failover_failed', `${what} answered with HTTP ${status}${redirect}${wordsOf(answer)}`);
  }
  if (answer?.['done'] === true) return ok(answer);
  return fail('failover_failed', `${what} answered without done: true${wordsOf(answer)}`);
}

/** The receiver's own reason, where it gives one. */
function wordsOf(answer: Readonly<Record<string, unknown>> | null): string {
  const error = answer?.['error'];
  return typeof error === 'string' && error !== '' ? `: ${oneLine(error).slice(0, 200)}` : '';
}
