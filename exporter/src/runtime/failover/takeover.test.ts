import { fail, ok } from '../../contract/errors.ts';
import type { FailoverEngine } from '../../engines/failover/port.ts';
import type { Balancer } from '../../engines/traffic/port.ts';
import { settableClock, silentLog } from '../testing.ts';
import { withFence } from './kept.ts';
import type { Takeover, TakeoverDeps } from './move.ts';
import { verified } from './phases-look.ts';
import { makePhase } from './takeover.ts';
import { balancerOf, memoryOf, nodeOf, probeOf, watchedOf } from './testing.ts';

const clock = settableClock('2026-11-22T12:00:00.000Z');
const notes: string[] = [];
const context = { signal: new AbortController().signal, note: (text: string) => void notes.push(text) };

function depsOf(): TakeoverDeps {
  const lease = { holder: async () => 1 } as unknown as TakeoverDeps['lease'];
  const look = async () => fail('failover_failed', 'not looked at here');
  return { clock, log: silentLog, memory: memoryOf(), lease, watch: { look } };
}

interface Made {
  readonly kind?: 'fence' | 'rejoin';
  readonly manual?: boolean;
  readonly engine?: Partial<FailoverEngine>;
  readonly balancer?: Balancer | null;
}

/** A move of the member `b` of a service whose nodes all serve. */
function moveOf({ kind = 'fence', manual = false, engine = {}, balancer = balancerOf() }: Made): Takeover {
  const watched = watchedOf({ engine, balancer, policy: { strategy: 'active_active' } });
  const to = kind === 'rejoin' ? nodeOf('b') : null;
  return {
    transition: { kind, managed: false, balancer: balancer !== null },
    operationId: 'op_1',
    watched,
    from: nodeOf('b'),
    to,
    force: false,
    manual,
    allowClone: true,
    loss: null,
    lastBytes: null,
    isCutOff: false,
    proof: null,
    warnings: [],
  };
}

const noWay = { demote: async () => fail('not_supported', 'b has nothing to demote it') } as const;
const fenced = (deps: TakeoverDeps) => deps.memory.of('shop').fences.map(({ node, manual }) => ({ node, manual }));

beforeEach(() => notes.splice(0));

describe('a member that is taken out', () => {
  it('is out when the load balancer has cut it off, though it knows nothing of it', async () => {
    const [deps, move] = [depsOf(), moveOf({ engine: noWay })];

    expect(await makePhase(deps, move, 'cut_off', context)).toMatchObject({ ok: true });
    expect(await makePhase(deps, move, 'fence', context)).toMatchObject({ ok: true });
    expect(fenced(deps)).toEqual([{ node: 'b', manual: false }]);
    expect(notes.at(-1)).toContain('cut off at the load balancer only');
  });

  it('is not taken for out when neither it nor the load balancer did anything: it is tried again', async () => {
    const broken = balancerOf({ cutOff: async () => fail('balancer_failed', 'no answer') });
    for (const balancer of [broken, null]) {
      const [deps, move] = [depsOf(), moveOf({ engine: noWay, balancer })];

      await makePhase(deps, move, 'cut_off', context);
      expect(await makePhase(deps, move, 'fence', context)).toMatchObject({ error: { code: 'not_supported' } });
      expect(fenced(deps)).toEqual([]);
    }
  });

  it('by a person is fenced, and where that cannot be proven it is out all the same and said not to be proven', async () => {
    const unproven = {
      ...noWay,
      fence: async () => fail('fencing_unproven', 'nobody can tell'),
      provenDown: async () => null,
    };
    const [deps, move] = [depsOf(), moveOf({ engine: unproven, manual: true })];

    await makePhase(deps, move, 'cut_off', context);
    expect(await makePhase(deps, move, 'fence', context)).toMatchObject({ ok: true });
    expect(move.warnings).toEqual(['not proven to be down: nobody can tell']);
    expect(fenced(deps)).toEqual([{ node: 'b', manual: true }]);
    expect(verified(move, new Map([['b', probeOf({ writable: true })]]), false)).toBeNull();
  });
});

describe('a member that comes back', () => {
  const back = { rejoin: async () => ok('it answers') } as const;
  const taken = async (deps: TakeoverDeps): Promise<void> => {
    const fence = { node: 'b', since: clock.now().toISOString(), operationId: 'op_0', proof: null, manual: false };
    await deps.memory.change('shop', (kept) => withFence(kept, fence));
  };

  it('is in when the load balancer has let it in, and not before', async () => {
    const [deps, move] = [depsOf(), moveOf({ kind: 'rejoin', engine: back })];
    await taken(deps);

    await makePhase(deps, move, 'rejoin', context);
    expect(fenced(deps)).toHaveLength(1);
    expect(await makePhase(deps, move, 'admit', context)).toMatchObject({ ok: true });
    expect(fenced(deps)).toEqual([]);
  });

  it('stays out while the load balancer does not let it in', async () => {
    const balancer = balancerOf({ admit: async () => fail('balancer_failed', 'no answer') });
    const [deps, move] = [depsOf(), moveOf({ kind: 'rejoin', engine: back, balancer })];
    await taken(deps);

    await makePhase(deps, move, 'rejoin', context);
    expect(await makePhase(deps, move, 'admit', context)).toMatchObject({ error: { code: 'balancer_failed' } });
    expect(fenced(deps)).toHaveLength(1);
  });

  it('is in at once where there is no load balancer', async () => {
    const [deps, move] = [depsOf(), moveOf({ kind: 'rejoin', engine: back, balancer: null })];
    await taken(deps);

    await makePhase(deps, move, 'rejoin', context);
    expect(fenced(deps)).toEqual([]);
  });
});
