import type { IncomingMessage } from 'node:http';
import { fakeApp, secrets } from './testing/fake-app.ts';
import { anOperation, t0 } from './testing/samples.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const viewer = { token: secrets.viewer };

/** Collects what a stream sends until `done` says enough, or it ends. */
async function readUntil(stream: IncomingMessage, done: (text: string) => boolean): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (done(text)) break;
  }
  return text;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('event streams', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer(fakeApp({ event_streams: 2 }), { heartbeatMs: 30 });
  });
  afterEach(() => server.close());

  it('tell of operations and snapshots and give a sign of life', async () => {
    const stream = await server.open('/api/v1/events', viewer);
    server.app.emit({ type: 'operation', operation: anOperation() });
    server.app.emit({ type: 'snapshot', at: t0 });

    const text = await readUntil(stream, (seen) => seen.includes(': still here'));

    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(text).toContain(`event: operation\ndata: ${JSON.stringify(anOperation())}\n\n`);
    expect(text).toContain(`event: snapshot\ndata: {"at":"${t0}"}\n\n`);
    stream.destroy();
  });

  it('are bounded in number, and one that ended makes room', async () => {
    const streams = [await server.open('/api/v1/events', viewer), await server.open('/api/v1/events', viewer)];

    const refused = await server.send('/api/v1/events', viewer);

    expect([refused.status, refused.json()['code'], refused.headers['retry-after']]).toEqual([
      503,
      'streams_exhausted',
      '5',
    ]);
    expect(server.app.eventStreams.count).toBe(2);
    streams[0]?.destroy();
    await until(() => server.app.eventStreams.count === 1);
    const next = await server.open('/api/v1/events', viewer);
    expect(next.statusCode).toBe(200);
    for (const stream of [...streams, next]) stream.destroy();
    await until(() => server.app.eventStreams.count === 0);
  });

  it('end when the token is revoked', async () => {
    const stream = await server.open('/api/v1/events', viewer);

    await server.app.store.tokens.revoke('tok_viewer', t0);

    await readUntil(stream, () => false);
    expect(server.app.eventStreams.count).toBe(0);
  });

  it('end when the session is over', async () => {
    const login = await server.send('/api/v1/login', {
      method: 'POST',
      body: { code: server.loginCodes.create().code },
    });
    const stream = await server.open('/api/v1/events', {
      headers: { cookie: String(login.headers['set-cookie']?.[0]).split(';', 1)[0] },
    });

    server.app.clock.advance(1800);

    await readUntil(stream, () => false);
    expect(server.app.eventStreams.count).toBe(0);
  });

  it('drop a client that does not read', async () => {
    const stream = await server.open('/api/v1/events', viewer);
    stream.on('error', () => undefined);
    stream.pause();
    const operation = { ...anOperation(), params: { filler: 'x'.repeat(100_000) } };

    for (let sent = 0; sent < 400 && server.app.eventStreams.count > 0; sent += 1) {
      server.app.emit({ type: 'operation', operation });
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(server.app.eventStreams.count).toBe(0);
    stream.destroy();
  });

  it('end at once when the server stops', async () => {
    const stream = await server.open('/api/v1/events', viewer);
    const ended = readUntil(stream, () => false);

    await server.server.close(5000);

    await ended;
    expect(server.app.eventStreams.count).toBe(0);
  });
});
