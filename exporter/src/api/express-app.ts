import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { MemoryStore } from 'express-rate-limit';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { actions, type ActionId } from '../contract/actions.ts';
import { OpError } from '../contract/errors.ts';
import { addAccessRoutes } from './access.ts';
import { assets } from './assets.ts';
import { addConsoleAssets } from './console.ts';
import type { ConsoleFiles } from './console-files.ts';
import { requestIdOf, type ServerContext } from './context.ts';
import { addDashboardRoutes, dashboardRoutes } from './compat/dashboard.ts';
import { addDocumentedRoutes } from './compat/sla.ts';
import { addActionRoutes, expressPath } from './dispatch.ts';
import { sendProblem, thrownToError } from './errors.ts';
import type { EventStreams } from './events.ts';
import { addGrafanaRoutes, forwardedActions } from './grafana.ts';
import { addPages } from './pages.ts';
import { addressKey } from './peer.ts';
import { systemRoutes, type SystemRoute } from './system-routes.ts';

const rateWindowMs = 60_000;

function securityHeaders(tls: boolean): express.RequestHandler {
  const own = ["'self'"];
  const none = ["'none'"];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: none,
        scriptSrc: own,
        styleSrc: own,
        imgSrc: ["'self'", 'data:'],
        connectSrc: own,
        fontSrc: none,
        objectSrc: none,
        baseUri: none,
        formAction: own,
        frameAncestors: none,
        requireTrustedTypesFor: ["'script'"],
      },
    },
    strictTransportSecurity: tls ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

function limiter(context: ServerContext, store: MemoryStore): express.RequestHandler {
  return rateLimit({
    windowMs: rateWindowMs,
    limit: () => context.app.config().api.requests_per_minute,
    keyGenerator: addressKey,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    store,
    // We trust no proxy's word about the client, on purpose.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (_request, response) => {
      const retryAfterSeconds = Number(response.getHeader('Retry-After') ?? rateWindowMs / 1000);
      sendProblem(
        response,
        new OpError('rate_limited', 'too many requests from this address', {
          retryable: true,
          details: { retryAfterSeconds },
        }),
        requestIdOf(response),
      );
    },
  });
}

/** Every path with the methods it knows, for 405. */
function methodsByPath(): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  const add = (path: string, method: string): void => {
    const methods = known.get(path) ?? new Set<string>();
    methods.add(method);
    if (method === 'GET') methods.add('HEAD');
    known.set(path, methods);
  };
  for (const id of Object.keys(actions) as ActionId[]) add(expressPath(actions[id].path), actions[id].method);
  for (const { path, method } of [...forwardedActions, ...dashboardRoutes]) add(path, method);
  for (const { path, method } of Object.values<SystemRoute>(systemRoutes)) add(path, method);
  for (const path of Object.keys(assets)) add(path, 'GET');
  return known;
}

function answerFailure(context: ServerContext) {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const error = thrownToError(thrown);
    const id = requestIdOf(response);
    if (error.code === 'internal' || error.code === 'io_failed') {
      const stack = Error.isError(thrown) ? thrown.stack : String(thrown);
      context.app.log.error('a request failed', { request: id, method: request.method, code: error.code, stack });
    }
    if (error.code === 'payload_too_large') response.setHeader('Connection', 'close');
    sendProblem(response, error, id);
  };
}

/** Everything but the probes: pages, documents, login and the action table. `rateStore` is shut down by the server. */
export function createExpressApp(
  context: ServerContext,
  streams: EventStreams,
  rateStore: MemoryStore,
  consoleFiles: ConsoleFiles,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(securityHeaders(context.tls));
  const files = express.Router({ caseSensitive: true, strict: true });
  addConsoleAssets(files, consoleFiles);
  app.use(files);
  app.use(limiter(context, rateStore));
  app.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  const router = express.Router({ caseSensitive: true, strict: true });
  addPages(router, context, consoleFiles);
  addAccessRoutes(router, context);
  addDocumentedRoutes(router, context);
  addDashboardRoutes(router, context, streams);
  addActionRoutes(router, context, streams);
  addGrafanaRoutes(router, context, streams);
  for (const [path, methods] of methodsByPath()) {
    router.all(path, (_request, response) => {
      response.setHeader('Allow', [...methods].join(', '));
      throw new OpError('method_not_allowed', `this path knows ${[...methods].join(', ')}`);
    });
  }
  app.use(router);
  app.use(() => {
    throw new OpError('not_found', 'there is nothing at this path');
  });
  app.use(answerFailure(context));
  return app;
}
