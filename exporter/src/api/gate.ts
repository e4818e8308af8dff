import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActionId } from '../contract/actions.ts';
import { fail, ok, type OpError, type Outcome } from '../contract/errors.ts';
import type { Role } from '../contract/operation.ts';
import type { Identity } from './auth.ts';
import type { ServerContext } from './context.ts';
import { routeOf } from './context.ts';
import { isForeign, isSafeMethod } from './origin.ts';
import { leastRole, namePerson, type Way } from './forwarded.ts';
import { addressKey, remoteAddress } from './peer.ts';

/** What a route asks of the one who calls it. */
export interface Access {
  /** Null: a route without an entry in the action table. */
  readonly action: ActionId | null;
  readonly roles: readonly Role[];
  /** Also checked on GET: streams, because a foreign page could read them as they come. */
  readonly sameOriginOnly?: boolean;
  /** Does not keep a session from idling out. */
  readonly passive?: boolean;
  /** Where it came in; default: the API itself. */
  readonly way?: Way;
}

/** Refuses what another site's page sent: writes, WebSocket upgrades and event streams. Errors: `cross_origin`. */
export function checkOrigin(context: ServerContext, request: IncomingMessage, always: boolean): Outcome<void> {
  const matters = always || !isSafeMethod(request.method) || request.headers.upgrade !== undefined;
  if (!matters || !isForeign(request, context.tls)) return ok(undefined);
  return fail('cross_origin', 'the request was sent by a page of another site');
}

/** Writes the bounded audit row of a refusal. `identity`: null where nobody was recognised. */
export async function auditDenial(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  denied: { readonly action: string | null; readonly identity: Identity | null; readonly error: OpError },
): Promise<void> {
  const { identity } = denied;
  await context.denials.record({
    actor: identity?.name ?? 'unknown',
    role: identity?.role ?? 'none',
    via: identity?.via ?? 'none',
    action: denied.action ?? `${request.method ?? ''} ${routeOf(response)}`,
    target: null,
    remote: remoteAddress(request),
    addressKey: addressKey(request),
    code: denied.error.code,
  });
}

/**
 * Origin, authentication and role, in this order. Refused writes and failed attempts are audited.
 * Errors: `cross_origin`, `unauthenticated`, `rate_limited`, `forbidden`, `identity_required`, `identity_invalid`.
 */
export async function admit(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  access: Access,
): Promise<Outcome<Identity>> {
  const { action } = access;
  const origin = checkOrigin(context, request, access.sameOriginOnly === true);
  if (!origin.ok) {
    context.app.countAuthFailure('origin', action);
    await auditDenial(context, request, response, { action, identity: null, error: origin.error });
    return origin;
  }
  const identified = await context.authenticator.identify(request, action, access.passive === true);
  if (!identified.ok) {
    const attempted = request.headers.authorization !== undefined;
    if (attempted || !isSafeMethod(request.method))
      await auditDenial(context, request, response, { action, identity: null, error: identified.error });
    return identified;
  }
  const entered = await enter(context, request, identified.value, access);
  if (entered.ok) return entered;
  const { error } = entered;
  context.app.countAuthFailure(error.code === 'forbidden' ? 'role' : 'identity', action);
  if (!isSafeMethod(request.method))
    await auditDenial(context, request, response, {
      action,
      identity: asForwarded(identified.value, access.way),
      error,
    });
  return entered;
}

/** Whoever used the token of a proxy is not the token, also where the request is refused. */
function asForwarded(identity: Identity, way: Way | undefined): Identity {
  return way?.forwarded === true && identity.via === 'token' ? { ...identity, via: 'grafana_unverified' } : identity;
}

/** The role that is left on this way in, and the person behind a proxy. Errors: `forbidden`, `identity_required`, `identity_invalid`. */
async function enter(
  context: ServerContext,
  request: IncomingMessage,
  identity: Identity,
  { way, roles, action }: Access,
): Promise<Outcome<Identity>> {
  const role =
    way === undefined ? identity.role : leastRole(identity.role, way.role, request.headers['x-genesis-role']);
  if (!roles.includes(role)) {
    const why = role === identity.role ? '' : ` (the token has ${identity.role}, this way in allows ${role})`;
    return fail('forbidden', `the role ${role} may not do this; it needs ${roles.join(' or ')}${why}`);
  }
  const capped = { ...identity, role };
  return way?.forwarded === true && identity.via === 'token'
    ? namePerson(context, request, capped, way, action)
    : ok(capped);
}
