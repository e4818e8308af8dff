import type { IncomingMessage, ServerResponse } from 'node:http';
import type { App } from '../runtime/app.ts';
import type { Authenticator } from './auth.ts';
import type { DenialLog } from './denials.ts';
import type { LoginCodes, Sessions } from './sessions.ts';

/** What every part of the server works with. */
export interface ServerContext {
  readonly app: App;
  readonly sessions: Sessions;
  readonly loginCodes: LoginCodes;
  readonly authenticator: Authenticator;
  readonly denials: DenialLog;
  readonly tls: boolean;
  /** The address listened on, as configured. */
  readonly listenHost: string;
  /** Known once the server listens. */
  readonly cookieName: () => string;
  /** Base address for links, e.g. `http://127.0.0.1:9847`. */
  readonly url: () => string;
}

const routeLabels = new WeakMap<ServerResponse, string>();
const idHeader = 'X-Request-Id';

/** Gives the request its id, which the answer, a problem document and the log carry. */
export function startRequest(app: App, response: ServerResponse): void {
  response.setHeader(idHeader, app.random.hex(8));
}

export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader(idHeader) ?? '');
}

/** The route's template for metrics: bounded, never a path that somebody sent. */
export function labelRoute(response: ServerResponse, template: string): void {
  routeLabels.set(response, template);
}

export function routeOf(response: ServerResponse): string {
  return routeLabels.get(response) ?? 'unmatched';
}

/** Path of the request without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}
