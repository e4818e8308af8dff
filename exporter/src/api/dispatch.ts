import type { Request, Response, Router } from 'express';
import { actions, type ActionId } from '../contract/actions.ts';
import type { Action } from '../contract/actions.ts';
import type { Outcome } from '../contract/errors.ts';
import { orThrow, sendJson } from './access.ts';
import { checkAnnouncedLength, expectNoBody, readBody, readIdempotencyKey, readQuery } from './body.ts';
import { labelRoute, type ServerContext } from './context.ts';
import type { EventStreams } from './events.ts';
import { admit } from './gate.ts';
import { remoteAddress } from './peer.ts';
import type { Call, Reply } from './routes/call.ts';
import { handlers } from './routes/registry.ts';

/** A contract path as express writes it. */
export function expressPath(path: string): string {
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}

function paramsOf(request: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)]));
}

async function run(
  context: ServerContext,
  id: Exclude<ActionId, 'events'>,
  request: Request,
  response: Response,
): Promise<void> {
  const action: Action = actions[id];
  labelRoute(response, `/api/v1${action.path}`);
  const tooLarge = checkAnnouncedLength(request);
  if (tooLarge !== null) throw tooLarge;
  const identity = orThrow(await admit(context, request, response, { action: id, roles: action.roles }));
  const query = readQuery(request, action.query);
  const body =
    action.body === undefined ? await expectNoBody(request, response) : await readBody(request, response, action.body);
  const call = {
    app: context.app,
    identity,
    params: paramsOf(request),
    body,
    query,
    remote: remoteAddress(request),
    idempotencyKey: readIdempotencyKey(request),
    url: request.originalUrl,
  };
  // Body and query were parsed with this action's own schemas, which the compiler cannot follow through the table.
  const handle = handlers[id] as (call: unknown) => Promise<Outcome<Reply>>;
  const reply = orThrow(await handle(call satisfies Omit<Call, 'body' | 'query'> & { body: unknown; query: unknown }));
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  sendJson(response, reply.status, reply.body);
}

async function stream(
  context: ServerContext,
  streams: EventStreams,
  request: Request,
  response: Response,
): Promise<void> {
  const { path, roles } = actions.events;
  labelRoute(response, `/api/v1${path}`);
  const identity = orThrow(
    await admit(context, request, response, { action: 'events', roles, sameOriginOnly: true, passive: true }),
  );
  readQuery(request, undefined);
  if (request.method === 'HEAD') {
    response.status(200).type('text/event-stream').end();
    return;
  }
  orThrow(streams.open(request, response, identity));
}

/** Every route of the action table. */
export function addActionRoutes(router: Router, context: ServerContext, streams: EventStreams): void {
  for (const id of Object.keys(actions) as ActionId[]) {
    const { method, path } = actions[id];
    const serve = (request: Request, response: Response): Promise<void> =>
      id === 'events' ? stream(context, streams, request, response) : run(context, id, request, response);
    const verb = method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    router[verb](expressPath(path), serve);
  }
}
