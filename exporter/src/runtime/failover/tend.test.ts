import { ok } from '../../contract/errors.ts';
import type { FailoverFacts, NodeFacts, NodeFence } from '../../contract/failover.ts';
import { settableClock, silentLog } from '../testing.ts';
import { withFence } from './kept.ts';
import { withoutOutage } from './look.ts';
import { tend } from './tend.ts';
import { balancerOf, memoryOf, probeOf, watchedOf } from './testing.ts';
import type { FailoverWatchDeps, Look } from './watch.ts';

const { signal } = new AbortController();
const at = '2026-11-22T12:00:00.000Z';
const well = {
  failuresInRow: 0,
  successesInRow: 5,
  errorRatio: 0,
  responseSeconds: 0.01,
  probes: 5,
  lastAnsweredAt: at,
};

const fenceOf = (fields: Partial<NodeFence> = {}): NodeFence => ({
  node: 'b',
  since: at,
  operationId: 'op_1',
  proof: null,
  manual: false,
  ...fields,
});

const factOf = (name: string, fields: Partial<NodeFacts> = {}): NodeFacts => ({
  name,
  region: 'local',
  priority: 100,
  candidate: true,
  probe: probeOf(),
  health: well,
  fence: null,
  lagBytes: null,
  busy: null,
  ...fields,
});

/** What the watch has seen: `b` is out, and the load balancer has it up. */
function seen(facts: Partial<FailoverFacts>, cut: string[], { leader = true, admitted = [] as string[] } = {}): Look {
  const balancer = balancerOf({
    cutOff: async (server) => {
      cut.push(server);
      return ok({ ended: 0 });
    },
    admit: async (server) => {
      admitted.push(server);
      return ok(undefined);
    },
  });
  const strategy = facts.strategy ?? 'active_active';
  const server = (node: string) => ({ node, state: 'up' as const, sessions: 0, check: 'connects' as const });
  return {
    watched: watchedOf({ balancer, policy: { strategy } }),
    view: { leader },
    facts: {
      strategy,
      mode: 'auto',
      primary: null,
      nodes: [factOf('a'), factOf('b', { fence: fenceOf() })],
      balancer: { known: true, at, value: { kind: 'haproxy', servers: [server('a'), server('b')] } },
      decision: { action: 'none' },
      scheduled: null,
      history: [],
      ...facts,
    },
  } as unknown as Look;
}

function depsOf(running: string | null = null): FailoverWatchDeps {
  return {
    clock: settableClock(at),
    log: silentLog,
    memory: memoryOf(),
    running: () => running,
  } as unknown as FailoverWatchDeps;
}

describe('what the watch sees to while nothing is to be moved', () => {
  it('cuts off again whom a load balancer has let in, also while something else is held', async () => {
    const cut: string[] = [];

    await tend(depsOf(), 'shop', seen({}, cut), signal);
    await tend(depsOf(), 'shop', seen({ decision: { action: 'hold' } as FailoverFacts['decision'] }, cut), signal);
    expect(cut).toEqual(['b', 'b']);
  });

  it('leaves it to the exporter with the lease, to the operation that runs, and to people where they act', async () => {
    const cut: string[] = [];

    await tend(depsOf(), 'shop', seen({}, cut, { leader: false }), signal);
    await tend(depsOf('op_9'), 'shop', seen({}, cut), signal);
    await tend(depsOf(), 'shop', seen({ mode: 'manual' }, cut), signal);
    expect(cut).toEqual([]);
  });

  it('lets the primary in again that a held failover had cut off, but not one that a person took out', async () => {
    for (const manual of [false, true]) {
      const [deps, admitted] = [depsOf(), [] as string[]];
      const fence = fenceOf({ manual });
      await deps.memory.change('shop', (kept) => withFence(kept, fence));
      const nodes = [factOf('a'), factOf('b', { fence, probe: probeOf({ role: 'primary', writable: true }) })];
      await tend(deps, 'shop', seen({ strategy: 'active_passive', primary: 'b', nodes }, [], { admitted }), signal);

      expect(admitted).toEqual(manual ? [] : ['b']);
      expect(deps.memory.of('shop').fences).toHaveLength(manual ? 1 : 0);
    }
  });

  it('forgets the doubt about a promotion once its node follows again, but not what a person took out', async () => {
    for (const manual of [false, true]) {
      const deps = depsOf();
      const fence = fenceOf({ manual });
      await deps.memory.change('shop', (kept) => withFence(kept, fence));
      const nodes = [factOf('a'), factOf('b', { fence, probe: probeOf({ role: 'standby', writable: false }) })];
      const history = [{ operationId: 'op_1', to: 'b' }] as unknown as FailoverFacts['history'];
      await tend(deps, 'shop', seen({ strategy: 'active_passive', primary: 'a', nodes, history }, []), signal);

      expect(deps.memory.of('shop').fences).toHaveLength(manual ? 1 : 0);
    }
  });
});

describe('a node that was let in again', () => {
  it('does not count as lost by what it failed while it was out', () => {
    const probes = new Map([
      ['a', [probeOf(), probeOf()]],
      ['b', [probeOf({ reach: 'failed' }), probeOf({ reach: 'failed' }), probeOf()]],
    ]);
    const sight = { probes, position: null, positionOf: null, synchronousStandbys: [] };
    const before = [factOf('a'), factOf('b', { fence: fenceOf() })];

    expect(withoutOutage(sight, before, [fenceOf()])).toBe(sight);
    const after = withoutOutage(sight, before, []);
    expect([...after.probes].map(([name, list]) => [name, list.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });
});
