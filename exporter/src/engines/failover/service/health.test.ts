import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpError } from '../../../contract/errors.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import { askHealth, statementOf, type HealthAnswer } from './health.ts';

const { signal } = new AbortController();
const ask = (fetch: HttpFetch): Promise<HealthAnswer> => askHealth(fetch, 'http://a/health', { timeoutMs: 50, signal });
const answering =
  (status: number, body: string): HttpFetch =>
  () =>
    Promise.resolve(new Response(body, { status }));
const failing =
  (code: string): HttpFetch =>
  () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));

describe('what a health answer says', () => {
  it('is the role, whether it takes writes, and how far it is', () => {
    const { statement, problem } = statementOf(
      '{"role":"standby","received_bytes":900,"replayed_bytes":800,"upstream":"a","upstream_silent_seconds":0.4,"system_id":"s","timeline":2,"version":"7"}',
    );

    expect(problem).toBeNull();
    expect(statement).toEqual({
      node: null,
      role: 'standby',
      writable: false,
      timeline: 2,
      received_bytes: 900,
      replayed_bytes: 800,
      upstream: 'a',
      upstream_silent_seconds: 0.4,
      system_id: 's',
    });
  });

  it('takes a primary for a writer unless it says otherwise', () => {
    expect(statementOf('{"role":"primary"}').statement).toMatchObject({ role: 'primary', writable: true });
    expect(statementOf('{"role":"primary","writable":false}').statement).toMatchObject({ writable: false });
    expect(statementOf('{"writable":true}').statement).toMatchObject({ role: null, writable: true });
  });

  it('is nothing where it says nothing: that is no problem, and no role', () => {
    for (const body of ['OK', '', '[]', 'null', '3', '{}', '{"role":null}'])
      expect(statementOf(body)).toMatchObject({
        reach: 'answered',
        statement: { role: null, writable: null, received_bytes: null },
        problem: null,
      });
  });

  it('counts as a whole or not at all', () => {
    for (const body of [
      '{"role":"leader","writable":true}',
      '{"role":"primary","writable":"yes"}',
      '{"role":"primary","received_bytes":-1}',
      '{"role":"standby","writable":true}',
    ])
      expect(statementOf(body)).toMatchObject({
        statement: { role: null, writable: null },
        problem: expect.stringContaining('its health answer'),
      });
  });
});

describe('how the health address was reached', () => {
  it('is answered with 2xx, failed with all else', async () => {
    expect(await ask(answering(200, 'OK'))).toMatchObject({ reach: 'answered', problem: null });
    expect(await ask(answering(503, '{"role":"primary"}'))).toMatchObject({
      reach: 'failed',
      statement: { role: null, writable: null },
      problem: 'HTTP 503',
    });
    expect(await ask(answering(302, ''))).toMatchObject({
      reach: 'failed',
      problem: expect.stringContaining('redirects'),
    });
  });

  it('is refused, silent or failed by what the network says', async () => {
    expect(await ask(failing('ECONNREFUSED'))).toMatchObject({ reach: 'refused', problem: 'connection refused' });
    for (const code of ['ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND'])
      expect(await ask(failing(code))).toMatchObject({ reach: 'silent', problem: expect.any(String) });
    for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'DEPTH_ZERO_SELF_SIGNED_CERT'])
      expect(await ask(failing(code))).toMatchObject({ reach: 'failed', problem: expect.any(String) });
    expect(await ask(() => Promise.reject(new OpError('config_unreadable', 'no authority')))).toMatchObject({
      reach: 'failed',
      problem: 'no authority',
    });
  });

  it('is asked over a connection of its own each time, so that it is not the one of a moment ago that answers', async () => {
    const seen = new Set<unknown>();
    const server = createServer((request, reply) => {
      seen.add(request.socket);
      reply.end('OK');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    for (let time = 0; time < 3; time += 1)
      expect(await askHealth(fetch, url, { timeoutMs: 5000, signal })).toMatchObject({ reach: 'answered' });

    expect(seen.size).toBe(3);
    await new Promise((resolve) => server.close(resolve));
  });

  it('is silent when nothing comes in time, or the answer has no end', async () => {
    const never: HttpFetch = (_, init) =>
      new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));

    expect(await ask(never)).toMatchObject({ reach: 'silent', problem: 'no answer within 0.05 s' });
    expect(await ask(answering(200, `{"role":"primary","x":"${'x'.repeat(70_000)}"}`))).toMatchObject({
      reach: 'answered',
      statement: { role: null },
    });
  });
});
