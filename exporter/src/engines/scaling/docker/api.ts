import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { codeOf, oneLine } from '../../health/words.ts';
import { Container, Created, Listed, Service, Stats, Tasks, Version } from './objects.ts';
import type { z } from 'zod';

/**
 * The Engine API of Docker or Podman. Errors: `scaling_failed` with `details.status` (HTTP) where it answered, retryable where it did not;
 * `cancelled`.
 */
export interface DockerApi {
  /** Also those that do not run. */
  list(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome<Listed>>;
  inspect(id: string, signal: AbortSignal): Promise<Outcome<Container>>;
  /** Returns the id. The image has to be there: nothing is pulled. */
  create(name: string, body: object, signal: AbortSignal): Promise<Outcome<string>>;
  start(id: string, signal: AbortSignal): Promise<Outcome<null>>;
  /** Answers when it has ended, by itself or killed after `seconds`. */
  stop(id: string, seconds: number, signal: AbortSignal): Promise<Outcome<null>>;
  remove(id: string, signal: AbortSignal): Promise<Outcome<null>>;
  /** What it uses now, without waiting for a second look. */
  stats(id: string, signal: AbortSignal): Promise<Outcome<Stats>>;
  service(name: string, signal: AbortSignal): Promise<Outcome<Service>>;
  /** The whole definition, against the version that was read. */
  updateService(id: string, version: number, spec: object, signal: AbortSignal): Promise<Outcome<null>>;
  tasks(service: string, signal: AbortSignal): Promise<Outcome<Tasks>>;
  version(signal: AbortSignal): Promise<Outcome<Version>>;
}

export type OpenDockerApi = (socket: string) => Promise<DockerApi>;

const answerWithinMs = 20_000;

/** The client library is loaded only here, for services that use it; its SSH part is loaded with it and never used. */
export async function openDockerApi(socket: string): Promise<DockerApi> {
  const { default: Docker } = await import('dockerode');
  // `host: undefined` keeps DOCKER_HOST of the environment from deciding where to connect.
  const docker = new Docker({ socketPath: socket, host: undefined, protocol: 'http' });
  const to = <T>(what: string, work: Work<T>) => attempt(socket, what, work);
  const at = (abortSignal: AbortSignal) => ({ abortSignal });
  return {
    list: (labels, signal) => {
      const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const ask = (abort: AbortSignal) => docker.listContainers({ all: true, filters: { label }, ...at(abort) });
      return to('the containers', { signal, ask, shape: Listed });
    },
    inspect: (id, signal) =>
      to(`container ${id}`, { signal, ask: (s) => docker.getContainer(id).inspect(at(s)), shape: Container }),
    create: async (name, body, signal) => {
      const ask = (abort: AbortSignal) =>
        docker.createContainer({ ...apart({ name }, body), ...at(abort) }).then(({ id }) => ({ Id: id }));
      const made = await to(`a new container ${name}`, { signal, ask, shape: Created });
      return made.ok ? ok(made.value.Id) : made;
    },
    start: (id, signal) => done(to(`the start of ${id}`, { signal, ask: (s) => docker.getContainer(id).start(at(s)) })),
    stop: (id, seconds, signal) => {
      const ask = (abort: AbortSignal) => docker.getContainer(id).stop({ t: Math.ceil(seconds), ...at(abort) });
      return done(to(`the stop of ${id}`, { signal, ask, withinMs: answerWithinMs + seconds * 1000 }));
    },
    remove: (id, signal) =>
      done(to(`the removal of ${id}`, { signal, ask: (s) => docker.getContainer(id).remove(at(s)) })),
    stats: (id, signal) => {
      const ask = (s: AbortSignal) => docker.getContainer(id).stats({ stream: false, 'one-shot': true, ...at(s) });
      return to(`the usage of ${id}`, { signal, ask, shape: Stats });
    },
    service: (name, signal) =>
      to(`service ${name}`, { signal, ask: (s) => docker.getService(name).inspect(at(s)), shape: Service }),
    updateService: (id, version, spec, signal) => {
      const ask = (abort: AbortSignal) => docker.getService(id).update({ ...apart({ version }, spec), ...at(abort) });
      return done(to(`the update of service ${id}`, { signal, ask }));
    },
    tasks: (service, signal) => {
      const ask = (abort: AbortSignal) => docker.listTasks({ filters: { service: [service] }, ...at(abort) });
      return to(`the tasks of ${service}`, { signal, ask, shape: Tasks });
    },
    version: (signal) => to('its version', { signal, ask: () => docker.version(), shape: Version }),
  };
}

/**
 * The library (5.0.1) writes everything into the address as well, environment and its secrets among it, unless it is told apart so; the
 * published types do not know it.
 */
function apart(query: Readonly<Record<string, string | number>>, body: object): object {
  return { _query: query, _body: body };
}

interface Work<T> {
  readonly signal: AbortSignal;
  readonly ask: (abort: AbortSignal) => Promise<unknown>;
  readonly shape?: z.ZodType<T>;
  readonly withinMs?: number;
}

async function attempt<T>(socket: string, what: string, work: Work<T>): Promise<Outcome<T>> {
  const { signal, withinMs = answerWithinMs } = work;
  if (signal.aborted) return fail('cancelled', `${what}: not asked for, cancelled`);
  const late = AbortSignal.timeout(withinMs);
  try {
    const answer = await work.ask(AbortSignal.any([signal, late]));
    if (work.shape === undefined) return ok(undefined as T);
    const read = work.shape.safeParse(answer);
    if (read.success) return ok(read.data);
    return fail('scaling_failed', `${socket} answered something else than ${what}`);
  } catch (thrown) {
    if (signal.aborted) return fail('cancelled', `${what}: cancelled`);
    return refusalOf(socket, what, thrown, late.aborted ? withinMs : null);
  }
}

function refusalOf(socket: string, what: string, thrown: unknown, lateAfterMs: number | null): Outcome<never> {
  const { statusCode: status } = thrown as { statusCode?: number };
  if (typeof status === 'number')
    return fail('scaling_failed', `${what}: ${wordsOf(thrown)} (HTTP ${status})`, { details: { status } });
  if (lateAfterMs !== null)
    return fail('scaling_failed', `${what}: no answer within ${lateAfterMs / 1000} s`, { retryable: true });
  const errno = codeOf(thrown);
  const why =
    errno === 'EACCES'
      ? 'this user may not use the socket'
      : errno === 'ENOENT' || errno === 'ECONNREFUSED'
        ? 'nobody listens there'
        : oneLine(Error.isError(thrown) ? (thrown as Error).message : String(thrown));
  return fail('scaling_failed', `${socket} was not reached for ${what}: ${why}`, { retryable: true });
}

/** The message of the server alone; the library puts a frame around it. */
function wordsOf(thrown: unknown): string {
  const { json, message } = thrown as { json?: { message?: unknown }; message?: string };
  return oneLine(typeof json?.message === 'string' ? json.message : (message ?? 'refused'));
}

async function done(asked: Promise<Outcome<unknown>>): Promise<Outcome<null>> {
  const outcome = await asked;
  return outcome.ok ? ok(null) : outcome;
}

/** HTTP status of a refusal; null: it was none. */
export function statusOf(outcome: Outcome<unknown>): number | null {
  if (outcome.ok) return null;
  const status = outcome.error.details?.['status'];
  return typeof status === 'number' ? status : null;
}
