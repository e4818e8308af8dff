import type { FactStore } from '../store/port.ts';

/**
 * Who may act where several exporters share the work. The epoch rises with every new holder: an effect whose epoch is no longer the
 * newest must not be made.
 */
export interface Lease {
  /** The epoch under which this process may act now; null: another one holds the lease. */
  holder(): Promise<number | null>;
}

const epochFact = 'lease:epoch';

/**
 * The lease of the embedded store: the lock of the home lets one process in at a time, so whoever runs holds it. The epoch is written
 * before the first effect, and read again before each: a home that was copied and started elsewhere has moved on.
 */
export function createHomeLease(facts: FactStore): Lease {
  let own: Promise<number> | null = null;
  const take = async (): Promise<number> => {
    const epoch = Number((await facts.get(epochFact)) ?? '0') + 1;
    await facts.set(epochFact, String(epoch));
    return epoch;
  };
  return {
    async holder() {
      const epoch = await (own ??= take());
      return Number(await facts.get(epochFact)) === epoch ? epoch : null;
    },
  };
}
