import { ok } from '../../contract/errors.ts';
import type { FailoverPolicy, NodeProbe } from '../../contract/failover.ts';
import { settableClock, silentLog } from '../testing.ts';
import { memoryOf, probeOf, watchedOf } from './testing.ts';
import { createFailoverWatch, type FailoverWatchDeps } from './watch.ts';

const writing = probeOf({ role: 'primary', writable: true });
const failing = probeOf({ reach: 'failed' });

/** A watch over `a` and `b`, whose probes say that. */
function watchOf(policy: Partial<FailoverPolicy>, probes: Readonly<Record<string, NodeProbe>>) {
  const memory = memoryOf();
  const warned: unknown[] = [];
  const engine = {
    probe: async (_: unknown, { name }: { readonly name: string }) => probes[name] as NodeProbe,
    warnings: async (...asked: unknown[]) => {
      warned.push(asked[2]);
      return ['ttl is too short'];
    },
    promotions: async () => ok([{ timeline: 2, atBytes: 1, reason: '', at: null, from: 'b', to: 'a' }]),
  };
  const watched = watchedOf({ policy, engine });
  const deps = {
    clock: settableClock('2026-11-22T12:00:00.000Z'),
    log: silentLog,
    memory,
    lease: { holder: async () => 1 },
    breakers: { isOpen: () => false, of: () => [] },
    services: () => [{ name: 'shop', config: watched.config }],
    cluster: async () => ok(watched),
    running: () => null,
  } as unknown as FailoverWatchDeps;
  const watch = createFailoverWatch(deps);
  const look = async () => {
    const seen = await watch.look('shop', new AbortController().signal, 'op_1');
    if (!seen.ok) throw seen.error;
    return seen.value.facts;
  };
  return { look, memory, warned };
}

describe('a look', () => {
  it('finds the primary by who writes, and keeps it', async () => {
    const { look, memory } = watchOf({}, { a: writing, b: probeOf({ role: 'standby', writable: false }) });

    expect((await look()).primary).toBe('a');
    expect(memory.of('shop').primary).toBe('a');
  });

  it('finds no primary where all write, also when only one of them does now', async () => {
    const { look, memory } = watchOf({ strategy: 'multi_master' }, { a: writing, b: failing });

    expect((await look()).primary).toBeNull();
    expect(memory.of('shop').primary).toBeNull();
  });

  it('asks for warnings by what the policy allows to be lost, and shows what the product has written down', async () => {
    const { look, warned } = watchOf({ maxLossBytes: 0 }, { a: writing, b: failing });
    await look();
    const facts = await look();

    expect(warned).toEqual([expect.objectContaining({ maxLossBytes: 0 })]);
    expect(facts.warnings).toEqual(['ttl is too short']);
    expect(facts.promotions).toEqual([expect.objectContaining({ timeline: 2, from: 'b', to: 'a' })]);
  });
});
