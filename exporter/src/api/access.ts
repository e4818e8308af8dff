import type { Request, Response, Router } from 'express';
import { fail, ok, type OpError, type Outcome } from '../contract/errors.ts';
import { readBody, expectNoBody } from './body.ts';
import { labelRoute, type ServerContext } from './context.ts';
import { admit, auditDenial, checkOrigin } from './gate.ts';
import { toJson } from './errors.ts';
import { isFromLoopback, remoteAddress } from './peer.ts';
import { loginLinkOwner, readCookie, sessionCookie, type SessionOwner } from './sessions.ts';
import { LoginBody, systemRoutes } from './system-routes.ts';

/** The value, or the failure thrown for the error handler to answer. */
export function orThrow<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

export function sendJson(response: Response, status: number, body: unknown): void {
  response.status(status).type('application/json').send(toJson(body));
}

async function refuse(
  context: ServerContext,
  request: Request,
  response: Response,
  action: string,
  error: OpError,
): Promise<never> {
  await auditDenial(context, request, response, { action, identity: null, error });
  throw error;
}

/** Only from this machine: whoever is here could read the token files anyway, somebody at another machine could not. */
function ownerOfCode(context: ServerContext, request: Request, code: string): Outcome<SessionOwner> {
  if (!isFromLoopback(request)) {
    context.app.countAuthFailure('login', null);
    return fail('forbidden', 'login links work only in a browser on the machine that runs genesis');
  }
  return context.loginCodes.redeem(code) ? ok(loginLinkOwner) : context.authenticator.refuse(request, 'login', null);
}

/** What a program may send with every request, a person may type once. Errors: `unauthenticated`, `rate_limited`, `forbidden`. */
async function ownerOfToken(context: ServerContext, request: Request, token: string): Promise<Outcome<SessionOwner>> {
  const owner = await context.authenticator.ownerOfToken(token);
  if (owner === null) return context.authenticator.refuse(request, 'token', null);
  if (owner.role !== 'metrics') return ok(owner);
  context.app.countAuthFailure('role', null);
  return fail('forbidden', 'a token of the role metrics reads /metrics only');
}

async function login(context: ServerContext, request: Request, response: Response): Promise<void> {
  labelRoute(response, systemRoutes.login.path);
  const origin = checkOrigin(context, request, false);
  if (!origin.ok) {
    context.app.countAuthFailure('origin', null);
    await refuse(context, request, response, 'login', origin.error);
  }
  const { code, token } = await readBody(request, response, LoginBody);
  const owned =
    code === undefined ? await ownerOfToken(context, request, token ?? '') : ownerOfCode(context, request, code);
  if (!owned.ok) return refuse(context, request, response, 'login', owned.error);
  const owner = owned.value;
  await noteLogin(context, request, owner);
  const options = { tls: context.tls, maxSeconds: context.app.config().api.session_max };
  response.setHeader('Set-Cookie', sessionCookie(context.cookieName(), context.sessions.create(owner), options));
  sendJson(response, 200, { role: owner.role });
}

async function noteLogin(context: ServerContext, request: Request, owner: SessionOwner): Promise<void> {
  const who = { actor: owner.name, role: owner.role, via: 'session', remote: remoteAddress(request) };
  try {
    await context.app.audit({
      ...who,
      action: 'login',
      service: null,
      target: null,
      result: 'succeeded',
      reason: null,
      operationId: null,
      details: null,
    });
  } catch (thrown) {
    // With the audit log down every action is refused, but the operator must still be able to look what is wrong.
    context.app.log.error('a login could not be audited', { error: String(thrown) });
  }
}

async function logout(context: ServerContext, request: Request, response: Response): Promise<void> {
  labelRoute(response, systemRoutes.logout.path);
  orThrow(checkOrigin(context, request, false));
  await readBody(request, response, systemRoutes.logout.body);
  const secret = readCookie(request.headers.cookie, context.cookieName());
  if (secret !== null) context.sessions.end(secret);
  response.setHeader('Set-Cookie', sessionCookie(context.cookieName(), null, { tls: context.tls, maxSeconds: 0 }));
  sendJson(response, 200, { loggedOut: true });
}

async function createLoginCode(context: ServerContext, request: Request, response: Response): Promise<void> {
  labelRoute(response, systemRoutes.loginCodes.path);
  const identity = orThrow(
    await admit(context, request, response, { action: null, roles: systemRoutes.loginCodes.roles }),
  );
  // A session may not prolong itself beyond its longest time by links it makes for itself.
  if (identity.via !== 'token' || !isFromLoopback(request)) {
    const error = fail('forbidden', 'login links are made with an admin token, on the machine that runs genesis');
    if (!error.ok) await refuse(context, request, response, 'login-codes', error.error);
  }
  await readBody(request, response, systemRoutes.loginCodes.body);
  const { code, expiresAt } = context.loginCodes.create();
  sendJson(response, 201, { code, url: `${context.url()}/login#code=${code}`, expiresAt });
}

async function reload(context: ServerContext, request: Request, response: Response): Promise<void> {
  labelRoute(response, systemRoutes.reload.path);
  const identity = orThrow(await admit(context, request, response, { action: null, roles: systemRoutes.reload.roles }));
  await expectNoBody(request, response);
  const { name, role, via } = identity;
  const options = {
    actor: { name, role, via },
    remote: remoteAddress(request),
    reason: null,
    confirm: null,
    planEtag: null,
    idempotencyKey: null,
  };
  orThrow(await context.app.reload(options));
  sendJson(response, 200, { reloaded: true });
}

export function addAccessRoutes(router: Router, context: ServerContext): void {
  router.post(systemRoutes.login.path, (request, response) => login(context, request, response));
  router.post(systemRoutes.logout.path, (request, response) => logout(context, request, response));
  router.post(systemRoutes.loginCodes.path, (request, response) => createLoginCode(context, request, response));
  router.post(systemRoutes.reload.path, (request, response) => reload(context, request, response));
}
