import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { HttpFetch } from '../../ports/index.ts';

const timeoutMs = 10_000;
const replyBytesMax = 8 * 1024 * 1024;

export interface TextReply {
  readonly status: number;
  readonly text: string;
}

/**
 * One request without redirects, with a time-out and a bound on the answer. `name` stands for the address in messages.
 * Errors: io_failed (no answer, or more than 8 MiB).
 */
export async function request(
  fetch: HttpFetch,
  url: string,
  name: string,
  body?: unknown,
): Promise<Outcome<TextReply>> {
  const sent: RequestInit =
    body === undefined
      ? { method: 'GET' }
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  try {
    const reply = await fetch(url, { ...sent, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    return await bounded(reply, name);
  } catch (thrown) {
    return fail('io_failed', `${name} does not answer: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function bounded(reply: Response, name: string): Promise<Outcome<TextReply>> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of reply.body ?? []) {
    size += chunk.length;
    if (size > replyBytesMax) return fail('io_failed', `${name} sent more than 8 MiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  return ok({ status: reply.status, text });
}

/** Node's fetch says only "fetch failed"; the reason is its cause. The address never stands in it but as host and port. */
function reasonOf(thrown: unknown): string {
  const { name, cause } = thrown as { name?: unknown; cause?: { code?: unknown; message?: unknown } };
  if (name === 'TimeoutError') return `nothing came within ${timeoutMs / 1000} s`;
  const { code, message } = cause ?? {};
  return typeof code === 'string' ? code : typeof message === 'string' ? message : 'the connection failed';
}
