import { ServerResponse, type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { actions } from '../../contract/actions.ts';
import { errorCatalogue, fail, ok, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import { DashboardQuery, type Dashboard } from '../../contract/live.ts';
import type { Identity } from '../auth.ts';
import { readQuery } from '../body.ts';
import { labelRoute, pathOf, type ServerContext } from '../context.ts';
import { toJson } from '../errors.ts';
import { admit } from '../gate.ts';
import { writeProblem } from '../raw-problem.ts';

export const dashboardSocketPath = '/ws/dashboard';

/** A client that has this much waiting is too slow; it is dropped and may come back. */
const maxPendingBytes = 1024 * 1024;
/** Nothing that a client could say is of interest. */
const maxMessageBytes = 1024;
/** Time for the closing handshake. */
const closingMs = 500;
const goingAway = 1001;
const notAllowed = 1008;
/** For the metric: the client was gone before it was answered. */
const leftEarly = '499';

/** Dashboards that are told the newest figures again and again over a WebSocket: bounded in number, each one's right asked each time. */
export interface DashboardSockets {
  /** Whether this upgrade is ours; others are answered as if they had not asked for one. */
  wants(request: IncomingMessage): boolean;
  /** Answers the handshake, or refuses it with a problem document. `refused`: what was found wrong before. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, refused: OpError | null): Promise<void>;
  closeAll(): void;
}

interface Client {
  readonly socket: WebSocket;
  readonly identity: Identity;
  readonly query: DashboardQuery;
  answeredMs: number;
}

interface Sockets {
  readonly context: ServerContext;
  readonly server: WebSocketServer;
  readonly deadMs: number;
  readonly clients: Set<Client>;
  timer: NodeJS.Timeout | null;
}

/** `deadMs`: without an answer to a ping for so long a client is taken for dead, also when its connection still stands. */
export function createDashboardSockets(context: ServerContext, deadMs = 15_000): DashboardSockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  const sockets: Sockets = { context, server, deadMs, clients: new Set(), timer: null };
  return {
    wants: (request) =>
      request.headers.upgrade?.toLowerCase() === 'websocket' && pathOf(request) === dashboardSocketPath,
    async upgrade(request, socket, head, refused) {
      const startMs = performance.now();
      socket.on('error', () => socket.destroy());
      const status = await answer(sockets, request, socket, head, refused);
      const seconds = (performance.now() - startMs) / 1000;
      context.app.countRequest({ method: 'GET', route: dashboardSocketPath, status }, seconds);
    },
    closeAll() {
      if (sockets.timer !== null) clearTimeout(sockets.timer);
      for (const { socket } of sockets.clients) {
        socket.close(goingAway, 'genesis is stopping');
        setTimeout(() => socket.terminate(), closingMs).unref();
      }
    },
  };
}

/** Answers a handshake; the HTTP status that it ended with, for the metric. */
async function answer(
  sockets: Sockets,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  refused: OpError | null,
): Promise<string> {
  const { app } = sockets.context;
  if (refused !== null) return refuse(sockets.context, socket, refused);
  const entered = await enter(sockets.context, request).catch((thrown: unknown) => ({
    ok: false as const,
    error: toOpError(thrown),
  }));
  if (!entered.ok) return refuse(sockets.context, socket, entered.error);
  const limit = app.config().live.clients;
  if (app.live.clients.count >= limit) {
    const error = new OpError('streams_exhausted', `${limit} dashboards are connected already`, {
      retryable: true,
      details: { retryAfterSeconds: 5 },
    });
    return refuse(sockets.context, socket, error);
  }
  if (socket.destroyed) return leftEarly;
  // Counted from here on, because the client may leave before its handshake ends.
  app.live.clients.count += 1;
  return new Promise((resolve) => {
    const abandoned = (): void => {
      app.live.clients.count -= 1;
      resolve(leftEarly);
    };
    socket.once('close', abandoned);
    sockets.server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('close', abandoned);
      join(sockets, webSocket, entered.value);
      resolve('101');
    });
  });
}

function refuse({ app }: ServerContext, socket: Duplex, error: OpError): string {
  const id = app.random.hex(8);
  if (error.code === 'internal') app.log.error('a dashboard could not connect', { request: id, error: error.message });
  writeProblem(socket, error, id);
  return String(errorCatalogue[error.code].status);
}

function join(sockets: Sockets, socket: WebSocket, { identity, query, first }: Entered): void {
  const { app } = sockets.context;
  const client: Client = { socket, identity, query, answeredMs: performance.now() };
  sockets.clients.add(client);
  socket.on('pong', () => (client.answeredMs = performance.now()));
  socket.on('error', (error) => app.log.debug('a dashboard connection failed', { error: error.message }));
  socket.on('close', () => {
    sockets.clients.delete(client);
    app.live.clients.count -= 1;
  });
  socket.send(toJson(first));
  schedule(sockets);
}

/** All in one turn, the next one only when the last has ended: slow figures must not pile up. */
function schedule(sockets: Sockets): void {
  const { context, clients } = sockets;
  if (sockets.timer !== null || clients.size === 0) return;
  sockets.timer = setTimeout(() => {
    Promise.all([...clients].map((client) => tell(sockets, client)))
      .catch((thrown: unknown) => context.app.log.error('a dashboard could not be told', { error: String(thrown) }))
      .finally(() => {
        sockets.timer = null;
        schedule(sockets);
      });
  }, context.app.config().live.push_interval * 1000);
}

interface Entered {
  readonly identity: Identity;
  readonly query: DashboardQuery;
  readonly first: Dashboard;
}

/** The same gates as every action, and the Origin always: a page of another site could read what is pushed to it. */
async function enter(context: ServerContext, request: IncomingMessage): Promise<Outcome<Entered>> {
  // Only its label is used: the gate names the route in the audit log.
  const label = new ServerResponse(request);
  labelRoute(label, dashboardSocketPath);
  if (request.method !== 'GET') return fail('method_not_allowed', 'a WebSocket begins with GET');
  const admitted = await admit(context, request, label, {
    action: 'dashboardMetrics',
    roles: actions.dashboardMetrics.roles,
    sameOriginOnly: true,
    passive: true,
  });
  if (!admitted.ok) return admitted;
  const query = readQuery({ url: request.url ?? '' }, DashboardQuery) as DashboardQuery;
  const first = await context.app.live.dashboard(query);
  return first.ok ? ok({ identity: admitted.value, query, first: first.value }) : first;
}

/** Tells one client the newest figures, or drops it when it is gone, too slow, or may no longer listen. */
async function tell({ context, deadMs }: Sockets, client: Client): Promise<void> {
  const { app } = context;
  const { socket, identity, query } = client;
  const limitMs = Math.max(deadMs, app.config().live.push_interval * 3000);
  if (performance.now() - client.answeredMs > limitMs) {
    app.log.debug('a dashboard that did not answer was dropped');
    socket.terminate();
    return;
  }
  if (socket.bufferedAmount > maxPendingBytes) {
    app.log.warn('a dashboard was dropped because its client is too slow');
    socket.terminate();
    return;
  }
  const allowed = await identity.stillValid().catch((thrown: unknown) => {
    app.log.error('the right to a dashboard could not be checked; it was ended', { error: String(thrown) });
    return false;
  });
  if (!allowed) {
    socket.close(notAllowed, 'the login or token is no longer valid');
    return;
  }
  const dashboard = await app.live.dashboard(query);
  if (!dashboard.ok || socket.readyState !== socket.OPEN) return;
  socket.send(toJson(dashboard.value));
  socket.ping();
}
