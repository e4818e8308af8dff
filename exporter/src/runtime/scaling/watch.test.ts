import { Scaling } from '../../config/schema-scaling.ts';
import { policyOfSection } from '../../config/scaling-policy.ts';
import { fail, ok, OpError, type Outcome } from '../../contract/errors.ts';
import type { BreakerFacts } from '../../contract/failover.ts';
import type { ForecastFacts } from '../../contract/forecast.ts';
import type { Fleet } from '../../contract/scaling.ts';
import { knownReading, unknownReading } from '../../contract/sla.ts';
import { newBreaker } from '../../core/breaker.ts';
import { fleetOf } from '../../core/scaling-testing.ts';
import type { ScalingEngine } from '../../engines/scaling/port.ts';
import type { Clock } from '../../ports/index.ts';
import type { FactStore } from '../../store/port.ts';
import { silentLog } from '../testing.ts';
import { createScalingMemory } from './kept.ts';
import { createLoadHistory } from './load.ts';
import { scalingPolicyOf } from './settings.ts';
import { createScalingWatch, type ScaleAsk, type ScalingWatch } from './watch.ts';

const t0 = Date.parse('2026-11-22T08:00:00.000Z');

/** Time passes as fast as everybody sleeps. */
function fastClock(): Clock & { jump(ms: number): void } {
  let ms = t0;
  return {
    now: () => new Date(ms),
    sleep: async (by, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal.aborted) ms += by;
    },
    jump: (by) => (ms += by),
  };
}

interface Facts extends FactStore {
  readonly map: Map<string, string>;
  readonly writes: Map<string, number>;
}

function memoryFacts(): Facts {
  const map = new Map<string, string>();
  const writes = new Map<string, number>();
  return {
    ...{ map, writes },
    get: async (name) => map.get(name) ?? null,
    set: async (name, value) => {
      map.set(name, value);
      writes.set(name, (writes.get(name) ?? 0) + 1);
    },
    list: async (prefix) => [...map].flatMap(([name, value]) => (name.startsWith(prefix) ? [{ name, value }] : [])),
    remove: async (name) => void map.delete(name),
  };
}

interface Bench {
  readonly watch: ScalingWatch;
  readonly facts: Facts;
  readonly clock: ReturnType<typeof fastClock>;
  readonly asked: ScaleAsk[];
  fleet: () => Promise<Outcome<Fleet>>;
  /** Of the metric `cpu`; null: Prometheus does not answer. */
  cpu: number | null;
  breaker: BreakerFacts;
  /** Minutes, of which each has its evaluation. */
  runFor(minutes: number): Promise<void>;
}

const metrics = [{ name: 'cpu', kind: 'query', query: 'cpu', up: 0.7, down: 0.3 }];

function bench(section: object = {}, facts = memoryFacts()): Bench {
  const config = Scaling.parse({
    ...{ engine: 'command', mode: 'auto', min: 1, max: 6, desired: 2, interval: '60s', metrics },
    command: { list: ['/bin/true'], scale: ['/bin/true'] },
    ...section,
  });
  const file = policyOfSection(config);
  const clock = fastClock();
  const forecast: ForecastFacts = { known: false, metric: 'cpu', why: 'not tried here' };
  const made: Omit<Bench, 'watch'> & { watch: ScalingWatch } = {
    ...{ facts, clock, asked: [] },
    cpu: 0.5,
    fleet: async () => ok(fleetOf(2)),
    breaker: newBreaker('scaling'),
    watch: undefined as unknown as ScalingWatch,
    async runFor(minutes) {
      const stopping = new AbortController();
      const running = made.watch.run(stopping.signal);
      const end = +clock.now() + minutes * 60_000;
      while (+clock.now() < end) await new Promise((resolve) => setImmediate(resolve));
      stopping.abort();
      await running;
    },
  };
  const prometheus = {
    instant: async () =>
      made.cpu === null
        ? unknownReading('timeout' as const, 'no answer within 10 s')
        : knownReading([{ labels: {}, at: +clock.now() / 1000, value: made.cpu }]),
    value: async () => unknownReading('empty' as const, 'not asked here'),
    range: async () => unknownReading('empty' as const, 'not asked here'),
  };
  const engine = { fleet: () => made.fleet(), warnings: async () => [] } as unknown as ScalingEngine;
  made.watch = createScalingWatch({
    ...{ clock, log: silentLog, memory: createScalingMemory(facts), history: createLoadHistory(facts) },
    lease: { holder: async () => 'us' } as never,
    breakers: { of: () => [made.breaker], load: async () => undefined },
    services: () => ['web'],
    resolve: async () =>
      ok({
        ...{ config, file, policy: scalingPolicyOf(file), engine },
        sources: {
          ...{ prometheus, query: () => 'cpu', system: () => null, health: () => null },
          ...{ balancer: async () => null, loadIsWork: true, product: async () => null },
        },
      }),
    protect: (_service, fleet) => fleet,
    running: () => null,
    load: async () => ({ ok: false, why: 'not tried here' }),
    compute: (async () => ok(forecast)) as never,
    act: async (request) => {
      made.asked.push(request);
      return ok(null);
    },
    changed: () => undefined,
  });
  return made;
}

const away = async () => fail<Fleet>('scaling_failed', 'the runtime socket does not answer', { retryable: true });

describe('instances that nobody can look at', () => {
  it('freeze the number after as many evaluations as metrics that are missing, and let it go when they are seen', async () => {
    const made = bench();
    await made.runFor(2);
    made.fleet = away;
    await made.runFor(1.5);
    expect(made.watch.facts('web')).toMatchObject({ fleet: null, decision: null, frozenSince: null });
    expect(made.watch.facts('web')?.problem).toContain('the runtime socket does not answer');
    expect(made.watch.problem()?.message).toContain('web');

    await made.runFor(2);
    expect(made.watch.summary('web')?.frozenSince).not.toBeNull();
    expect(made.asked).toEqual([]);

    made.fleet = async () => ok(fleetOf(2));
    await made.runFor(1.2);
    expect(made.watch.facts('web')).toMatchObject({ problem: null, frozenSince: null });
  });

  it('stay frozen while metrics are missing after that', async () => {
    const made = bench();
    made.fleet = away;
    await made.runFor(0.1);
    // Nothing was in force yet at the first look, so it takes its policy from the configuration.
    await made.runFor(3.5);
    made.fleet = async () => ok(fleetOf(2));
    made.cpu = null;
    await made.runFor(1.2);

    expect(made.watch.facts('web')?.decision?.action).toBe('freeze');
    expect(made.watch.facts('web')?.frozenSince).not.toBeNull();
  });

  it('count the same when the engine throws', async () => {
    const made = bench();
    made.fleet = () => Promise.reject(new OpError('scaling_failed', 'torn answer'));
    await made.runFor(4);

    expect(made.watch.facts('web')).toMatchObject({ fleet: null, problem: 'torn answer' });
    expect(made.watch.facts('web')?.frozenSince).not.toBeNull();
  });

  it('are still frozen after a restart', async () => {
    const made = bench();
    made.fleet = away;
    await made.runFor(4);
    const since = made.watch.facts('web')?.frozenSince;
    const again = bench({}, made.facts);
    again.fleet = away;
    await again.runFor(0.1);

    expect(again.watch.facts('web')?.frozenSince).toBe(since);
  });
});

describe('what is written', () => {
  it('is not the same answer again at each evaluation', async () => {
    const made = bench({ desired: 2 });
    await made.runFor(60);

    expect(made.watch.facts('web')?.decisions.length).toBe(1);
    expect(made.facts.writes.get('scaling:web')).toBeLessThan(10);
  });

  it('is a wish that nobody follows once, and not each time', async () => {
    const made = bench({ mode: 'observe' });
    made.cpu = 0.9;
    await made.runFor(30);

    expect(made.watch.facts('web')?.decision).toMatchObject({ action: 'scale_up', act: false });
    expect(made.watch.facts('web')?.decisions.length).toBeLessThan(4);
    expect(made.asked).toEqual([]);
  });
});

describe('the circuit breaker', () => {
  it('lets a try through after its time', async () => {
    const made = bench();
    made.cpu = 0.9;
    const nextAttemptAt = new Date(t0 + 10 * 60_000).toISOString();
    made.breaker = { ...newBreaker('scaling'), state: 'open', nextAttemptAt };
    await made.runFor(8);
    expect(made.watch.facts('web')?.decision).toMatchObject({ action: 'scale_up', act: false, page: true });
    expect(made.asked).toEqual([]);

    await made.runFor(4);
    expect(made.asked.length).toBeGreaterThan(0);
  });
});

describe('a clock that is set', () => {
  it.each([
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ])('%s by an hour neither stops the evaluations nor removes anything', async (_how, ms) => {
    const made = bench();
    await made.runFor(3);
    made.clock.jump(ms);
    await made.runFor(0.2);
    made.cpu = 0.9;
    await made.runFor(5);

    expect(made.watch.facts('web')?.decision).toMatchObject({ action: 'scale_up' });
    expect(made.asked.every(({ desired }) => desired > 2)).toBe(true);
  });
});
