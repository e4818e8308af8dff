import { isAbsolute, join, resolve } from 'node:path';
import { fail, ok, OpError, toOpError, type Outcome } from '../contract/errors.ts';
import type { CliDeps, Place } from './deps.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { serverOrigin, tokenFor, writtenAddress } from './home-server.ts';
import { createHttpSession, type Server } from './http-session.ts';
import { createLocalSession } from './local-session.ts';
import type { Session } from './session.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly home?: string;
  readonly config?: string;
  readonly server?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface CommandContext {
  readonly deps: CliDeps;
  readonly place: Place;
  readonly configGiven: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Prints the result once: the value as one JSON document with --json, the text otherwise (not with --quiet). */
  emit(value: unknown, text: () => string): void;
  /** A remark for people on stderr; silent with --quiet or --json. */
  remark(text: string): void;
  /** Absolute path of a file or folder that the user named. */
  path(named: string): string;
  session(need: SessionNeed): Promise<Outcome<Session>>;
}

/** `server`: only a running one will do. `read`/`act`: where none runs, the same is done in this process. */
export type SessionNeed = 'server' | 'read' | 'act';

export function createContext(deps: CliDeps, options: GlobalOptions): CommandContext {
  const path = (named: string): string => (isAbsolute(named) ? resolve(named) : resolve(deps.cwd, named));
  const home = path(given(options.home) ?? given(deps.env['GENESIS_HOME']) ?? '.genesis');
  const configNamed = given(options.config) ?? given(deps.env['GENESIS_CONFIG']);
  const place: Place = { home, configPath: configNamed === null ? join(home, 'genesis.yaml') : path(configNamed) };
  const json = options.json === true;
  const quiet = options.quiet === true;
  return {
    deps,
    place,
    configGiven: configNamed !== null,
    json,
    quiet,
    emit(value, text) {
      if (json) deps.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      else if (!quiet) deps.stdout.write(text());
    },
    remark(text) {
      if (!json && !quiet) deps.stderr.write(`${text}\n`);
    },
    path,
    session: (need) => openSession(deps, place, given(options.server) ?? given(deps.env['GENESIS_URL']), need),
  };
}

function given(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

async function openSession(
  deps: CliDeps,
  place: Place,
  named: string | null,
  need: SessionNeed,
): Promise<Outcome<Session>> {
  const token = tokenFor(place.home, deps.env, ['admin', 'operator', 'viewer']);
  const url: Outcome<string | null> = named === null ? ok(writtenAddress(place.home)) : serverOrigin(named);
  if (!url.ok) return url;
  if (url.value !== null && (named !== null || (await answers(deps, url.value))))
    return connect(deps, { url: url.value, token });
  if (need === 'server') {
    return fail('server_unreachable', `no genesis server runs on the home ${place.home}`);
  }
  const local = await deps.compose({ ...place, purpose: need });
  if (!local.ok) return local;
  return ok(
    createLocalSession(local.value, deps.env['SUDO_USER'] ?? deps.env['USER'] ?? deps.env['LOGNAME'] ?? 'local'),
  );
}

function connect(deps: CliDeps, server: Server): Outcome<Session> {
  if (server.token === null) {
    return fail(
      'unauthenticated',
      `no token for ${server.url}: set GENESIS_TOKEN, or run as the user who may read <home>/tokens`,
    );
  }
  return ok(createHttpSession(deps.fetch, server));
}

/** A killed server leaves its address behind, so it is asked first. */
async function answers(deps: CliDeps, url: string): Promise<boolean> {
  try {
    const reply = await deps.fetch(`${url}/healthz`, { redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    await reply.body?.cancel();
    return true;
  } catch {
    return false; // nobody listens there; the home's lock decides whether this process may take over
  }
}

/** Opens a session, runs the command, closes the session whatever happened. */
export async function withSession(
  context: CommandContext,
  need: SessionNeed,
  run: (session: Session) => Promise<Outcome<ExitCode>>,
): Promise<Outcome<ExitCode>> {
  const session = await context.session(need);
  if (!session.ok) return session;
  try {
    return await run(session.value);
  } finally {
    await session.value.close();
  }
}

/** Prints the value and ends with 0; passes a failure on. */
export function done<T>(context: CommandContext, outcome: Outcome<T>, text: (value: T) => string): Outcome<ExitCode> {
  if (!outcome.ok) return outcome;
  context.emit(outcome.value ?? { done: true }, () => text(outcome.value));
  return ok(exitCodes.done);
}

/** The named service, or the only one there is. */
export async function theService(session: Session, named: string | undefined): Promise<Outcome<string>> {
  if (named !== undefined) return ok(named);
  const services = await session.services();
  if (!services.ok) return services;
  const names = services.value.map((service) => service.name);
  const [first] = names;
  if (names.length === 1 && first !== undefined) return ok(first);
  if (first === undefined) return fail('service_unknown', 'no service is configured');
  return { ok: false, error: new OpError('bad_request', `name the service: ${names.join(', ')}`) };
}

/** Reads or writes a file that the user named; the operating system's message says which and why. */
export function tryFile<T>(work: () => T): Outcome<T> {
  try {
    return ok(work());
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'io_failed') };
  }
}
