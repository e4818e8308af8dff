import { createHash } from 'node:crypto';
import type { IsoTime } from '../contract/observed.ts';
import type { Role } from '../contract/operation.ts';
import type { Clock, Random } from '../ports/index.ts';

const codeLifetimeMs = 10 * 60_000;
const maxCodes = 16;
const maxSessions = 100;

/** SHA-256, hex. The secrets hashed here have 256 random bits, so a plain hash is enough. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** One-time codes of login links. Only their hashes are kept, in memory: a restart makes them void. */
export interface LoginCodes {
  /** A new code: 32 random bytes as base64url, good once and for ten minutes. */
  create(): { readonly code: string; readonly expiresAt: IsoTime };
  /** True once for a code that is still good. */
  redeem(code: string): boolean;
}

export function createLoginCodes(deps: { readonly clock: Clock; readonly random: Random }): LoginCodes {
  const expiryByHash = new Map<string, number>();
  const forgetExpired = (nowMs: number): void => {
    for (const [hash, expiresMs] of expiryByHash) if (expiresMs <= nowMs) expiryByHash.delete(hash);
  };
  return {
    create() {
      const expiresMs = deps.clock.now().getTime() + codeLifetimeMs;
      forgetExpired(expiresMs - codeLifetimeMs);
      const oldest = expiryByHash.keys().next();
      if (expiryByHash.size >= maxCodes && oldest.done !== true) expiryByHash.delete(oldest.value);
      const code = deps.random.bytes(32).toString('base64url');
      expiryByHash.set(hashSecret(code), expiresMs);
      return { code, expiresAt: new Date(expiresMs).toISOString() };
    },
    redeem(code) {
      forgetExpired(deps.clock.now().getTime());
      return expiryByHash.delete(hashSecret(code));
    },
  };
}

export interface SessionLimits {
  readonly idleSeconds: number;
  readonly maxSeconds: number;
}

/** For whom a session stands. */
export interface SessionOwner {
  readonly name: string;
  readonly role: Role;
  /** Hash of the token that was typed in, so that the session ends with it; null for a login link. */
  readonly tokenHash: string | null;
}

/** A login link works on loopback only, for somebody who could read the admin token's file anyway. */
export const loginLinkOwner: SessionOwner = { name: 'login-link', role: 'admin', tokenHash: null };

interface Session {
  readonly owner: SessionOwner;
  readonly createdMs: number;
  lastUsedMs: number;
}

/** Browser sessions, server-side and in memory. */
export interface Sessions {
  /** The secret that goes into the cookie. */
  create(owner: SessionOwner): string;
  /** Null when it is not alive; `use` starts its idle time anew. */
  ownerOf(secret: string, use: boolean): SessionOwner | null;
  end(secret: string): void;
}

export function createSessions(deps: {
  readonly clock: Clock;
  readonly random: Random;
  /** Asked each time, so that a reload counts. */
  readonly limits: () => SessionLimits;
}): Sessions {
  const byHash = new Map<string, Session>();
  const isAlive = (session: Session, nowMs: number): boolean => {
    const { idleSeconds, maxSeconds } = deps.limits();
    return nowMs - session.lastUsedMs < idleSeconds * 1000 && nowMs - session.createdMs < maxSeconds * 1000;
  };
  return {
    create(owner) {
      const nowMs = deps.clock.now().getTime();
      for (const [hash, session] of byHash) if (!isAlive(session, nowMs)) byHash.delete(hash);
      const oldest = byHash.keys().next();
      if (byHash.size >= maxSessions && oldest.done !== true) byHash.delete(oldest.value);
      const secret = deps.random.bytes(32).toString('base64url');
      byHash.set(hashSecret(secret), { owner, createdMs: nowMs, lastUsedMs: nowMs });
      return secret;
    },
    ownerOf(secret, use) {
      const hash = hashSecret(secret);
      const session = byHash.get(hash);
      if (session === undefined) return null;
      const nowMs = deps.clock.now().getTime();
      if (!isAlive(session, nowMs)) {
        byHash.delete(hash);
        return null;
      }
      if (use) session.lastUsedMs = nowMs;
      return session.owner;
    },
    end(secret) {
      byHash.delete(hashSecret(secret));
    },
  };
}

/** One cookie out of a Cookie header; null when it is not there. */
export function readCookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return null;
}

/** The Set-Cookie header; `secret: null` removes the cookie. */
export function sessionCookie(
  name: string,
  secret: string | null,
  options: { readonly tls: boolean; readonly maxSeconds: number },
): string {
  const age = secret === null ? 0 : Math.floor(options.maxSeconds);
  return `${name}=${secret ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${options.tls ? '; Secure' : ''}`;
}

/** The cookie's name, random once a home: several homes on one machine share the host name and must not share cookies. */
export async function cookieNameOf(deps: {
  readonly facts: { get(name: string): Promise<string | null>; set(name: string, value: string): Promise<void> };
  readonly random: Random;
}): Promise<string> {
  const kept = await deps.facts.get('session_cookie_name');
  if (kept !== null && /^genesis_[0-9a-f]{16}$/.test(kept)) return kept;
  const name = `genesis_${deps.random.hex(8)}`;
  await deps.facts.set('session_cookie_name', name);
  return name;
}
