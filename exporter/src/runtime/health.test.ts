import { Config } from '../config/schema.ts';
import { ok, fail } from '../contract/errors.ts';
import type { CheckState, ProbeResult } from '../contract/health.ts';
import type { CheckTarget, StartedProbe } from '../engines/health/port.ts';
import type { Clock } from '../ports/index.ts';
import type { FactStore, MeasuredEvent } from '../store/port.ts';
import { createHealthWatch, probesAtOnce, type HealthDeps, type HealthWatch } from './health.ts';
import { silentLog } from './testing.ts';

const t0 = Date.parse('2026-11-22T08:00:00.000Z');

/** Time passes as fast as everybody sleeps. */
function fastClock(): Clock & { readonly ms: () => number; jump(ms: number): void } {
  let ms = t0;
  return {
    now: () => new Date(ms),
    sleep: async (by, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal.aborted) ms += Math.min(by, 1000);
    },
    ms: () => ms,
    jump: (by) => (ms += by),
  };
}

function memoryFacts(): FactStore & { readonly map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    get: async (name) => map.get(name) ?? null,
    set: async (name, value) => void map.set(name, value),
    list: async (prefix) => [...map].flatMap(([name, value]) => (name.startsWith(prefix) ? [{ name, value }] : [])),
    remove: async (name) => void map.delete(name),
  };
}

const tcp = (name: string, more: object = {}) => ({ name, kind: 'tcp', tcp: { host: 'shop', port: 80 }, ...more });
const configWith = (checks: readonly object[], health: object = {}, top: object = {}) =>
  Config.parse({ services: [{ name: 'shop', health: { checks, ...health }, ...top }] });

const resultOf = (state: CheckState): ProbeResult => ({ state, responseSeconds: 0.01, detail: `seen ${state}` });

interface Bench {
  readonly watch: HealthWatch;
  readonly clock: ReturnType<typeof fastClock>;
  readonly facts: ReturnType<typeof memoryFacts>;
  readonly events: MeasuredEvent[];
  readonly probed: { readonly target: CheckTarget; readonly atMs: number }[];
  config: Config;
  states: CheckState;
  changes: number;
  /** Runs until so many probes have ended. */
  until(probes: number): Promise<void>;
  runFor(ms: number): Promise<void>;
}

function bench(config: Config, change: Partial<HealthDeps> = {}, facts = memoryFacts()): Bench {
  const clock = fastClock();
  const events: MeasuredEvent[] = [];
  const probed: { target: CheckTarget; atMs: number }[] = [];
  const runWhile = async (goesOn: () => boolean): Promise<void> => {
    const stopping = new AbortController();
    const running = made.watch.run(stopping.signal);
    while (goesOn()) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    await running;
  };
  const startProbe = (target: CheckTarget): StartedProbe => {
    probed.push({ target, atMs: clock.ms() });
    return { result: Promise.resolve(resultOf(made.states)), settled: Promise.resolve() };
  };
  const made: Bench = {
    clock,
    facts,
    events,
    probed,
    config,
    states: 'healthy',
    changes: 0,
    until: (probes) => runWhile(() => events.filter((e) => e.kind === 'health_check').length < probes),
    runFor: (ms) => {
      const end = clock.ms() + ms;
      return runWhile(() => clock.ms() < end);
    },
    watch: createHealthWatch({
      clock,
      random: { bytes: (length) => Buffer.alloc(length, 128), hex: (length) => '80'.repeat(length) },
      log: silentLog,
      facts,
      config: () => made.config,
      fetch: () => Promise.reject(new Error('nobody is asked')),
      resolveSecret: () => ok('secret'),
      nowMs: clock.ms,
      count: (event) => events.push(event),
      changed: () => (made.changes += 1),
      startProbe,
      ...change,
    }),
  };
  return made;
}

describe('the watch over health checks', () => {
  it('knows nothing before the first probe, and nothing of a service without checks', async () => {
    const { watch } = bench(configWith([tcp('page')]));

    expect(watch.facts('shop')).toMatchObject({
      state: 'unknown',
      checks: [{ name: 'page', state: null, last: null }],
    });
    expect(watch.facts('blog')).toBeNull();
    expect(bench(configWith([])).watch.facts('shop')).toBeNull();
  });

  it('probes each interval, give or take a tenth, and counts what it saw', async () => {
    const at = bench(configWith([tcp('page')], { interval: '30s' }));

    await at.until(4);

    const gaps = at.probed.slice(1).map(({ atMs }, i) => atMs - (at.probed[i]?.atMs ?? 0));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(27_000);
      expect(gap).toBeLessThanOrEqual(34_000);
    }
    expect(at.events).toHaveLength(4);
    expect(at.events[0]).toMatchObject({ kind: 'health_check', service: 'shop', labels: { result: 'success' } });
    expect(at.watch.facts('shop')).toMatchObject({ state: 'healthy', checks: [{ consecutiveSuccesses: 4 }] });
  });

  it('goes down and comes up after its thresholds, and says so at once', async () => {
    const at = bench(configWith([tcp('page')], { interval: '1s', failures: 3, successes: 2 }));
    await at.until(1);
    const changesWhenHealthy = at.changes;

    at.states = 'unhealthy';
    await at.until(3);
    expect(at.watch.facts('shop')?.state).toBe('healthy');
    await at.until(4);

    expect(at.watch.facts('shop')).toMatchObject({ state: 'unhealthy', checks: [{ consecutiveFailures: 3 }] });
    expect(at.changes).toBeGreaterThan(changesWhenHealthy);
    expect(at.events.filter((e) => e.kind === 'health_check_failure')).toHaveLength(3);
    at.states = 'healthy';
    await at.until(6);
    expect(at.watch.facts('shop')?.state).toBe('healthy');
  });

  it('remembers since when over a restart, unless the check is another one now or the pause was long', async () => {
    const config = configWith([tcp('page')], { interval: '1s' });
    const first = bench(config);
    await first.until(1);
    const since = first.watch.facts('shop')?.checks[0]?.since;

    const restarted = async (later: number, with_: Config): Promise<string | null | undefined> => {
      const at = bench(with_, {}, first.facts);
      at.clock.jump(later);
      await at.watch.load();
      await at.until(1);
      return at.watch.facts('shop')?.checks[0]?.since;
    };

    expect(since).not.toBeNull();
    expect(await restarted(600_000, config)).toBe(since);
    const other = configWith([tcp('page', { tcp: { host: 'shop', port: 81 } })], { interval: '1s' });
    expect(await restarted(600_000, other)).not.toBe(since);
  });

  it('forgets states that are too old to go on from, and of services that are gone', async () => {
    const config = configWith([tcp('page')], { interval: '1s' });
    const first = bench(config);
    await first.until(1);
    const since = first.watch.facts('shop')?.checks[0]?.since;

    const later = bench(config, {}, first.facts);
    later.clock.jump(2 * 3_600_000);
    await later.watch.load();
    await later.until(1);
    expect(later.watch.facts('shop')?.checks[0]?.since).not.toBe(since);

    const without = bench(Config.parse({ services: [{ name: 'blog' }] }), {}, first.facts);
    await without.watch.load();
    expect([...first.facts.map.keys()]).toEqual([]);
  });

  it('follows a reload: new checks come, gone ones go, others keep what is known', async () => {
    const at = bench(configWith([tcp('page'), tcp('door')], { interval: '1s' }));
    await at.until(2);

    at.config = configWith([tcp('page'), tcp('gate')], { interval: '1s' });

    expect(at.watch.facts('shop')?.checks.map(({ name, state }) => [name, state])).toEqual([
      ['page', 'healthy'],
      ['gate', null],
    ]);
    expect(at.watch.facts('shop')?.state).toBe('unknown');
  });

  it('says error where the secret of a check cannot be read', async () => {
    const redis = { name: 'cache', kind: 'redis', redis: { password: 'env:REDIS_PASSWORD' } };
    const at = bench(configWith([redis], { interval: '1s' }), {
      resolveSecret: () => fail('key_missing', 'REDIS_PASSWORD is not set'),
    });

    await at.until(1);

    expect(at.probed).toEqual([]);
    expect(at.watch.facts('shop')).toMatchObject({
      state: 'error',
      checks: [{ last: { detail: 'REDIS_PASSWORD is not set' } }],
    });
  });

  it('makes at most sixteen probes at a time, and all of them in the end', async () => {
    let now = 0;
    let most = 0;
    const at = bench(
      configWith(
        Array.from({ length: 40 }, (_, i) => tcp(`c${i}`)),
        { interval: '1h' },
      ),
      {
        startProbe: (): StartedProbe => {
          most = Math.max(most, (now += 1));
          const result = new Promise<ProbeResult>((resolve) =>
            setImmediate(() => {
              now -= 1;
              resolve(resultOf('healthy'));
            }),
          );
          return { result, settled: result.then(() => undefined) };
        },
      },
    );

    await at.until(40);

    expect(most).toBe(probesAtOnce);
    expect(at.watch.facts('shop')?.checks.filter(({ state }) => state !== 'healthy')).toEqual([]);
  });

  it('does not start a probe again that has not come back, and says what it waits for', async () => {
    let started = 0;
    let release = (): void => undefined;
    const settled = new Promise<void>((resolve) => (release = resolve));
    const at = bench(configWith([{ name: 'disk', kind: 'disk', disk: { path: '/mnt' } }], { interval: '1s' }), {
      startProbe: (): StartedProbe => {
        started += 1;
        return started === 1
          ? { result: Promise.resolve({ ...resultOf('unhealthy'), detail: 'no answer within 10 s' }), settled }
          : { result: Promise.resolve(resultOf('healthy')), settled: Promise.resolve() };
      },
    });

    await at.until(3);
    expect(started).toBe(1);
    expect(at.watch.facts('shop')?.checks[0]?.last?.detail).toMatch(/^no answer: the probe of .* still waits$/);

    release();
    await at.until(5);
    expect(started).toBe(3);
  });

  it('leaves threads to the program when several disks hang', async () => {
    const disks = ['a', 'b', 'c', 'd'].map((name) => ({ name, kind: 'disk', disk: { path: `/mnt/${name}` } }));
    let started = 0;
    const at = bench(configWith(disks, { interval: '1s' }), {
      startProbe: (): StartedProbe => {
        started += 1;
        return { result: Promise.resolve(resultOf('unhealthy')), settled: new Promise(() => undefined) };
      },
    });

    await at.until(12);

    expect(started).toBe(2);
    expect(at.watch.facts('shop')?.state).toBe('unhealthy');
    expect(
      at.watch
        .facts('shop')
        ?.checks.map(({ state }) => state)
        .sort(),
    ).toEqual(['error', 'error', 'unhealthy', 'unhealthy']);
  });

  it('notices that the checks are not made', async () => {
    const at = bench(configWith([tcp('page')], { interval: '10s' }));
    await at.until(1);

    expect(at.watch.problem()).toBeNull();
    at.clock.jump(60_000);

    expect(at.watch.problem()?.message).toBe('the check page of shop was not made in time');
    expect(at.watch.facts('shop')?.state).toBe('unknown');
  });

  it('goes on at once when the clock was set back', async () => {
    const at = bench(configWith([tcp('page')], { interval: '30s' }));
    await at.until(1);

    at.clock.jump(-3_600_000);
    const before = at.clock.ms();
    await at.until(2);

    expect(at.clock.ms() - before).toBeLessThan(5000);
  });

  it('hands the server of the service to a check of its database, with the password read anew', async () => {
    const postgres = { host: '/run/pg', user: 'watcher', password: 'env:PG', lag_degraded: '5s' };
    const at = bench(configWith([{ name: 'db', kind: 'postgres' }], { interval: '1s' }, { postgres }));

    await at.until(1);

    expect(at.probed[0]?.target).toEqual({
      kind: 'postgres',
      lagDegradedSeconds: 5,
      server: { host: '/run/pg', port: 5432, user: 'watcher', database: 'postgres', tlsCa: null, password: 'secret' },
    });
  });

  it('keeps no secret in the store', async () => {
    const redis = { name: 'cache', kind: 'redis', redis: { password: 'env:REDIS_PASSWORD' } };
    const at = bench(configWith([redis], { interval: '1s' }));

    await at.until(1);

    expect(JSON.stringify([...at.facts.map])).not.toContain('secret');
    expect(at.facts.map.get('health:shop')).toContain('"state":"healthy"');
  });
});
