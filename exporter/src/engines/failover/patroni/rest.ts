import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Reach } from '../../../contract/failover.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import { codeOf, notReached, oneLine } from '../../health/words.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';

/** Patroni's REST API. Only unsafe calls carry the login; an answer of any status is a value. */

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
  /** Undefined: the body is no JSON. */
  readonly json: unknown;
}

export interface RestCall {
  readonly method?: 'GET' | 'POST' | 'PATCH';
  readonly body?: object;
  /** False: without the login even where it is unsafe. Default true. */
  readonly login?: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks one node. Errors: `cancelled`; `failover_failed` with `details.reach`: nobody listens (`refused`), nothing came back in time
 * (`silent`), the connection broke (`failed`). Patroni 3.0.2 closes the connection without a word when its store does not answer.
 */
export type AskPatroni = (node: FailoverNode, path: string, call: RestCall) => Promise<Outcome<RestAnswer>>;

const maxBodyBytes = 2 ** 20;

export function createAsk(fetch: HttpFetch, login: FailoverCluster['patroni']): AskPatroni {
  return async (node, path, call) => {
    if (call.signal.aborted) return fail('cancelled', `Patroni of ${node.name} was not asked: cancelled`);
    if (node.url === null) return notAnswered(node, 'failed', 'its address (url) is not configured');
    const late = AbortSignal.timeout(call.timeoutMs);
    try {
      const response = await fetch(`${node.url.replace(/\/+$/, '')}${path}`, {
        method: call.method ?? 'GET',
        headers: headersOf(call, login),
        redirect: 'manual',
        signal: AbortSignal.any([call.signal, late]),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const text = await readStart(response);
      return ok({ status: response.status, text, json: jsonOf(text) });
    } catch (thrown) {
      if (call.signal.aborted) return fail('cancelled', `the call to Patroni of ${node.name} was cancelled`);
      if (late.aborted) return notAnswered(node, 'silent', `no answer within ${call.timeoutMs / 1000} s`);
      return notAnswered(node, reachOf(thrown), notReached(thrown)?.detail ?? 'the connection failed');
    }
  };
}

function headersOf(call: RestCall, login: FailoverCluster['patroni']): Record<string, string> {
  const content = call.body === undefined ? {} : { 'content-type': 'application/json' };
  if (login === null || call.login === false || (call.method ?? 'GET') === 'GET') return content;
  const pair = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  return { ...content, authorization: `Basic ${pair}` };
}

function reachOf(thrown: unknown): Reach {
  const code = codeOf(thrown);
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ETIMEDOUT' ? 'silent' : 'failed';
}

function notAnswered(node: FailoverNode, reach: Reach, why: string): Outcome<never> {
  return fail('failover_failed', `Patroni of ${node.name} does not answer: ${why}`, {
    details: { reach },
    retryable: true,
  });
}

async function readStart(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBodyBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBodyBytes);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What a body says, in one line: Patroni answers with plain words, its web server with a page of HTML. */
export function wordsOf({ status, text }: Pick<RestAnswer, 'status' | 'text'>): string {
  if (!text.trimStart().startsWith('<')) return oneLine(text) || `HTTP ${status}`;
  const [, message] = /<p>Message: ([^<]*?)\.?<\/p>/.exec(text) ?? [];
  return message === undefined ? `HTTP ${status}` : `HTTP ${status} ${oneLine(message)}`;
}
