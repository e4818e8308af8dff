import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ActionId } from '../contract/actions.ts';
import { fail, ok, type OpError, type Outcome } from '../contract/errors.ts';
import type { ActorVia, Role } from '../contract/operation.ts';
import type { Clock } from '../ports/index.ts';
import type { App } from '../runtime/app.ts';
import type { TokenRow } from '../store/port.ts';
import { addressKey } from './peer.ts';
import { hashSecret, readCookie, type SessionOwner, type Sessions } from './sessions.ts';

const windowMs = 60_000;
const maxAddresses = 10_000;
/** Sent by pages that renew themselves while nobody is there. It can only shorten the sender's own session. */
const passiveHeader = 'x-genesis-passive';
/** The same for a missing, unknown, expired and revoked credential, so that nothing is learned from it. */
const unauthenticatedText = 'a valid token or login session is needed';
const badCodeText = 'this login link was used already, is older than ten minutes, or was made before a restart';

export interface Identity {
  readonly name: string;
  readonly role: Role;
  readonly via: ActorVia;
  /** The person's id at Grafana (`user:<id>`) where its signature was checked. */
  readonly subject?: string;
  /** Why the person behind Grafana is not proven; null where nobody had to be or somebody was. */
  readonly unproven?: OpError | null;
  /** Asked again while a stream is open. */
  stillValid(): Promise<boolean>;
}

/** Failed attempts by address in windows of one minute, bounded in memory. */
export interface AttemptLimiter {
  /** Counts one failure; how many seconds to wait when there were more than `limit`, else null. */
  fail(address: string, limit: number): number | null;
}

export function createAttemptLimiter(clock: Clock): AttemptLimiter {
  const windows = new Map<string, { readonly startMs: number; count: number }>();
  return {
    fail(address, limit) {
      const nowMs = clock.now().getTime();
      let window = windows.get(address);
      // A clock that was set back must not keep an address out: such a window is over, too.
      if (window === undefined || nowMs - window.startMs >= windowMs || nowMs < window.startMs) {
        windows.delete(address);
        const oldest = windows.keys().next();
        if (windows.size >= maxAddresses && oldest.done !== true) windows.delete(oldest.value);
        window = { startMs: nowMs, count: 0 };
        windows.set(address, window);
      }
      window.count += 1;
      return window.count > limit ? Math.max(1, Math.ceil((window.startMs + windowMs - nowMs) / 1000)) : null;
    },
  };
}

export interface Authenticator {
  /** Who sends this request. Errors: `unauthenticated`, `rate_limited`. `passive`: does not keep a session from idling out. */
  identify(request: IncomingMessage, action: ActionId | null, passive: boolean): Promise<Outcome<Identity>>;
  /** Whose session a typed token opens; null when the token is not alive. */
  ownerOfToken(secret: string): Promise<SessionOwner | null>;
  /** Counts a failed attempt; the failure to answer with. */
  refuse(request: IncomingMessage, kind: 'token' | 'login', action: ActionId | null): Outcome<never>;
}

function isLive(row: TokenRow, now: Date): boolean {
  return row.revokedAt === null && (row.expiresAt === null || new Date(row.expiresAt).getTime() > now.getTime());
}

function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

export function createAuthenticator(app: App, sessions: Sessions, cookieName: () => string): Authenticator {
  const limiter = createAttemptLimiter(app.clock);
  const touchedMs = new Map<string, number>();

  /** At most once a minute and token: a write for every request would cost a disk flush each. */
  const touch = (row: TokenRow, now: Date): void => {
    if (now.getTime() - (touchedMs.get(row.id) ?? -Infinity) < windowMs) return;
    touchedMs.set(row.id, now.getTime());
    app.store.tokens.touch(row.id, now.toISOString()).catch((thrown: unknown) => {
      app.log.warn('the last use of a token could not be noted', { token: row.name, error: String(thrown) });
    });
  };

  const liveToken = async (hash: string): Promise<TokenRow | null> => {
    const row = await app.store.tokens.byHash(hash);
    return row !== null && sameHash(row.hash, hash) && isLive(row, app.clock.now()) ? row : null;
  };

  const refuse = (request: IncomingMessage, kind: 'token' | 'login', action: ActionId | null): Outcome<never> => {
    app.countAuthFailure(kind, action);
    // Only failures are limited: a good credential always passes, so nobody can lock an operator out in a disaster by
    // sending bad ones from the same address. Guessing 256 random bits is hopeless either way.
    const wait = limiter.fail(addressKey(request), app.config().api.failed_logins_per_minute);
    if (wait === null) return fail('unauthenticated', kind === 'login' ? badCodeText : unauthenticatedText);
    return fail('rate_limited', 'too many failed attempts from this address', {
      retryable: true,
      details: { retryAfterSeconds: wait },
    });
  };

  /** A session that a token opened ends when the token is revoked or expires. */
  const liveOwner = async (secret: string, use: boolean): Promise<SessionOwner | null> => {
    const owner = sessions.ownerOf(secret, use);
    if (owner === null || owner.tokenHash === null || (await liveToken(owner.tokenHash)) !== null) return owner;
    sessions.end(secret);
    return null;
  };

  const identify = async (
    request: IncomingMessage,
    action: ActionId | null,
    passive: boolean,
  ): Promise<Outcome<Identity>> => {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const secret = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
      const hash = secret === undefined ? null : hashSecret(secret);
      const row = hash === null ? null : await liveToken(hash);
      if (hash === null || row === null) return refuse(request, 'token', action);
      touch(row, app.clock.now());
      return ok({
        name: row.name,
        role: row.role,
        via: 'token',
        stillValid: async () => (await liveToken(hash)) !== null,
      });
    }
    // An unknown session is no attack: every restart makes the open pages' sessions unknown. It is refused, not counted.
    const secret = readCookie(request.headers.cookie, cookieName());
    const watching = passive || request.headers[passiveHeader] !== undefined;
    const owner = secret === null ? null : await liveOwner(secret, !watching);
    if (secret === null || owner === null) return fail('unauthenticated', unauthenticatedText);
    const stillValid = async (): Promise<boolean> => (await liveOwner(secret, false)) !== null;
    return ok({ name: owner.name, role: owner.role, via: 'session', stillValid });
  };

  const ownerOfToken = async (secret: string): Promise<SessionOwner | null> => {
    const hash = hashSecret(secret);
    const row = await liveToken(hash);
    return row === null ? null : { name: row.name, role: row.role, tokenHash: hash };
  };

  return { identify, ownerOfToken, refuse };
}
