import type { FactStore } from '../store/port.ts';

/** What has to survive a restart, of each service: small, and written before it is relied upon. */
export interface Memory<T> {
  of(service: string): T;
  /** Durable before it resolves. Changes are made one after another. */
  change(service: string, change: (kept: T) => T): Promise<T>;
  /** The same without a write: the next change takes it along, and a restart before it knows nothing of it. */
  hold(service: string, change: (kept: T) => T): Promise<T>;
  /** Reads what an earlier process kept; what is there already stays. */
  load(services: readonly string[]): Promise<void>;
}

/** `nothing`: what a service begins with; keys that an earlier version did not write are taken from it. */
export function createMemory<T extends object>(facts: FactStore, prefix: string, nothing: T): Memory<T> {
  const all = new Map<string, T>();
  let turn: Promise<unknown> = Promise.resolve();
  const nameOf = (service: string): string => `${prefix}:${service}`;
  const inTurn = (service: string, change: (kept: T) => T, write: (next: T) => Promise<void>): Promise<T> => {
    const changed = turn.then(async () => {
      const before = all.get(service) ?? nothing;
      const next = change(before);
      if (next === before) return before;
      await write(next);
      all.set(service, next);
      return next;
    });
    turn = changed.catch(() => undefined);
    return changed;
  };
  return {
    of: (service) => all.get(service) ?? nothing,
    change: (service, change) => inTurn(service, change, (next) => facts.set(nameOf(service), JSON.stringify(next))),
    hold: (service, change) => inTurn(service, change, () => Promise.resolve()),
    async load(services) {
      for (const service of services) {
        const text = await facts.get(nameOf(service));
        if (text !== null && !all.has(service)) all.set(service, { ...nothing, ...(JSON.parse(text) as Partial<T>) });
      }
    },
  };
}
