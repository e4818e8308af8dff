import http from 'node:http';
import { createServer, type Server, type ServerOptions } from '../server.ts';
import { createLoginCodes, type LoginCodes } from '../sessions.ts';
import { fakeApp, testRandom, type FakeApp } from './fake-app.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

export interface Sent {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
}

export interface TestServer {
  readonly app: FakeApp;
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  readonly loginCodes: LoginCodes;
  /** Sends the target exactly as given, which fetch would tidy up. */
  send(target: string, sent?: Sent): Promise<Answer>;
  /** Opens a request and hands over the response as it streams. */
  open(target: string, sent?: Sent): Promise<http.IncomingMessage>;
  close(): Promise<void>;
}

function headersOf(sent: Sent, body: string | undefined): http.OutgoingHttpHeaders {
  return {
    ...(sent.token === undefined ? {} : { authorization: `Bearer ${sent.token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...sent.headers,
  };
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** A real server on a free port of 127.0.0.1, with a fake App behind it. */
export async function startTestServer(
  app: FakeApp = fakeApp(),
  options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const loginCodes = createLoginCodes({ clock: app.clock, random: testRandom });
  const renderMetrics = async (response: http.ServerResponse): Promise<void> => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end('genesis_up 1\n');
  };
  const server = createServer({
    app,
    renderMetrics,
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    loginCodes,
    ...options,
  });
  const listening = await server.listen();
  if (!listening.ok) throw listening.error;
  const { port, url } = listening.value;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  const open = (target: string, sent: Sent = {}): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body =
        sent.body === undefined ? undefined : typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
      const request = http.request({
        host: '127.0.0.1',
        port,
        path: target,
        method: sent.method ?? 'GET',
        headers: headersOf(sent, body),
        agent,
      });
      request.on('response', resolve).on('error', reject);
      request.end(body);
    });
  return {
    app,
    port,
    url,
    server,
    loginCodes,
    open,
    async send(target, sent) {
      const response = await open(target, sent);
      const text = await textOf(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json: () => JSON.parse(text) as Record<string, unknown>,
      };
    },
    async close() {
      agent.destroy();
      await server.close(200);
    },
  };
}
