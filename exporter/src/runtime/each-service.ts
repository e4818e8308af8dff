import { toOpError } from '../contract/errors.ts';
import type { Clock, Log } from '../ports/index.ts';

export interface EachServiceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** What is watched, for the log. */
  readonly subject: string;
  services(): readonly string[];
  /** Before a service is watched: reads what an earlier process kept of it. */
  begin(service: string): Promise<void>;
  /** Watches one until the signal aborts. */
  watch(service: string, signal: AbortSignal): Promise<void>;
  /** It is no longer in the configuration. */
  forget(service: string): void;
}

const lookEveryMs = 1000;

/**
 * Watches each service of the configuration on its own until the signal aborts; those that come and go are noticed within a second. A
 * watch that fails to begin, or breaks, is written down and begun again: nobody may stay unwatched in silence.
 */
export async function watchEachService(deps: EachServiceDeps, signal: AbortSignal): Promise<void> {
  const loops = new Map<string, AbortController>();
  const start = (service: string): void => {
    const loop = new AbortController();
    loops.set(service, loop);
    const ended = AbortSignal.any([signal, loop.signal]);
    void deps
      .begin(service)
      .then(() => (ended.aborted ? undefined : deps.watch(service, ended)))
      .catch((thrown: unknown) => {
        const { code, message } = toOpError(thrown);
        deps.log.error(`the watch of ${deps.subject} broke and begins again`, { service, code, error: message });
      })
      .finally(() => {
        if (loops.get(service) === loop) loops.delete(service);
      });
  };
  while (!signal.aborted) {
    const wanted = new Set(deps.services());
    for (const [service, loop] of loops)
      if (!wanted.has(service)) {
        loop.abort();
        loops.delete(service);
        deps.forget(service);
      }
    for (const service of wanted) if (!loops.has(service)) start(service);
    await deps.clock.sleep(lookEveryMs, signal);
  }
}
