import { once } from 'node:events';
import http from 'node:http';
import { WebSocket } from 'ws';
import { ok } from '../../contract/errors.ts';
import type { LiveData } from '../../runtime/live/face.ts';
import { aLiveMetric } from '../testing/fake-live.ts';
import { fakeApp, secrets, type FakeApp } from '../testing/fake-app.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const viewer = { authorization: `Bearer ${secrets.viewer}` };
type Headers = Readonly<Record<string, string>>;

interface Message {
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly alerts: { readonly total: number };
}

describe('/ws/dashboard', () => {
  let server: TestServer;
  const start = async (live: Readonly<Record<string, unknown>> = {}, heartbeatMs = 60_000): Promise<FakeApp> => {
    server = await startTestServer(fakeApp({}, { live: { push_interval: '40ms', ...live } }), { heartbeatMs });
    return server.app;
  };
  afterEach(() => server.close());

  const connect = (headers: Headers = viewer, target = '/ws/dashboard'): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${server.port}${target}`, { headers: { ...headers } });

  /** The first messages of an open connection. */
  const messages = (socket: WebSocket, count: number): Promise<Message[]> =>
    new Promise((resolve, reject) => {
      const seen: Message[] = [];
      socket.on('message', (data: Buffer) => {
        seen.push(JSON.parse(data.toString('utf8')) as Message);
        if (seen.length === count) resolve([...seen]);
      });
      socket.on('error', reject);
    });

  /** Status and problem code of a handshake that is refused. */
  const refusal = (socket: WebSocket): Promise<[number | undefined, unknown]> =>
    new Promise((resolve, reject) => {
      socket.on('open', () => reject(new Error('it was not refused')));
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { code } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { code: unknown };
          resolve([response.statusCode, code]);
        });
      });
    });

  const until = async (condition: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 500 && !condition(); tries += 1) await new Promise((r) => setTimeout(r, 10));
    expect(condition()).toBe(true);
  };

  it('tells what REST tells, when it is connected and again and again', async () => {
    const app = await start();
    const socket = connect();

    const seen = await messages(socket, 3);

    const rest = (await server.send('/api/dashboard/metrics', { token: secrets.viewer })).json();
    expect(seen).toEqual([rest, rest, rest]);
    expect(app.live.clients.count).toBe(1);
    socket.close();
    await until(() => app.live.clients.count === 0);
    expect(app.recorded.counted).toContainEqual({ method: 'GET', route: '/ws/dashboard', status: '101' });
  });

  it('asks for a token or login, and for a role that may look', async () => {
    await start();

    expect(await refusal(connect({}))).toEqual([401, 'unauthenticated']);
    expect(await refusal(connect({ authorization: 'Bearer wrong' }))).toEqual([401, 'unauthenticated']);
    expect(await refusal(connect({ authorization: `Bearer ${secrets.metrics}` }))).toEqual([403, 'forbidden']);
    expect(server.app.live.clients.count).toBe(0);
  });

  it('lets a browser in by its session cookie', async () => {
    await start();
    const { code } = server.loginCodes.create();
    const login = await server.send('/api/v1/login', { method: 'POST', body: { code } });
    const cookie = String(login.headers['set-cookie']?.[0]).split(';')[0] ?? '';
    const socket = connect({ cookie, origin: server.url });

    expect(await messages(socket, 1)).toHaveLength(1);

    socket.close();
  });

  it('refuses pages of other sites, other hosts and targets that are not plain', async () => {
    await start();

    expect(await refusal(connect({ ...viewer, origin: 'https://evil.example' }))).toEqual([403, 'cross_origin']);
    expect(await refusal(connect({ ...viewer, origin: 'null' }))).toEqual([403, 'cross_origin']);
    expect(await refusal(connect({ ...viewer, 'sec-fetch-site': 'same-site' }))).toEqual([403, 'cross_origin']);
    expect(await refusal(connect({ ...viewer, host: 'evil.example' }))).toEqual([421, 'misdirected']);
    expect(server.app.recorded.authFailures.map(({ kind }) => kind)).toEqual(['origin', 'origin', 'origin', 'host']);
  });

  it('refuses a query with faults as REST does', async () => {
    await start();

    expect(await refusal(connect(viewer, '/ws/dashboard?aggregation=median'))).toEqual([422, 'aggregation_unknown']);
    expect(await refusal(connect(viewer, '/ws/dashboard?duration_minutes=x'))).toEqual([400, 'bad_request']);
    expect(await refusal(connect(viewer, '/ws/dashboard?colour=red'))).toEqual([400, 'bad_request']);
  });

  it('is bounded in number, and one that left makes room', async () => {
    const app = await start({ clients: 1 });
    const first = connect();
    await messages(first, 1);

    expect(await refusal(connect())).toEqual([503, 'streams_exhausted']);

    first.terminate();
    await until(() => app.live.clients.count === 0);
    const next = connect();
    expect(await messages(next, 1)).toHaveLength(1);
    next.close();
  });

  it('ends when the token is revoked', async () => {
    const app = await start();
    const socket = connect();
    const closed = once(socket, 'close');
    await messages(socket, 1);

    await app.store.tokens.revoke('tok_viewer', app.clock.now().toISOString());

    expect((await closed)[0]).toBe(1008);
  });

  it('drops who sends more than it has to say', async () => {
    await start();
    const socket = connect();
    const closed = once(socket, 'close');
    await messages(socket, 1);

    socket.send('x'.repeat(2000));

    expect((await closed)[0]).toBe(1009);
  });

  it('drops who does not answer, and who does not keep up', async () => {
    const app = await start({}, 200);
    const url = `ws://127.0.0.1:${server.port}/ws/dashboard`;
    const mute = new WebSocket(url, { headers: viewer, autoPong: false });
    await messages(mute, 1);
    const dropped = once(mute, 'close');
    expect((await dropped)[0]).toBe(1006);
    await server.close();

    const large = { ...aLiveMetric, help: 'x'.repeat(3_000_000) };
    const dashboard: LiveData['dashboard'] = async (query) => {
      const usual = await app.live.dashboard(query);
      return usual.ok ? ok({ ...usual.value, metrics: { large } }) : usual;
    };
    const talkative = { ...app, live: { ...app.live, clients: { count: 0 }, dashboard } };
    server = await startTestServer(talkative, { heartbeatMs: 60_000 });
    const slow = connect();
    await once(slow, 'open');
    slow.pause();
    await until(() => talkative.live.clients.count === 0);

    expect(app.recorded.logged.map(({ message }) => message)).toContain(
      'a dashboard was dropped because its client is too slow',
    );
    slow.terminate();
  });

  it('ends all when the server stops', async () => {
    await start();
    const socket = connect();
    const closed = once(socket, 'close');
    await messages(socket, 1);

    await server.close();

    expect((await closed)[0]).toBe(1001);
  });

  it('answers offers of other protocols, and sockets elsewhere, as plain requests', async () => {
    await start();
    const statusOf = (path: string, upgrade: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { ...viewer, connection: 'Upgrade', upgrade };
        http
          .get({ host: '127.0.0.1', port: server.port, path, headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
          .on('error', reject);
      });

    expect(await statusOf('/api/v1/me', 'h2c')).toBe(200);
    expect(await statusOf('/api/v1/me', 'websocket')).toBe(200);
    expect(await statusOf('/ws/other', 'websocket')).toBe(404);
    expect((await server.send('/ws/dashboard', { token: secrets.viewer })).status).toBe(404);
  });
});

describe('/api/dashboard', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());
  const body = { metric: 'genesis_system_cpu_usage_ratio', condition: '>', threshold: 0.8 };

  it('answers under the documents’ addresses what the API answers under its own', async () => {
    for (const path of ['metrics', 'metrics/genesis_system_cpu_usage_ratio', 'alerts']) {
      const [own, documented] = await Promise.all(
        ['/api/v1/dashboard/', '/api/dashboard/'].map((base) =>
          server.send(`${base}${path}`, { token: secrets.viewer }),
        ),
      );
      expect([documented?.status, documented?.json()]).toEqual([200, own?.json()]);
    }
  });

  it('lets operators define, change and remove alerts, and viewers look only', async () => {
    const as = (token: string, method: string, path: string, sent?: unknown) =>
      server.send(`/api/dashboard/alerts${path}`, { method, token, ...(sent === undefined ? {} : { body: sent }) });

    const created = await as(secrets.operator, 'POST', '', body);

    expect([created.status, created.json()]).toEqual([201, { alert_id: 'alert_1', status: 'created' }]);
    expect((await as(secrets.operator, 'PATCH', '/alert_1', { threshold: 1 })).status).toBe(200);
    expect((await as(secrets.operator, 'DELETE', '/alert_1')).json()).toEqual({
      alert_id: 'alert_1',
      status: 'deleted',
    });
    expect((await as(secrets.operator, 'DELETE', '/nope')).status).toBe(404);
    expect((await as(secrets.viewer, 'GET', '')).status).toBe(200);
    for (const [method, path, sent] of [
      ['POST', '', body],
      ['PATCH', '/alert_1', { threshold: 1 }],
      ['DELETE', '/alert_1', undefined],
    ] as const)
      expect((await as(secrets.viewer, method, path, sent)).status).toBe(403);
  });

  it('bounds what an alert can say', async () => {
    const sent = async (fields: Readonly<Record<string, unknown>>): Promise<number> =>
      (
        await server.send('/api/dashboard/alerts', {
          method: 'POST',
          token: secrets.operator,
          body: { ...body, ...fields },
        })
      ).status;

    expect(await sent({ message: 'x'.repeat(200) })).toBe(201);
    for (const fields of [
      { message: 'x'.repeat(201) },
      { message: 'two\nlines' },
      { condition: '!=' },
      { severity: 'fatal' },
      { threshold: '5' },
      { threshold: null },
      { metric: 'up{job="x"}' },
      { tags: { service: 'x'.repeat(101) } },
      { colour: 'red' },
    ])
      expect([fields, await sent(fields)]).toEqual([fields, 400]);
  });

  it('says 422 to an unknown aggregation, and 405 with the methods it knows', async () => {
    const unknown = await server.send('/api/dashboard/metrics?aggregation=median', { token: secrets.viewer });
    const put = await server.send('/api/dashboard/alerts', { method: 'PUT', token: secrets.admin, body: {} });

    expect([unknown.status, unknown.json()['code']]).toEqual([422, 'aggregation_unknown']);
    expect([put.status, put.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
  });
});
