import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ReplicaFacts } from '../../../contract/postgres.ts';
import type { ReplicationMemory, ReplicationSettings } from '../port.ts';
import { judgeReplicas, type Judgement } from './judge.ts';
import type { PrimaryReading, SenderReading, StandbyReading } from './readings.ts';

// Readings of a real primary with the standbys a (through a link that can be cut) and b.

interface Recorded {
  readonly primary: PrimaryReading;
  readonly standbys: Readonly<Record<string, StandbyReading | { readonly failed: string; readonly message: string }>>;
}
const recorded = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'testdata/postgresql-15.18.json'), 'utf8'),
) as Record<string, Recorded>;

const settings: ReplicationSettings = { heartbeat: { schema: 'genesis', intervalSeconds: 5 }, lagDegradedSeconds: 10 };

function take(name: string): { primary: PrimaryReading; standbys: Map<string, Outcome<StandbyReading>> } {
  const found = recorded[name];
  if (found === undefined) throw new Error(`nothing is recorded as ${name}`);
  const standbys = Object.entries(found.standbys).map(
    ([standby, seen]) =>
      [standby, 'failed' in seen ? fail<StandbyReading>('postgres_unreachable', seen.message) : ok(seen)] as const,
  );
  return { primary: found.primary, standbys: new Map(standbys) };
}

function judge(
  name: string,
  previous: ReplicationMemory = new Map(),
  change: Partial<ReplicationSettings> = {},
): Judgement {
  const { primary, standbys } = take(name);
  return judgeReplicas(primary, standbys, { ...settings, ...change }, previous);
}

function replica(judgement: Judgement, name: string): ReplicaFacts {
  const found = judgement.replicas.find((r) => r.name === name);
  if (found === undefined) throw new Error(`no replica ${name}`);
  return found;
}

/** The recorded primary a while later, when nothing else has changed. */
function later(primary: PrimaryReading, seconds: number, change: Partial<PrimaryReading> = {}): PrimaryReading {
  return { ...primary, now: new Date(Date.parse(primary.now) + seconds * 1000).toISOString(), ...change };
}

function withSender(primary: PrimaryReading, name: string, change: Partial<SenderReading>): PrimaryReading {
  return { ...primary, senders: primary.senders.map((s) => (s.name === name ? { ...s, ...change } : s)) };
}

describe('judgeReplicas', () => {
  it('says of an idle primary that nothing is behind, however old the row is', () => {
    const seen = judge('idle');

    for (const name of ['a', 'b'])
      expect(replica(seen, name)).toMatchObject({
        connected: true,
        state: 'streaming',
        lagSeconds: 0,
        lagBytes: 0,
        queueBytes: 0,
        slot: { name, active: true, walStatus: 'reserved' },
        problem: null,
      });
    expect(replica(seen, 'a').heartbeatLagSeconds).toBeGreaterThan(0.9);
  });

  it('takes what the primary measures while the newest row has come through', () => {
    const a = replica(judge('load'), 'a');

    expect(a.lagBytes).toBeGreaterThan(0);
    expect(a.lagSeconds).toBeGreaterThan(0);
    expect(a.lagSeconds).toBe(a.replayLagSeconds);
  });

  it('says of a link that was cut: disconnected, the age of the row, and what is to be sent', () => {
    const a = replica(judge('a cut off, b paused'), 'a');

    expect(a).toMatchObject({ connected: false, state: 'disconnected', syncState: null, replayLagSeconds: null });
    expect(a.lagSeconds).toBeGreaterThan(4);
    expect(a.queueBytes).toBeGreaterThan(20_000);
    expect(a.problem).toBe('no connection from a, which answers and has no receiver');
    expect(a.slot).toMatchObject({ name: 'a', active: false });
  });

  it('says of a paused replay that it is connected and further behind than the primary shows', () => {
    const b = replica(judge('a cut off, b paused'), 'b');

    expect(b).toMatchObject({ connected: true, state: 'paused', queueBytes: 0, problem: 'replay is paused on b' });
    expect(b.lagSeconds).toBeGreaterThan(4);
    expect(b.replayLagSeconds).toBeLessThan(2);
    expect(b.lagBytes).toBeGreaterThan(20_000);
  });

  it('knows no lag of a paused replay without a heartbeat, since the primary shows an old one', () => {
    const b = replica(judge('a cut off, b paused', new Map(), { heartbeat: null }), 'b');

    expect(b).toMatchObject({ state: 'paused', lagSeconds: null, heartbeatLagSeconds: null });
    expect(b.problem).toContain('its lag is not known yet');
  });

  it('says that nothing is confirmed once WAL has waited over two readings with the same answer', () => {
    const first = judge('a frozen, first');
    expect(replica(first, 'a')).toMatchObject({ connected: true, state: 'streaming' });

    const second = replica(judge('a frozen, five seconds later', first.memory), 'a');
    expect(second).toMatchObject({ connected: false, state: 'disconnected', queueBytes: expect.any(Number) });
    expect(second.problem).toMatch(/^a has confirmed nothing for 5 s, and \d+ bytes of WAL wait for it$/);
    expect(second.lagSeconds).toBeGreaterThan(5);
    expect(replica(judge('mended', first.memory), 'a')).toMatchObject({ connected: true, lagSeconds: 0 });
  });

  it('does not take a fresh answer, nothing that waits, or a clock that was set back for silence', () => {
    const first = judge('a frozen, first');
    const { primary, standbys } = take('a frozen, five seconds later');
    const connected = (reading: PrimaryReading): boolean =>
      replica(judgeReplicas(reading, standbys, settings, first.memory), 'a').connected;

    expect(connected(primary)).toBe(false);
    expect(connected(withSender(primary, 'a', { replyAt: primary.now }))).toBe(true);
    expect(connected(withSender(primary, 'a', { unflushedBytes: 0 }))).toBe(true);
    expect(connected(later(primary, -3600))).toBe(true);
  });

  it('says nothing of the lag of a standby that is gone, and keeps its slot', () => {
    const before = judge('a frozen, first');
    const b = replica(judge('b killed, slot b in danger', before.memory), 'b');

    expect(b).toMatchObject({
      connected: false,
      lagSeconds: null,
      lagBytes: null,
      queueBytes: null,
      heartbeatLagSeconds: null,
    });
    expect(b.slot).toMatchObject({ name: 'b', active: false, walStatus: 'unreserved', safeWalSizeBytes: -1_048_576 });
    expect(b.problem).toMatch(
      /^no connection from b; slot b is about to be lost at the next checkpoint; it cannot be asked: /,
    );
  });

  it('says that a slot is lost, and not that it keeps no WAL', () => {
    const b = replica(judge('b killed, slot b lost'), 'b');

    expect(b.slot).toMatchObject({ walStatus: 'lost', retainedBytes: null });
    expect(b.problem).toContain('slot b is lost: it can never catch up from it');
  });

  it('says of a standby that was promoted that it follows nobody, with no figures of another timeline', () => {
    const a = replica(judge('a promoted'), 'a');

    expect(a).toMatchObject({
      connected: false,
      state: 'disconnected',
      lagSeconds: null,
      lagBytes: null,
      queueBytes: null,
    });
    expect(a.problem).toBe('a accepts writes: it follows nobody');
  });

  it('shows slots that nobody uses as replicas that are gone', () => {
    const seen = judge('a role without rights');

    expect(seen.replicas.map((r) => [r.name, r.connected, r.lagSeconds])).toEqual([
      ['a', false, null],
      ['b', false, null],
    ]);
    expect(replica(seen, 'a').problem).toBe('slot a is used by nobody and keeps WAL');
  });

  it('says why the lag is not known where the role may not see it', () => {
    const { primary } = take('load');
    const hidden = withSender({ ...primary, mayMonitor: false }, 'a', {
      state: null,
      syncState: null,
      replyAt: null,
      unsentBytes: null,
      unflushedBytes: null,
      unreplayedBytes: null,
      replayLagSeconds: null,
    });
    const a = replica(judgeReplicas(hidden, new Map(), settings, new Map()), 'a');

    expect(a).toMatchObject({ connected: true, lagSeconds: null, lagBytes: null });
    expect(a.problem).toBe('its lag is hidden: the role lacks pg_monitor');
  });

  it('does not take the age of a row that nobody writes any more for a lag', () => {
    const { primary, standbys } = take('load');
    const stopped = later(primary, 3600);
    const a = replica(judgeReplicas(stopped, standbys, settings, new Map()), 'a');

    expect(a).toMatchObject({ connected: true, heartbeatLagSeconds: null });
    expect(a.lagSeconds).toBe(a.replayLagSeconds);
  });

  it('still knows a least lag when the row stopped after the link was cut', () => {
    const { primary, standbys } = take('a cut off, b paused');
    const a = replica(judgeReplicas(later(primary, 3600), standbys, settings, new Map()), 'a');

    const reading = standbys.get('a');
    const shown = reading?.ok === true ? reading.value.heartbeat.at : null;
    expect(a.lagSeconds).toBe((Date.parse(primary.heartbeat.at ?? '') - Date.parse(shown ?? '')) / 1000);
  });

  it('says that a standby is degraded from lag_degraded on', () => {
    const { primary, standbys } = take('a cut off, b paused');
    const fresh = { at: later(primary, 9).now, problem: null };
    const a = replica(judgeReplicas(later(primary, 10, { heartbeat: fresh }), standbys, settings, new Map()), 'a');

    expect(a.lagSeconds).toBeGreaterThan(10);
    expect(a.problem).toMatch(/\d+ s behind, at least the 10 s of lag_degraded/);
  });

  it('trusts the standby that has lost a connection which the primary still holds', () => {
    const { primary, standbys } = take('idle');
    const reading = standbys.get('a');
    if (reading?.ok !== true) throw new Error('a was read');
    const half = new Map(standbys).set('a', ok({ ...reading.value, receiving: false }));

    expect(replica(judgeReplicas(primary, half, settings, new Map()), 'a')).toMatchObject({
      connected: false,
      problem: 'a has lost the connection that the primary still holds',
    });
  });

  it('takes a standby of a standby for connected while fresh rows come through, and no longer', () => {
    const { primary, standbys } = take('idle');
    const without = { ...primary, senders: primary.senders.filter(({ name }) => name !== 'b') };

    const b = replica(judgeReplicas(without, standbys, settings, new Map()), 'b');
    expect(b).toMatchObject({ connected: true, state: 'streaming', syncState: null, lagSeconds: 0, lagBytes: 0 });
    expect(b.problem).toBe('b follows another server than the primary');
    const fresh = { at: later(primary, 11).now, problem: null };
    const stale = replica(judgeReplicas(later(without, 12, { heartbeat: fresh }), standbys, settings, new Map()), 'b');
    expect(stale).toMatchObject({ connected: false, state: 'disconnected' });
    expect(stale.problem).toMatch(/^no connection from b, which answers and receives from another server; 13 s behind/);
  });

  it('shows followers that are not configured, tells those of one name apart and leaves out base backups', () => {
    const { primary } = take('idle');
    const [first] = primary.senders;
    if (first === undefined) throw new Error('there is a sender');
    const named = (name: string, pid: number): SenderReading => ({ ...first, name, pid });
    const senders = [named('walreceiver', 1), named('walreceiver', 2), named('pg_basebackup', 3), named('', 4)];

    const seen = judgeReplicas({ ...primary, senders, slots: [] }, new Map(), settings, new Map());
    expect(seen.replicas.map((r) => r.name)).toEqual(['unnamed', 'walreceiver', 'walreceiver#2']);
  });

  it('says what a follower has not replayed is unknown where it replays nothing', () => {
    const { primary } = take('load');
    const receiver = withSender(primary, 'a', { unreplayedBytes: null, replayLagSeconds: null });

    expect(replica(judgeReplicas(receiver, new Map(), settings, new Map()), 'a')).toMatchObject({
      connected: true,
      lagBytes: null,
      lagSeconds: null,
    });
  });
});
