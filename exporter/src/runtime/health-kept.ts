import { toOpError } from '../contract/errors.ts';
import { checkStates } from '../contract/health.ts';
import type { KeptState } from '../core/health.ts';
import type { Clock, Log } from '../ports/index.ts';
import type { FactStore } from '../store/port.ts';

/** What a restart must not forget of one service: the states of its checks and since when. */
export interface KeptService {
  /** By name of the check; `identity` tells a check from another one that took its name. */
  readonly [check: string]: KeptState & { readonly identity: string };
}

/** After so long without a probe nobody can say that a state lasted. */
const keptForMs = 3_600_000;
const prefix = 'health:';

export interface KeptStates {
  /** States that are recent enough, by service. A state that cannot be read is forgotten: the next probe decides. */
  load(services: readonly string[]): Promise<ReadonlyMap<string, KeptService>>;
  /** One after the other; a failure is logged, since the probes go on all the same. */
  save(service: string, kept: KeptService): void;
  /** Resolves when everything is written. */
  written(): Promise<void>;
}

export function createKeptStates(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: FactStore;
}): KeptStates {
  const { clock, log, facts } = deps;
  let writing: Promise<void> = Promise.resolve();
  return {
    load: async (services) => {
      const found = new Map<string, KeptService>();
      for (const { name, value } of await facts.list(prefix)) {
        const service = name.slice(prefix.length);
        if (!services.includes(service)) await facts.remove(name);
        else found.set(service, readKept(value, clock.now()));
      }
      return found;
    },
    save: (service, kept) => {
      const value = JSON.stringify({ at: clock.now().toISOString(), checks: kept });
      writing = writing
        .then(() => facts.set(`${prefix}${service}`, value))
        .catch((thrown: unknown) =>
          log.warn('states of health checks could not be kept', { service, error: toOpError(thrown).message }),
        );
    },
    written: () => writing,
  };
}

export function readKept(text: string, now: Date): KeptService {
  const parsed = parse(text);
  if (parsed === null || !(Math.abs(+now - Date.parse(parsed.at)) <= keptForMs)) return {};
  return Object.fromEntries(Object.entries(parsed.checks).filter(([, kept]) => isKept(kept)));
}

function parse(text: string): { readonly at: string; readonly checks: KeptService } | null {
  try {
    const parsed = JSON.parse(text) as { at?: unknown; checks?: unknown } | null;
    if (typeof parsed?.at !== 'string' || typeof parsed.checks !== 'object' || parsed.checks === null) return null;
    return { at: parsed.at, checks: parsed.checks as KeptService };
  } catch {
    return null;
  }
}

function isKept(kept: Partial<KeptService[string]> | null): boolean {
  return (
    checkStates.some((state) => state === kept?.state) &&
    typeof kept?.since === 'string' &&
    !Number.isNaN(Date.parse(kept.since)) &&
    typeof kept.identity === 'string'
  );
}
