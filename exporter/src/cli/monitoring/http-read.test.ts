import { z } from 'zod';
import { createHttpReader } from './http-read.ts';
import { clockAt, recordedAt } from './testing.ts';

type Init = RequestInit & { readonly headers: Record<string, string> };

function reader(reply: (url: string, init: Init) => Promise<Response> | Response) {
  return createHttpReader(async (url, init) => reply(url, init as Init), clockAt(recordedAt));
}

it('follows no redirect, and sends a token only where it is told to', async () => {
  const seen: Init[] = [];
  const http = reader((_, init) => {
    seen.push(init);
    return new Response(null, { status: 302, headers: { location: 'http://elsewhere.test' } });
  });

  expect(await http.get('http://a.test')).toEqual({
    known: false,
    why: 'it answered 302 (redirects are not followed)',
  });
  await http.get('http://a.test', { token: 'secret' });

  expect(seen.map((init) => init.redirect)).toEqual(['manual', 'manual']);
  expect(seen.map((init) => init.headers['authorization'])).toEqual([undefined, 'Bearer secret']);
});

it('reads no more than it may', async () => {
  const http = reader(() => new Response('x'.repeat(100)));

  expect(await http.get('http://a.test', { maxBytes: 99 })).toEqual({ known: false, why: 'the answer is too long' });
  expect(await http.get('http://a.test', { maxBytes: 100 })).toMatchObject({ known: true });
});

it('gives up in time', async () => {
  const http = reader(
    (_, init) =>
      new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))),
  );

  expect(await http.get('http://a.test', { timeoutMs: 10 })).toEqual({
    known: false,
    why: 'it did not answer in time',
  });
});

it('tells how far the other clock is ahead, to half a second', async () => {
  const date = new Date(+recordedAt + 30_000).toUTCString();
  const http = reader(() => new Response('', { headers: { date } }));

  const reply = await http.get('http://a.test');

  expect(reply.known ? reply.value.clockAheadSeconds : null).toBeCloseTo(30, 0);
});

it('passes on the reason that fetch hides, and refuses what the schema does not know', async () => {
  const refusing = reader(() =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
  );
  const other = reader(() => new Response('{"status": "error"}'));

  expect(await refusing.get('http://a.test')).toEqual({ known: false, why: 'connect ECONNREFUSED' });
  expect(await other.json('http://a.test', z.object({ status: z.literal('success') }))).toMatchObject({ known: false });
});
