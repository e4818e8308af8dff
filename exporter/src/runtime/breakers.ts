import { fail, type Outcome } from '../contract/errors.ts';
import type { BreakerFacts } from '../contract/failover.ts';
import { askBreaker, newBreaker, tellBreaker, type BreakerSettings } from '../core/breaker.ts';
import type { Clock, Log } from '../ports/index.ts';
import type { FactStore } from '../store/port.ts';

/**
 * Circuit breakers of each service: one of the service itself, which its takeovers count for, and one for each product that is called
 * for it. What keeps data safe (a fence, an abort, a way back) never asks them.
 */
export interface Breakers {
  /** Of a service, its own first. */
  of(service: string): readonly BreakerFacts[];
  /** Whether the service's own would refuse a call now. */
  isOpen(service: string): boolean;
  /** Makes the call where the breaker lets it through; its outcome counts. Errors: `breaker_open`, the call's own. */
  guarded<T>(service: string, name: string, call: () => Promise<Outcome<T>>): Promise<Outcome<T>>;
  /** How a takeover ended: it was not asked for, but counts. */
  tell(service: string, name: string, succeeded: boolean): Promise<void>;
  /** Opens the service's own, as if it had failed often enough. */
  open(service: string): Promise<void>;
  /** What it was open for was changed: it closes, and counts anew. */
  reset(service: string, name: string): Promise<void>;
  load(services: readonly string[]): Promise<void>;
}

/** The breaker of the service itself. */
export const ownBreaker = 'service';

export interface BreakersDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: FactStore;
  settings(service: string): BreakerSettings;
  /** Told at each change of state. */
  changed(service: string, breaker: BreakerFacts): void;
}

const nameOf = (service: string): string => `breakers:${service}`;

export function createBreakers(deps: BreakersDeps): Breakers {
  const all = new Map<string, Map<string, BreakerFacts>>();
  const pending = new Map<string, number>();
  const breakersOf = (service: string): ReadonlyMap<string, BreakerFacts> =>
    all.get(service) ?? new Map([[ownBreaker, newBreaker(ownBreaker)]]);
  const get = (service: string, name: string): BreakerFacts => breakersOf(service).get(name) ?? newBreaker(name);
  const set = async (service: string, next: BreakerFacts): Promise<void> => {
    const before = get(service, next.name);
    // Only what was told is kept: whoever merely looks before `load` must not hide what an earlier process wrote.
    all.set(service, new Map([...breakersOf(service), [next.name, next]]));
    if (before.state !== next.state) {
      deps.log.warn('a circuit breaker changed', { service, breaker: next.name, from: before.state, to: next.state });
      deps.changed(service, next);
    }
    if (before === next) return;
    await deps.facts.set(nameOf(service), JSON.stringify([...breakersOf(service).values()]));
  };
  const ended = (service: string, before: BreakerFacts, succeeded: boolean): Promise<void> => {
    const left = pending.get(`${service}/${before.name}`) ?? 0;
    return set(service, tellBreaker(before, succeeded, deps.settings(service), deps.clock.now(), left));
  };
  return {
    of: (service) => [...breakersOf(service).values()],
    isOpen: (service) => !askBreaker(get(service, ownBreaker), deps.settings(service), deps.clock.now()).allowed,
    tell(service, name, succeeded) {
      // Nobody asked before it, so it is the try that an open one lets through after its time.
      const asked = askBreaker(get(service, name), deps.settings(service), deps.clock.now());
      return ended(service, asked.breaker, succeeded);
    },
    async open(service) {
      const now = deps.clock.now();
      const nextAttemptAt = new Date(+now + deps.settings(service).recoverySeconds * 1000).toISOString();
      const before = get(service, ownBreaker);
      const lastFailureAt = now.toISOString();
      await set(service, { ...before, state: 'open', halfOpenCalls: 0, lastFailureAt, nextAttemptAt });
    },
    reset: (service, name) =>
      get(service, name).state === 'closed' ? Promise.resolve() : set(service, newBreaker(name)),
    async guarded(service, name, call) {
      const asked = askBreaker(get(service, name), deps.settings(service), deps.clock.now());
      await set(service, asked.breaker);
      if (!asked.allowed)
        return fail(
          'breaker_open',
          `calls of ${name} for ${service} are held until ${asked.breaker.nextAttemptAt ?? 'those that try it have ended'}`,
        );
      const key = `${service}/${name}`;
      pending.set(key, (pending.get(key) ?? 0) + 1);
      const outcome = await call().finally(() => pending.set(key, (pending.get(key) ?? 1) - 1));
      // Somebody's cancel is no fault of the product.
      if (outcome.ok || outcome.error.code !== 'cancelled') await ended(service, get(service, name), outcome.ok);
      return outcome;
    },
    async load(services) {
      for (const service of services) {
        const text = await deps.facts.get(nameOf(service));
        if (text === null) continue;
        const kept = JSON.parse(text) as readonly BreakerFacts[];
        // Calls that an earlier process let through have ended with it. What was told since is newer.
        const earlier = kept.map((one) => [one.name, { ...one, halfOpenCalls: 0 }] as const);
        all.set(service, new Map([...earlier, ...(all.get(service) ?? [])]));
      }
    },
  };
}
