import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { actions, type Action, type ActionId } from '../contract/actions.ts';
import { errorCatalogue, type ErrorCode } from '../contract/errors.ts';
import { Problem } from '../contract/reply-parts.ts';
import { PlanReply, replies, type ReplyShape } from '../contract/replies.ts';
import { systemRoutes, type SystemRoute } from './system-routes.ts';

type Responses = ZodOpenApiOperationObject['responses'];

const problemContent = { 'application/problem+json': { schema: Problem } };
const idempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .max(200)
    .optional()
    .describe('Printable ASCII; the same key and request is the same operation, also when sent again later.'),
});

function problems(codes: readonly ErrorCode[]): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [String(status), { description: list.join(', '), content: problemContent }]),
  ) as Responses;
}

function success(id: ActionId): Responses {
  const { status, schema, type = 'text/plain', description = 'Done' }: ReplyShape = replies[id];
  if (schema === null) return { '200': { description, content: { [type]: { schema: z.string() } } } } as Responses;
  const json = (description: string, type: z.ZodType) => ({
    description,
    content: { 'application/json': { schema: type } },
  });
  if (status !== 202) return { [String(status)]: json('Done', schema) } as Responses;
  const accepted = { '202': json('Accepted: poll the operation that Location names', schema) };
  return id === 'cancelOperation' ? accepted : { '200': json('The plan (dryRun: true)', PlanReply), ...accepted };
}

function parametersOf(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  return names.length === 0 ? undefined : z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
}

function operationOf(id: ActionId): ZodOpenApiOperationObject {
  const action: Action = actions[id];
  const path = parametersOf(action.path);
  const writes = action.method !== 'GET';
  const common: ErrorCode[] = ['bad_request', 'unauthenticated', 'forbidden', 'not_found', 'rate_limited', 'internal'];
  const onWrite: ErrorCode[] = [
    'cross_origin',
    'unsupported_media_type',
    'payload_too_large',
    'audit_unwritable',
    'operation_conflict',
    'idempotency_conflict',
    'plan_stale',
    'confirmation_required',
  ];
  return {
    operationId: id,
    summary: action.summary,
    description: `Roles: ${action.roles.join(', ')}.${action.adminWhen === undefined ? '' : ` Only admin when ${action.adminWhen}.`}`,
    security: [{ token: [] }, { session: [] }],
    requestParams: {
      ...(path === undefined ? {} : { path }),
      ...(action.query === undefined ? {} : { query: action.query as z.ZodObject }),
      ...(replies[id].status === 202 ? { header: idempotencyHeader } : {}),
    },
    ...(action.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: action.body } } } }),
    responses: { ...success(id), ...problems(writes ? [...common, ...onWrite] : common) },
  };
}

function systemOperation(id: string, route: SystemRoute): ZodOpenApiOperationObject {
  const { status, type, schema } = route.reply ?? { status: 200 as const, type: 'text/plain' };
  return {
    operationId: id,
    summary: route.summary,
    description: `Access: ${route.access}.`,
    security: route.roles === null ? [] : [{ token: [] }, { session: [] }],
    ...(route.query === undefined ? {} : { requestParams: { query: route.query } }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      [String(status)]: { description: 'Done', content: { [type]: { schema: schema ?? z.string() } } },
      ...problems(
        route.roles === null
          ? ['rate_limited', 'internal']
          : ['unauthenticated', 'forbidden', 'rate_limited', 'internal'],
      ),
    } as Responses,
  };
}

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** OpenAPI 3.1, made from the schemas that also check every request. Pure. */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  const add = (path: string, method: string, operation: ZodOpenApiOperationObject): void => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation };
  };
  for (const id of Object.keys(actions) as ActionId[])
    add(`/api/v1${actions[id].path}`, actions[id].method, operationOf(id));
  for (const [id, route] of Object.entries<SystemRoute>(systemRoutes))
    add(route.path, route.method, systemOperation(id, route));
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Genesis DR',
      version,
      description: 'Backups, verified restores and drills: what is known, and the guarded actions.',
    },
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token made by `genesis token create`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'genesis_<random>',
          description: 'Set by a login link; the name is random for each home.',
        },
      },
    },
  });
}
