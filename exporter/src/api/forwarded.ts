import type { IncomingMessage } from 'node:http';
import type { ActionId } from '../contract/actions.ts';
import { fail, ok, type OpError, type Outcome } from '../contract/errors.ts';
import { roles, type Role } from '../contract/operation.ts';
import type { GrafanaPrefix } from '../contract/routes.ts';
import type { Identity } from './auth.ts';
import type { ServerContext } from './context.ts';

/** How a request came in when not by /api/v1: through Grafana's proxy, or from the console's pages at the same address. */
export interface Way {
  readonly prefix: GrafanaPrefix;
  /** The most that the prefix may do. */
  readonly role: Role;
  /** Grafana passed it on: a token speaks for it, and a person may be named by Grafana's signature. */
  readonly forwarded: boolean;
  /** The query's parameters are the JSON body. */
  readonly queryInBody: boolean;
  /** Template of the whole path, for the metrics. */
  readonly template: string;
}

const ranks: Readonly<Record<Role, number>> = { metrics: 0, viewer: 1, operator: 2, admin: 3 };
const quietMs = 60_000;

/** The least of the credential's role, the prefix's and the header's; a header that names no role leaves none. */
export function leastRole(own: Role, prefix: Role, header: string | readonly string[] | undefined): Role {
  const least = ranks[own] <= ranks[prefix] ? own : prefix;
  if (header === undefined) return least;
  const named = roles.find((role) => role === header) ?? 'metrics';
  return ranks[named] < ranks[least] ? named : least;
}

const lastLogged = new WeakMap<ServerContext, Map<string, number>>();

/** One line a minute and code: a Grafana whose keys cannot be had would otherwise fill the log with each click. */
function logUnproven(context: ServerContext, error: OpError): void {
  const logged = lastLogged.get(context) ?? new Map<string, number>();
  lastLogged.set(context, logged);
  const nowMs = +context.app.clock.now();
  if (nowMs - (logged.get(error.code) ?? -Infinity) < quietMs) return;
  logged.set(error.code, nowMs);
  context.app.log.warn('the person behind a request of Grafana is not proven', {
    code: error.code,
    reason: error.message,
  });
}

/**
 * The identity with the person's name in it, where Grafana's signature proves it. Reads need none; in the mode `require` a
 * write without one is refused, but for `me`, which tells what is wrong. Errors: `identity_required`, `identity_invalid`.
 */
export async function namePerson(
  context: ServerContext,
  request: IncomingMessage,
  identity: Identity,
  way: Way,
  action: ActionId | null,
): Promise<Outcome<Identity>> {
  const { app } = context;
  const mode = app.config().grafana.identity;
  const unverified: Identity = { ...identity, via: 'grafana_unverified' };
  const isTrial = action === 'me';
  if (mode === 'off' || (way.prefix === 'read' && !isTrial)) return ok(unverified);
  const header = request.headers['x-grafana-id'];
  const person =
    typeof header === 'string' && header !== ''
      ? await app.provePerson(header)
      : fail('identity_required', 'Grafana names no person in this request (X-Grafana-Id is missing)');
  if (person.ok) {
    const { name, subject } = person.value;
    return ok({ ...identity, name, subject, via: 'grafana' });
  }
  if (isTrial) return ok({ ...unverified, unproven: person.error });
  logUnproven(context, person.error);
  if (mode === 'require') return person;
  app.countAuthFailure('identity', action);
  return ok({ ...unverified, unproven: person.error });
}
