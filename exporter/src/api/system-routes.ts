import { z } from 'zod';
import type { Role } from '../contract/operation.ts';
import { LoginCodeReply } from '../contract/replies.ts';
import { SlaAnswers } from '../contract/sla.ts';

/** A route outside the action table: probes, login, reload, documents. */
export interface SystemRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Null: no token needed. */
  readonly roles: readonly Role[] | null;
  readonly access: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly reply?: { readonly status: 200 | 201 | 303; readonly type: string; readonly schema?: z.ZodType };
}

/** Exactly as long as a code can be: 32 bytes as base64url. */
const LoginCode = z.string().regex(/^[A-Za-z0-9_-]{43}$/, { error: 'is not a code of a login link' });
const LoginToken = z.string().regex(/^[\x21-\x7e]{1,512}$/, { error: 'is not a token' });
export const LoginBody = z
  .strictObject({ code: LoginCode.optional(), token: LoginToken.optional() })
  .refine(({ code, token }) => (code === undefined) !== (token === undefined), {
    error: 'give either the code of a login link or a token',
  });
const Nothing = z.strictObject({});

export const systemRoutes = {
  healthz: {
    method: 'GET',
    path: '/healthz',
    roles: null,
    access: 'open; says more on loopback',
    summary: 'The process answers',
    reply: {
      status: 200,
      type: 'application/json',
      schema: z.object({ status: z.literal('ok'), version: z.string().optional() }),
    },
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    roles: null,
    access: 'open; says the reasons on loopback',
    summary: 'Observed once, and the audit log can be written; else 503',
    reply: {
      status: 200,
      type: 'application/json',
      schema: z.object({ ready: z.boolean(), reasons: z.array(z.string()).optional() }),
    },
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    roles: ['metrics', 'viewer', 'operator', 'admin'],
    access: 'open on loopback or with metrics.open, else any token',
    summary: 'Prometheus exposition',
    reply: { status: 200, type: 'text/plain' },
  },
  reload: {
    method: 'POST',
    path: '/-/reload',
    roles: ['admin'],
    access: 'token or session',
    summary: 'Read genesis.yaml again; a bad file keeps the old configuration',
    reply: { status: 200, type: 'application/json', schema: z.object({ reloaded: z.literal(true) }) },
  },
  documentedSla: {
    method: 'GET',
    path: '/api/sla',
    roles: ['viewer', 'operator', 'admin'],
    access: 'token or session',
    summary: 'Service levels now, by name, of the worst service (or of `service`); /api/v1/sla says more',
    query: z.strictObject({ service: z.string().min(1).max(63).optional() }),
    reply: { status: 200, type: 'application/json', schema: SlaAnswers },
  },
  login: {
    method: 'POST',
    path: '/api/v1/login',
    roles: null,
    access: 'a code on loopback only, a token from everywhere',
    summary: 'Exchange the code of a login link, or a token, for a session cookie',
    body: LoginBody,
    reply: {
      status: 200,
      type: 'application/json',
      schema: z.object({ role: z.enum(['viewer', 'operator', 'admin']) }),
    },
  },
  logout: {
    method: 'POST',
    path: '/api/v1/logout',
    roles: null,
    access: 'the session itself',
    summary: 'End the session',
    body: Nothing,
    reply: { status: 200, type: 'application/json', schema: z.object({ loggedOut: z.literal(true) }) },
  },
  loginCodes: {
    method: 'POST',
    path: '/api/v1/login-codes',
    roles: ['admin'],
    access: 'token, loopback only',
    summary: 'A new login link',
    body: Nothing,
    reply: { status: 201, type: 'application/json', schema: LoginCodeReply },
  },
  openapi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    roles: null,
    access: 'open',
    summary: 'This description as OpenAPI 3.1',
    reply: { status: 200, type: 'application/json', schema: z.record(z.string(), z.unknown()) },
  },
  docs: {
    method: 'GET',
    path: '/api/docs',
    roles: null,
    access: 'open',
    summary: 'This description as a page',
    reply: { status: 200, type: 'text/html' },
  },
  start: {
    method: 'GET',
    path: '/',
    roles: null,
    access: 'open',
    summary: 'Leads to the console, or to the status page where the console is not built',
    reply: { status: 303, type: 'text/plain' },
  },
  console: {
    method: 'GET',
    path: '/console',
    roles: ['viewer', 'operator', 'admin'],
    access: 'session; else it leads to /login',
    summary: 'The console: the pages of the Grafana app without Grafana',
    reply: { status: 200, type: 'text/html' },
  },
  statusPage: {
    method: 'GET',
    path: '/status',
    roles: ['viewer', 'operator', 'admin'],
    access: 'session or token; else it leads to /login',
    summary: 'The status page, which needs no JavaScript',
    reply: { status: 200, type: 'text/html' },
  },
  loginPage: {
    method: 'GET',
    path: '/login',
    roles: null,
    access: 'open',
    summary: 'How to log in; login links lead here',
    reply: { status: 200, type: 'text/html' },
  },
} as const satisfies Record<string, SystemRoute>;
