import type { JSONWebKeySet, JWTPayload } from 'jose';
import { z } from 'zod';
import type { GrafanaServer } from '../config/schema-grafana.ts';
import { fail, ok, OpError, type Outcome } from '../contract/errors.ts';
import type { Clock, HttpFetch } from '../ports/index.ts';
import { readBounded, reasonOf } from './read-bounded.ts';

/** A person whom Grafana's signature names. */
export interface Person {
  /** `Ada Lovelace (ada)`: name and login. */
  readonly name: string;
  /** Grafana's own id: `user:<id>`. */
  readonly subject: string;
}

type Jose = typeof import('jose');

/** Errors: `identity_invalid`, with what is wrong. */
export type ProvePerson = (token: string) => Promise<Outcome<Person>>;

const freshMs = 60 * 60_000;
const refetchMs = 60_000;
const retryMs = 5000;
const timeoutMs = 5000;
const longestKeysBytes = 256 * 1024;
const longestTokenChars = 8192;
const clockToleranceSeconds = 30;

const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).nullable() });
const Claims = z.object({
  sub: z.string().regex(/^user:[A-Za-z0-9_-]{1,64}$/),
  type: z.literal('user'),
  username: z.string().min(1),
  name: z.string().optional(),
});

/**
 * Checks X-Grafana-Id: ES256, Grafana's published keys, issuer, organisation, expiry, and that it names a person. A token holds for
 * ten minutes and is bound to no request, so it never stands in for the token of the proxy's route.
 */
export function createPersonProver(settings: () => GrafanaServer, fetch: HttpFetch, clock: Clock): ProvePerson {
  const keysOf = createKeyCache(settings, fetch, clock);
  return async (token) => {
    if (token.length > longestTokenChars) return invalid('X-Grafana-Id is too long');
    // Most servers stand behind no Grafana: its 46 modules are loaded where one does.
    const jose = await import('jose');
    try {
      const kid = keyIdOf(jose, token);
      const keys = await keysOf(kid);
      if (!keys.ok) return keys;
      const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet(keys.value), expected(settings(), clock));
      return personOf(payload);
    } catch (thrown) {
      return invalid(`X-Grafana-Id is not valid: ${whyOf(jose, thrown)}`);
    }
  };
}

function invalid(message: string): Outcome<never> {
  return fail('identity_invalid', message);
}

function keyIdOf(jose: Jose, token: string): string {
  const { alg, kid } = jose.decodeProtectedHeader(token);
  // Before any key is looked for: `none` and the symmetric ones are never tried with a public key.
  if (alg !== 'ES256') throw new OpError('identity_invalid', `its algorithm is ${String(alg).slice(0, 20)}, not ES256`);
  if (typeof kid !== 'string' || kid === '') throw new OpError('identity_invalid', 'it names no key');
  return kid;
}

function expected({ root_url: rootUrl, url, org_id: orgId }: GrafanaServer, clock: Clock) {
  const root = (rootUrl ?? url ?? '').replace(/\/+$/, '');
  return {
    algorithms: ['ES256'],
    issuer: [root, `${root}/`],
    audience: `org:${orgId}`,
    requiredClaims: ['exp', 'sub', 'aud', 'iss'],
    clockTolerance: clockToleranceSeconds,
    currentDate: clock.now(),
  };
}

function whyOf({ errors }: Jose, thrown: unknown): string {
  if (thrown instanceof errors.JWTExpired) return 'it has expired';
  if (thrown instanceof errors.JWTClaimValidationFailed) return `its ${thrown.claim} is not the expected one`;
  if (thrown instanceof errors.JWKSNoMatchingKey) return 'it is signed with a key that Grafana does not publish';
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (thrown instanceof OpError) return thrown.message;
  return thrown instanceof errors.JOSEError || thrown instanceof TypeError ? 'it cannot be read' : reasonOf(thrown);
}

function personOf(payload: JWTPayload): Outcome<Person> {
  const claims = Claims.safeParse(payload);
  if (!claims.success) {
    const type = typeof payload['type'] === 'string' ? payload['type'].slice(0, 30) : 'something else';
    return invalid(
      type === 'user' ? 'X-Grafana-Id names nobody' : `X-Grafana-Id is of the type ${type}, not of a person`,
    );
  }
  const { sub, username, name } = claims.data;
  const login = plain(username);
  return ok({ name: `${plain(name ?? '') || login} (${login})`, subject: sub });
}

/** People choose these texts: nothing in them may look like another name's end, or turn a line around in a terminal. */
function plain(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll('(', '[')
    .replaceAll(')', ']')
    .trim()
    .slice(0, 100);
}

interface Cached {
  readonly address: string;
  readonly keys: JSONWebKeySet;
  readonly atMs: number;
}

/**
 * Keys are read once an hour, and for one that is not among them at most once a minute more, whoever asks with what. A Grafana that
 * does not answer is asked again after five seconds.
 */
function createKeyCache(
  settings: () => GrafanaServer,
  fetch: HttpFetch,
  clock: Clock,
): (kid: string) => Promise<Outcome<JSONWebKeySet>> {
  let cached: Cached | null = null;
  let failed: { readonly address: string; readonly error: OpError; readonly atMs: number } | null = null;
  let asking: { readonly address: string; readonly answer: Promise<Outcome<JSONWebKeySet>> } | null = null;

  const ask = async (address: string): Promise<Outcome<JSONWebKeySet>> => {
    const answer = await readKeys(address, fetch);
    const atMs = +clock.now();
    if (answer.ok) [cached, failed] = [{ address, keys: answer.value, atMs }, null];
    else failed = { address, error: answer.error, atMs };
    return answer;
  };

  return async (kid) => {
    const { url } = settings();
    if (url === null) return invalid('grafana.url is not set, so its keys cannot be read');
    const address = `${url.replace(/\/+$/, '')}/api/signing-keys/keys`;
    const ageMs = cached?.address === address ? +clock.now() - cached.atMs : Infinity;
    const known = cached !== null && ageMs >= 0 && ageMs < freshMs ? cached.keys : null;
    if (known !== null && (known.keys.some((key) => key.kid === kid) || ageMs < refetchMs)) return ok(known);
    const sinceFailureMs = failed?.address === address ? +clock.now() - failed.atMs : Infinity;
    if (failed !== null && sinceFailureMs >= 0 && sinceFailureMs < (known === null ? retryMs : refetchMs))
      return known === null ? { ok: false, error: failed.error } : ok(known);
    if (asking?.address !== address) asking = { address, answer: ask(address).finally(() => void (asking = null)) };
    const answer = await asking.answer;
    return answer.ok || known === null ? answer : ok(known);
  };
}

async function readKeys(address: string, fetch: HttpFetch): Promise<Outcome<JSONWebKeySet>> {
  const unreadable = (why: string): Outcome<never> => invalid(`the keys of Grafana cannot be read: ${why}`);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(address, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      const hint = response.status >= 300 && response.status < 400 ? ' (redirects are not followed)' : '';
      return unreadable(`${address} answered ${response.status}${hint}`);
    }
    const text = await readBounded(response, longestKeysBytes);
    if (text === null) return unreadable('the answer is too long');
    const parsed = Keys.safeParse(JSON.parse(text));
    if (!parsed.success) return unreadable(`${address} answered something else`);
    if (parsed.data.keys === null || parsed.data.keys.length === 0)
      return unreadable('this Grafana publishes none, as Grafana Cloud does not: set grafana.identity: off there');
    return ok({ keys: parsed.data.keys });
  } catch (thrown) {
    return unreadable(signal.aborted ? `${address} did not answer within 5 s` : reasonOf(thrown));
  }
}
