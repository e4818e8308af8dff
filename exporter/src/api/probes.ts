import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpError, toOpError } from '../contract/errors.ts';
import { labelRoute, pathOf, requestIdOf, type ServerContext } from './context.ts';
import { sendProblem } from './errors.ts';
import { admit } from './gate.ts';
import { isFromLoopback } from './peer.ts';
import { systemRoutes } from './system-routes.ts';

/** Writes the whole exposition to the response and ends it. */
export type RenderMetrics = (response: ServerResponse) => Promise<void>;

function sendSmall(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}

function healthz(context: ServerContext, request: IncomingMessage, response: ServerResponse): void {
  sendSmall(response, 200, isFromLoopback(request) ? { status: 'ok', version: context.app.version } : { status: 'ok' });
}

function readyz(context: ServerContext, request: IncomingMessage, response: ServerResponse): void {
  const snapshot = context.app.snapshot();
  const reasons: string[] = [];
  if (snapshot === null) reasons.push('the first observation has not ended yet');
  else if (!snapshot.audit.writable) reasons.push('the audit log cannot be written');
  const ready = reasons.length === 0;
  sendSmall(response, ready ? 200 : 503, isFromLoopback(request) ? { ready, reasons } : { ready });
}

async function metrics(
  context: ServerContext,
  render: RenderMetrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isFromLoopback(request) && !context.app.config().metrics.open) {
    const admitted = await admit(context, request, response, { action: null, roles: systemRoutes.metrics.roles });
    if (!admitted.ok) return sendProblem(response, admitted.error, requestIdOf(response));
  }
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  await render(response);
}

/**
 * Answers the routes that machines ask every few seconds, before express and its middleware; false for all others.
 * The target and the Host were checked before.
 */
export function serveProbe(
  context: ServerContext,
  render: RenderMetrics,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const path = pathOf(request);
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return false;
  labelRoute(response, path);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendProblem(response, new OpError('method_not_allowed', 'this route is only read'), requestIdOf(response));
  } else if (path === '/healthz') healthz(context, request, response);
  else if (path === '/readyz') readyz(context, request, response);
  else {
    metrics(context, render, request, response).catch((thrown: unknown) => {
      const id = requestIdOf(response);
      context.app.log.error('the metrics could not be rendered', {
        request: id,
        error: Error.isError(thrown) ? (thrown.stack ?? thrown.message) : String(thrown),
      });
      sendProblem(response, toOpError(thrown), id);
    });
  }
  return true;
}
