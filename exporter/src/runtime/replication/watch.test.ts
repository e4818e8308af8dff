import { fail, ok, OpError, type Outcome } from '../../contract/errors.ts';
import type { ReplicationFacts } from '../../contract/postgres.ts';
import type { ReplicationEngine, ReplicationMemory } from '../../engines/replication/port.ts';
import type { PostgresTarget } from '../../engines/postgres-target.ts';
import { createReplicationWatch, type WatchedServer } from './watch.ts';

const signal = new AbortController().signal;
const target = { host: '/run/postgresql', port: 5432 } as PostgresTarget;
const facts: ReplicationFacts = {
  isPrimary: true,
  timeline: 1,
  currentLsn: '0/1700158',
  walSegmentBytes: 16_777_216,
  lagDegradedSeconds: 10,
  replicas: [],
  archiver: null,
  heartbeatIntervalSeconds: 5,
  heartbeatAt: null,
  heartbeatProblem: null,
  problem: null,
};
const watched: WatchedServer = {
  target,
  settings: { heartbeat: { schema: 'genesis', intervalSeconds: 5 }, lagDegradedSeconds: 10 },
  statistics: false,
};

function setup(server: Outcome<WatchedServer | null> = ok(watched)) {
  const seen = { beats: 0, memories: [] as ReplicationMemory[], warned: [] as string[] };
  const state = {
    nowMs: 0,
    resolved: 0,
    services: ['shop'],
    beat: (): Promise<Outcome<string>> => Promise.resolve(ok('t')),
  };
  const memory: ReplicationMemory = new Map([['a', { replyAt: null, waitingSince: null, slot: 'a' }]]);
  const engine: ReplicationEngine = {
    name: 'postgres',
    observe: (_, __, previous) => {
      seen.memories.push(previous);
      return Promise.resolve(ok({ facts, memory }));
    },
    statistics: () => Promise.reject(new Error('not wanted')),
    beat: () => {
      seen.beats += 1;
      return state.beat();
    },
  };
  const log = { debug: () => {}, info: () => {}, error: () => {}, warn: (text: string) => void seen.warned.push(text) };
  const watch = createReplicationWatch({
    clock: { now: () => new Date(state.nowMs), sleep: () => Promise.resolve() },
    log,
    engine,
    by: 'host-a',
    services: () => state.services,
    server: () => {
      state.resolved += 1;
      return Promise.resolve(server);
    },
  });
  return { watch, seen, state, memory };
}

describe('observe', () => {
  it('gives each reading what the one before left', async () => {
    const { watch, seen, memory } = setup();

    await watch.observe('shop', signal);
    const second = await watch.observe('shop', signal);
    expect(seen.memories).toEqual([new Map(), memory]);
    expect(second).toEqual({ replication: ok(facts), database: null });
  });

  it('reads nothing of a service without a server, and says what is wrong with one that cannot be resolved', async () => {
    expect(await setup(ok(null)).watch.observe('shop', signal)).toEqual({ replication: null, database: null });
    const broken = await setup(fail('key_missing', 'no password')).watch.observe('shop', signal);
    expect(broken.replication?.ok).toBe(false);
  });

  it('says why the row does not move', async () => {
    const { watch, state } = setup();
    state.beat = () => Promise.resolve(fail('postgres_failed', 'permission denied for schema genesis'));

    await watch.beatDue(signal);
    const reading = await watch.observe('shop', signal);
    expect(reading.replication).toMatchObject({
      value: { heartbeatProblem: 'the heartbeat cannot be written: permission denied for schema genesis' },
    });
  });
});

describe('beatDue', () => {
  it('writes at the interval, also after the clock was set back', async () => {
    const { watch, seen, state } = setup();
    for (const ms of [0, 1000, 4000, 4600, 5000, 9200, -3_600_000]) {
      state.nowMs = ms;
      await watch.beatDue(signal);
    }
    // At 0, 4.6 s, 9.2 s, and at once an hour back.
    expect(seen.beats).toBe(4);
  });

  it('looks at the service only when a heartbeat may be due', async () => {
    const { watch, seen, state } = setup();
    for (let ms = 0; ms < 20_000; ms += 1000) {
      state.nowMs = ms;
      await watch.beatDue(signal);
    }
    expect([seen.beats, state.resolved]).toEqual([4, 4]);

    const slow = setup(
      ok({ ...watched, settings: { ...watched.settings, heartbeat: { schema: 'g', intervalSeconds: 3600 } } }),
    );
    for (const ms of [0, 1000, 5000, 6000]) {
      slow.state.nowMs = ms;
      await slow.watch.beatDue(signal);
    }
    // A shorter interval may have been configured meanwhile.
    expect([slow.seen.beats, slow.state.resolved]).toEqual([1, 3]);
  });

  it('does not write again while one is under way, nor where none is wanted', async () => {
    const { watch, seen, state } = setup();
    let answer: (outcome: Outcome<string>) => void = () => {};
    state.beat = () => new Promise((resolve) => (answer = resolve));
    const first = watch.beatDue(signal);
    state.nowMs = 60_000;
    await watch.beatDue(signal);
    answer(ok('t'));
    await first;
    expect(seen.beats).toBe(1);

    const off = setup(ok({ ...watched, settings: { heartbeat: null, lagDegradedSeconds: 10 } }));
    await off.watch.beatDue(signal);
    expect(off.seen.beats).toBe(0);
  });

  it('tells a failure once, and forgets it when it goes again or the service is gone', async () => {
    const { watch, seen, state } = setup();
    state.beat = () => Promise.resolve(fail('postgres_unreachable', 'gone'));
    for (const ms of [0, 5000, 10_000]) {
      state.nowMs = ms;
      await watch.beatDue(signal);
    }
    expect(seen.warned).toEqual(['a heartbeat could not be written']);
    expect(watch.heartbeatFailure('shop')).toBeInstanceOf(OpError);

    state.services = [];
    await watch.beatDue(signal);
    expect(watch.heartbeatFailure('shop')).toBeNull();
  });

  it('takes what is thrown for a failure', async () => {
    const { watch, state } = setup();
    state.beat = () => Promise.reject(new Error('a bug'));

    await watch.beatDue(signal);
    expect(watch.heartbeatFailure('shop')?.message).toBe('a bug');
  });
});
