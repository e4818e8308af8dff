import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { MemoryStore } from 'express-rate-limit';
import { fail, ok, OpError, type Outcome } from '../contract/errors.ts';
import type { App } from '../runtime/app.ts';
import { createAuthenticator } from './auth.ts';
import { createConsoleFiles } from './console-files.ts';
import { requestIdOf, routeOf, startRequest, type ServerContext } from './context.ts';
import { createDenialLog } from './denials.ts';
import { sendProblem } from './errors.ts';
import { createEventStreams } from './events.ts';
import { createExpressApp } from './express-app.ts';
import { createDashboardSockets, type DashboardSockets } from './live/socket.ts';
import { describePeer, isHostAllowed } from './origin.ts';
import { isLoopbackAddress } from './peer.ts';
import { serveProbe, type RenderMetrics } from './probes.ts';
import { writeProblem } from './raw-problem.ts';
import { targetFault } from './request-target.ts';
import { cookieNameOf, createSessions, type LoginCodes } from './sessions.ts';

const maxHeaderBytes = 16 * 1024;
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface ServerOptions {
  readonly app: App;
  readonly renderMetrics: RenderMetrics;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** PEM texts, not paths. */
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer } | null;
  readonly loginCodes: LoginCodes;
  /** Where the built console may stand; the first that holds one counts. */
  readonly consoleFolders?: readonly string[];
  /** Only tests shorten it. */
  readonly heartbeatMs?: number;
}

export interface Server {
  /** Errors: `listen_refused` with one sentence that says why. */
  listen(): Promise<Outcome<{ readonly url: string; readonly port: number }>>;
  /** Ends streams, lets open requests finish for at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** What the operator reads when the address cannot be had. */
function listenSentence(thrown: unknown, host: string, port: number): string {
  const { code, message } = (thrown ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is already in use by another program`;
  if (code === 'EACCES') return `this user may not listen on port ${port} of ${host}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is not an address of this machine`;
  return `cannot listen on ${host}:${port}: ${String(message ?? thrown)}`;
}

function baseUrl(host: string, port: number, tls: boolean): string {
  const reachable = host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Target and Host, before anything parses or routes the request. */
function checkRequest(context: ServerContext, request: IncomingMessage): OpError | null {
  const fault = targetFault(request.url ?? '');
  if (fault !== null) return new OpError('bad_request_target', `the request-target is not plain: ${fault}`);
  if (isHostAllowed(request, context.listenHost, context.app.config().api.hosts)) return null;
  context.app.countAuthFailure('host', null);
  return new OpError('misdirected', 'this server does not answer for the Host of this request');
}

function countWhenDone(app: App, request: IncomingMessage, response: ServerResponse): void {
  const startMs = performance.now();
  response.once('close', () => {
    const method = knownMethods.has(request.method ?? '') ? (request.method ?? '') : 'OTHER';
    // A client that left before the answer is no success, whatever status had been set.
    const status = response.writableFinished || response.headersSent ? String(response.statusCode) : '499';
    app.countRequest({ method, route: routeOf(response), status }, (performance.now() - startMs) / 1000);
  });
}

/** Answers what node's parser refused, so that also these errors are problem documents. */
function answerParserError(app: App, thrown: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || thrown.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = thrown.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request';
  const detail =
    code === 'headers_too_large' ? 'the headers are larger than 16 KiB' : 'this is not a valid HTTP request';
  writeProblem(socket, new OpError(code, detail), app.random.hex(8));
}

function createContext(
  options: ServerOptions,
  address: { readonly url: string; readonly cookieName: string },
): ServerContext {
  const { app } = options;
  const limits = (): { idleSeconds: number; maxSeconds: number } => {
    const { session_idle: idleSeconds, session_max: maxSeconds } = app.config().api;
    return { idleSeconds, maxSeconds };
  };
  const sessions = createSessions({ clock: app.clock, random: app.random, limits });
  const cookieName = (): string => address.cookieName;
  return {
    app,
    sessions,
    loginCodes: options.loginCodes,
    authenticator: createAuthenticator(app, sessions, cookieName),
    denials: createDenialLog(app),
    tls: options.tls !== null,
    listenHost: options.listen.host,
    cookieName,
    url: () => address.url,
  };
}

function createNodeServer(
  options: ServerOptions,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  sockets: DashboardSockets,
): http.Server {
  const limits = {
    // Whoever offers another protocol (curl offers HTTP/2) is answered in this one.
    shouldUpgradeCallback: (request: IncomingMessage) => sockets.wants(request),
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 15_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 30_000,
  };
  const server =
    options.tls === null
      ? http.createServer(limits, serve)
      : https.createServer({ ...limits, ...options.tls, minVersion: 'TLSv1.2' }, serve);
  server.maxConnections = 4096;
  server.on('clientError', (thrown: NodeJS.ErrnoException, socket) =>
    answerParserError(options.app, thrown, socket as Socket),
  );
  return server;
}

/** The HTTP server of the exporter. Nothing listens before `listen()`. */
export function createServer(options: ServerOptions): Server {
  const { app } = options;
  const address = { url: '', cookieName: '' };
  const context = createContext(options, address);
  const streams = createEventStreams(app, options.heartbeatMs);
  const rateStore = new MemoryStore();
  const handle = createExpressApp(context, streams, rateStore, createConsoleFiles(options.consoleFolders ?? []));
  const sockets = createDashboardSockets(context, options.heartbeatMs);
  let closing = false;
  const whyRefused = (request: IncomingMessage): OpError | null =>
    closing ? new OpError('shutting_down', 'genesis is stopping', { retryable: true }) : checkRequest(context, request);

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    startRequest(app, response);
    countWhenDone(app, request, response);
    // A connection that becomes idle while we stop would keep the server open until it times out.
    response.once('close', () => void (closing && setImmediate(() => server.closeIdleConnections())));
    if (closing) response.setHeader('Connection', 'close');
    const refused = whyRefused(request);
    if (refused !== null) {
      app.log.debug('a request was refused', { ...describePeer(request), code: refused.code });
      sendProblem(response, refused, requestIdOf(response));
    } else if (!serveProbe(context, options.renderMetrics, request, response)) handle(request, response);
  };
  const server = createNodeServer(options, serve, sockets);
  server.on('upgrade', (request, socket, head) => void sockets.upgrade(request, socket, head, whyRefused(request)));

  return {
    async listen() {
      const { host, port } = options.listen;
      const local = isLoopbackAddress(host) || host === 'localhost';
      if (!local && options.tls === null && !app.config().api.insecure) {
        return fail(
          'listen_refused',
          `${host} is reachable from other machines and there is no TLS; set api.tls, or api.insecure: true`,
        );
      }
      address.cookieName = await cookieNameOf({ facts: app.store.facts, random: app.random });
      server.listen(port, host);
      try {
        await once(server, 'listening');
      } catch (thrown) {
        rateStore.shutdown();
        return fail('listen_refused', listenSentence(thrown, host, port), { cause: thrown });
      }
      const bound = (server.address() as AddressInfo).port;
      address.url = baseUrl(host, bound, options.tls !== null);
      return ok({ url: address.url, port: bound });
    },
    async close(graceMs) {
      closing = true;
      streams.closeAll();
      sockets.closeAll();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
      rateStore.shutdown();
      await context.denials.close();
    },
  };
}
