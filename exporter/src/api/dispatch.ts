import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { actions, type ActionId } from '../contract/actions.ts';
import type { Action } from '../contract/actions.ts';
import { toOpError, type Outcome } from '../contract/errors.ts';
import { orThrow, sendJson } from './access.ts';
import {
  checkAnnouncedLength,
  expectNoBody,
  hasBody,
  parseAs,
  readBody,
  readIdempotencyKey,
  readQuery,
} from './body.ts';
import { labelRoute, type ServerContext } from './context.ts';
import type { EventStreams } from './events.ts';
import type { Way } from './forwarded.ts';
import { admit } from './gate.ts';
import { remoteAddress } from './peer.ts';
import type { Call, Reply, ReplyFile } from './routes/call.ts';
import { handlers } from './routes/registry.ts';

/** A contract path as express writes it, below `base`. */
export function expressPath(path: string, base = '/api/v1'): string {
  return `${base}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}

function paramsOf(request: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)]));
}

const Nothing = z.strictObject({});
const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

interface Sent {
  readonly body: unknown;
  readonly query: unknown;
}

/** Behind a proxy every write says that it is JSON, also one that has nothing to say: a foreign page's form cannot. */
async function readForwarded(action: Action, way: Way, request: Request, response: Response): Promise<Sent> {
  if (way.prefix === 'read')
    return { query: readQuery(request, action.query), body: await expectNoBody(request, response) };
  readQuery(request, undefined);
  if (!way.queryInBody) return { query: {}, body: await readBody(request, response, action.body ?? Nothing) };
  const parameters = Object.entries(await readBody(request, response, Parameters));
  const texts = Object.fromEntries(parameters.map(([name, value]) => [name, String(value)]));
  return { body: undefined, query: parseAs(action.query ?? Nothing, texts, 'query') };
}

async function readSent(action: Action, request: Request, response: Response): Promise<Sent> {
  const query = readQuery(request, action.query);
  if (action.body === undefined) return { query, body: await expectNoBody(request, response) };
  // Many programs cannot send a body with DELETE; the schema says whether it may be missing.
  if (action.method === 'DELETE' && !hasBody(request)) return { query, body: parseAs(action.body, {}, 'body') };
  return { query, body: await readBody(request, response, action.body) };
}

async function run(
  context: ServerContext,
  id: Exclude<ActionId, 'events'>,
  way: Way | undefined,
  request: Request,
  response: Response,
): Promise<void> {
  const action: Action = actions[id];
  labelRoute(response, way?.template ?? `/api/v1${action.path}`);
  const tooLarge = checkAnnouncedLength(request);
  if (tooLarge !== null) throw tooLarge;
  const access = { action: id, roles: action.roles, ...(way === undefined ? {} : { way }) };
  const identity = orThrow(await admit(context, request, response, access));
  const { query, body } =
    way === undefined ? await readSent(action, request, response) : await readForwarded(action, way, request, response);
  const call = {
    app: context.app,
    identity,
    params: paramsOf(request),
    body,
    query,
    remote: remoteAddress(request),
    idempotencyKey: readIdempotencyKey(request),
    url: way?.queryInBody === true ? null : request.originalUrl,
  };
  // Body and query were parsed with this action's own schemas, which the compiler cannot follow through the table.
  const handle = handlers[id] as (call: unknown) => Promise<Outcome<Reply>>;
  const reply = orThrow(await handle(call satisfies Omit<Call, 'body' | 'query'> & { body: unknown; query: unknown }));
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.file === undefined) sendJson(response, reply.status, reply.body);
  else await sendFile(context, request, response, reply.file);
}

/** Chunk by chunk at the client's pace. What fails on the way cuts the connection: a shortened file must not look whole. */
async function sendFile(context: ServerContext, request: Request, response: Response, file: ReplyFile): Promise<void> {
  response.status(200).type(file.type);
  response.setHeader('Content-Disposition', `attachment; filename="${file.name}"`);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(file.chunks), response);
  } catch (thrown) {
    response.destroy();
    const { code } = toOpError(thrown);
    context.app.log.debug('a file was not sent whole', { name: file.name, code });
  }
}

async function stream(
  context: ServerContext,
  streams: EventStreams,
  way: Way | undefined,
  request: Request,
  response: Response,
): Promise<void> {
  const { path, roles } = actions.events;
  labelRoute(response, way?.template ?? `/api/v1${path}`);
  const access = { action: 'events', roles, sameOriginOnly: true, passive: true } as const;
  const identity = orThrow(await admit(context, request, response, way === undefined ? access : { ...access, way }));
  readQuery(request, undefined);
  if (request.method === 'HEAD') {
    response.status(200).type('text/event-stream').end();
    return;
  }
  orThrow(streams.open(request, response, identity));
}

/** Serves one action on one way in; `way` undefined: /api/v1 itself. */
export function actionRoute(context: ServerContext, streams: EventStreams, id: ActionId, way?: Way) {
  return (request: Request, response: Response): Promise<void> =>
    id === 'events' ? stream(context, streams, way, request, response) : run(context, id, way, request, response);
}

/** Every route of the action table. */
export function addActionRoutes(router: Router, context: ServerContext, streams: EventStreams): void {
  for (const id of Object.keys(actions) as ActionId[]) {
    const { method, path } = actions[id];
    const verb = method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    router[verb](expressPath(path), actionRoute(context, streams, id));
  }
}
