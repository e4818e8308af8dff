import type { Outcome } from '../../../contract/errors.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import { callWebhook, signatureOf } from './webhook.ts';

const secret = 'only the two know it';
const webhook = { url: 'https://ops.example/genesis', secret };
const clock = { now: () => new Date('2026-11-22T16:00:00.900Z'), sleep: () => Promise.resolve() };
const body = { action: 'promote', service: 'shop', node: 'b', operation: null };
const { signal } = new AbortController();

function send(fetch: HttpFetch, timeoutMs = 50): Promise<Outcome<unknown>> {
  return callWebhook({ fetch, clock }, webhook, body, { timeoutMs, signal });
}
const answering =
  (status: number, text: string): HttpFetch =>
  () =>
    Promise.resolve(new Response(text, { status }));
/** Node's client quotes a header that it cannot send. */
const failing =
  (code: string | undefined): HttpFetch =>
  () =>
    Promise.reject(new TypeError(`cannot send ${secret}`, { cause: Object.assign(new Error(secret), { code }) }));
const said = (outcome: Outcome<unknown>): string =>
  outcome.ok ? 'ok' : `${outcome.error.code}: ${outcome.error.message}`;
const what = 'promote of b: the webhook https://ops.example/genesis';

describe('a signed call', () => {
  it('has a signature over time and body that anybody can compute who has the secret', () => {
    // printf %s '1795363200.{"action":"promote"}' | openssl dgst -sha256 -hmac key
    expect(signatureOf('key', '1795363200', '{"action":"promote"}')).toBe(
      'sha256=3098510543b6ca994053aa31445b4e059d4a81504608d899596b0fb2d3b648a8',
    );
  });

  it('is a POST that no redirect carries on', async () => {
    let asked: { url: string; init: RequestInit } | null = null;
    const fetch: HttpFetch = (url, init) => {
      asked = { url, init };
      return Promise.resolve(new Response('{"done":true}'));
    };

    expect(said(await send(fetch))).toBe('ok');

    const text = '{"action":"promote","service":"shop","node":"b","operation":null}';
    expect(asked).toMatchObject({
      url: webhook.url,
      init: {
        method: 'POST',
        redirect: 'manual',
        body: text,
        headers: {
          'content-type': 'application/json',
          connection: 'close',
          'x-genesis-timestamp': '1795363200',
          'x-genesis-signature': signatureOf(secret, '1795363200', text),
        },
      },
    });
  });

  it('is done only where the receiver says so', async () => {
    for (const text of ['{"done":"true"}', '{"done":1}', '{}', '[]', 'OK', ''])
      expect(said(await send(answering(200, text)))).toBe(`failover_failed: ${what} answered without done: true`);
    expect(said(await send(answering(200, '{"done":false,"error":"b is\\nfull"}')))).toBe(
      `failover_failed: ${what} answered without done: true: b is full`,
    );
  });

  it('is not done with another status', async () => {
    expect(said(await send(answering(500, '{"done":true,"error":"half"}')))).toBe(
      `failover_failed: ${what} answered with HTTP 500: half`,
    );
    expect(said(await send(answering(307, '{"done":true}')))).toBe(
      `failover_failed: ${what} answered with HTTP 307, and redirects are not followed`,
    );
  });

  it('ends in time, when it is cancelled, and when nobody listens', async () => {
    const never: HttpFetch = (_, { signal: end }) =>
      new Promise((_resolve, reject) => {
        if (end?.aborted === true) reject(end.reason);
        end?.addEventListener('abort', () => reject(end.reason));
      });
    const options = { timeoutMs: 50, signal: AbortSignal.abort() };

    expect(said(await send(never))).toBe(`exec_timeout: ${what} did not answer within 0.05 s`);
    expect(said(await callWebhook({ fetch: never, clock }, webhook, body, options))).toBe(
      `cancelled: ${what} was cancelled`,
    );
    expect(said(await send(failing('ECONNREFUSED')))).toBe(`failover_failed: ${what}: connection refused`);
  });

  it('never has the secret in its message', async () => {
    for (const fetch of [failing('ECONNREFUSED'), failing('EPROTO'), failing(undefined), answering(401, secret)])
      expect(said(await send(fetch))).not.toContain(secret);
  });
});
