import type { Outcome } from '../../../contract/errors.ts';
import {
  replicaStates,
  syncStates,
  type ReplicaFacts,
  type ReplicaState,
  type SlotFacts,
} from '../../../contract/postgres.ts';
import type { ReplicaMemory, ReplicationMemory, ReplicationSettings } from '../port.ts';
import { bytesBetween } from './lsn.ts';
import type { PrimaryReading, SenderReading, SlotReading, StandbyReading } from './readings.ts';
import { nameSenders, slotOf } from './who.ts';

/**
 * A link that has died without a word keeps its sender for wal_sender_timeout, a minute: WAL that nobody confirms tells sooner. Less than
 * five seconds, so that two readings at that interval are enough.
 */
const silentAfterMs = 4500;
/** A row that has not moved for so many intervals says nothing about a standby, only that it is not written. */
const staleAfterIntervals = 3;

export interface Judgement {
  readonly replicas: readonly ReplicaFacts[];
  readonly memory: ReplicationMemory;
}

/**
 * What is true of each replica: those that are configured, those that are connected, and slots that nobody uses. Pure.
 * `standbys` has an outcome for each configured one.
 */
export function judgeReplicas(
  primary: PrimaryReading,
  standbys: ReadonlyMap<string, Outcome<StandbyReading>>,
  settings: ReplicationSettings,
  previous: ReplicationMemory,
): Judgement {
  const senders = nameSenders(primary.senders);
  const names = new Set([...standbys.keys(), ...senders.keys()]);
  const memory = new Map<string, ReplicaMemory>();
  const used = new Set<string>();
  const replicas = [...names].map((name): ReplicaFacts => {
    const sender = senders.get(name) ?? null;
    const standby = standbys.get(name) ?? null;
    const before = previous.get(name) ?? null;
    const slot = slotOf(name, sender, standby?.ok === true ? standby.value : null, before, primary.slots);
    if (slot !== null) used.add(slot.name);
    const kept = remember(sender, slot, before, Date.parse(primary.now));
    memory.set(name, kept);
    return judgeReplica({ name, primary, sender, standby, slot, kept, settings });
  });
  const orphans = primary.slots.filter((slot) => !used.has(slot.name) && !slot.temporary).map(orphanedSlot);
  return { replicas: [...replicas, ...orphans].sort((a, b) => (a.name < b.name ? -1 : 1)), memory };
}

interface Seen {
  readonly name: string;
  readonly primary: PrimaryReading;
  readonly sender: SenderReading | null;
  /** Null: it is not configured, so it cannot be asked. */
  readonly standby: Outcome<StandbyReading> | null;
  readonly slot: SlotReading | null;
  readonly kept: ReplicaMemory;
  readonly settings: ReplicationSettings;
}

function remember(
  sender: SenderReading | null,
  slot: SlotReading | null,
  before: ReplicaMemory | null,
  now: number,
): ReplicaMemory {
  const replyAt = sender?.replyAt ?? null;
  const isWaiting = replyAt !== null && (sender?.unflushedBytes ?? 0) > 0;
  const since = before?.replyAt === replyAt ? (before.waitingSince ?? now) : now;
  // A clock that was set back must not make it wait from the future on.
  return { replyAt, waitingSince: isWaiting ? Math.min(since, now) : null, slot: slot?.name ?? before?.slot ?? null };
}

function judgeReplica(seen: Seen): ReplicaFacts {
  const { name, primary, sender, slot } = seen;
  const itself = seen.standby?.ok === true ? seen.standby.value : null;
  const follows = itself?.inRecovery !== false;
  const heartbeat = follows ? heartbeatLag(seen, itself) : null;
  const broken = linkProblem(seen, itself, heartbeat);
  const connected = broken === null;
  const lagBytes = follows
    ? behindBytes(primary, itself?.replayedLsn, connected ? sender?.unreplayedBytes : null)
    : null;
  const lagSeconds = follows ? lagOf(seen, itself, connected, heartbeat, lagBytes) : null;
  const facts = {
    name,
    connected,
    state: stateOf(sender, itself, connected),
    syncState: connected ? (syncStates.find((s) => s === sender?.syncState) ?? null) : null,
    writeLagSeconds: connected ? (sender?.writeLagSeconds ?? null) : null,
    flushLagSeconds: connected ? (sender?.flushLagSeconds ?? null) : null,
    replayLagSeconds: connected ? (sender?.replayLagSeconds ?? null) : null,
    heartbeatLagSeconds: heartbeat,
    lagSeconds,
    lagBytes,
    queueBytes: follows ? behindBytes(primary, itself?.receivedLsn, connected ? sender?.unsentBytes : null) : null,
    slot: slot === null ? null : slotFacts(slot),
  };
  return { ...facts, problem: problemOf(seen, facts, broken, itself) };
}

/** Why no WAL streams to it; null: it does. */
function linkProblem(
  { name, primary, sender, kept, settings }: Seen,
  itself: StandbyReading | null,
  heartbeat: number | null,
): string | null {
  if (itself?.inRecovery === false) return `${name} accepts writes: it follows nobody`;
  if (sender === null) {
    // It follows another standby: rows that are fresh came through. A dead link that it has not noticed brings none.
    if (itself?.receiving === true && heartbeat !== null && heartbeat < settings.lagDegradedSeconds) return null;
    return itself === null
      ? `no connection from ${name}`
      : `no connection from ${name}, which answers and ${itself.receiving === true ? 'receives from another server' : 'has no receiver'}`;
  }
  // Half open: the standby has noticed, the primary not yet.
  if (itself?.receiving === false) return `${name} has lost the connection that the primary still holds`;
  const silentMs = kept.waitingSince === null ? 0 : Date.parse(primary.now) - kept.waitingSince;
  if (silentMs >= silentAfterMs)
    return `${name} has confirmed nothing for ${Math.round(silentMs / 1000)} s, and ${sender.unflushedBytes} bytes of WAL wait for it`;
  return null;
}

function stateOf(sender: SenderReading | null, itself: StandbyReading | null, connected: boolean): ReplicaState {
  if (!connected) return 'disconnected';
  if (itself?.replayPaused === true) return 'paused';
  // Without pg_monitor the state of a sender is hidden; that it is there is not.
  return replicaStates.find((state) => state === sender?.state) ?? 'streaming';
}

/** What the standby says of itself wins over nothing; what the primary says while connected wins over it, being of one moment. */
function behindBytes(
  primary: PrimaryReading,
  reached: string | null | undefined,
  bySender: number | null | undefined,
): number | null {
  return bySender ?? bytesBetween(reached ?? null, primary.currentLsn);
}

/** Age of the newest row that the standby shows; null where no row is read, or its age would only say that none is written. */
function heartbeatLag({ primary, settings }: Seen, itself: StandbyReading | null): number | null {
  if (settings.heartbeat === null || itself === null || itself.heartbeat.at === null) return null;
  const shown = Date.parse(itself.heartbeat.at);
  const newest = primary.heartbeat.at === null ? null : Date.parse(primary.heartbeat.at);
  const isWritten =
    newest !== null &&
    Date.parse(primary.now) - newest <= settings.heartbeat.intervalSeconds * staleAfterIntervals * 1000;
  if (isWritten) return Math.max(0, (Date.parse(primary.now) - shown) / 1000);
  return newest !== null && shown < newest ? (newest - shown) / 1000 : null;
}

function lagOf(
  { primary, sender }: Seen,
  itself: StandbyReading | null,
  connected: boolean,
  heartbeat: number | null,
  lagBytes: number | null,
): number | null {
  // All that was written is replayed there: an idle primary is no lag.
  if (connected && lagBytes === 0) return 0;
  if (connected && sender !== null) {
    // While replay is paused the primary goes on showing what it measured last.
    if (heartbeat === null) return itself?.replayPaused === true ? null : sender.replayLagSeconds;
    // The newest row is there: its age is only the time since it was written, and the primary measures finer.
    const hasNewest = primary.heartbeat.at !== null && (itself?.heartbeat.at ?? '') >= primary.heartbeat.at;
    return hasNewest ? Math.min(heartbeat, sender.replayLagSeconds ?? heartbeat) : heartbeat;
  }
  return heartbeat;
}

function slotFacts({ name, active, walStatus, safeWalSizeBytes, retainedBytes }: SlotReading): SlotFacts {
  return { name, active, walStatus, safeWalSizeBytes, retainedBytes };
}

function slotProblem(slot: SlotFacts | null): string | null {
  if (slot?.walStatus === 'lost')
    return `slot ${slot.name} is lost: it can never catch up from it and must be made anew`;
  if (slot?.walStatus === 'unreserved') return `slot ${slot.name} is about to be lost at the next checkpoint`;
  return null;
}

/** The worst first; null: nothing to say. */
function problemOf(
  { name, standby, settings, primary, sender }: Seen,
  facts: Omit<ReplicaFacts, 'problem'>,
  broken: string | null,
  itself: StandbyReading | null,
): string | null {
  const said = [broken, slotProblem(facts.slot)];
  if (broken === null && sender === null) said.push(`${name} follows another server than the primary`);
  if (itself?.replayPaused === true) said.push(`replay is paused on ${name}`);
  if (facts.lagSeconds !== null && facts.lagSeconds >= settings.lagDegradedSeconds)
    said.push(
      `${Math.round(facts.lagSeconds)} s behind, at least the ${settings.lagDegradedSeconds} s of lag_degraded`,
    );
  said.push(itself?.heartbeat.problem ?? null);
  if (standby?.ok === false) said.push(`it cannot be asked: ${standby.error.message}`);
  if (facts.lagSeconds === null && broken === null)
    said.push(primary.mayMonitor ? 'its lag is not known yet' : 'its lag is hidden: the role lacks pg_monitor');
  const texts = said.filter((text) => text !== null);
  return texts.length === 0 ? null : texts.join('; ');
}

/** Keeps WAL for somebody who is not there: a disk fills up from it. */
function orphanedSlot(slot: SlotReading): ReplicaFacts {
  const facts = slotFacts(slot);
  const used = slot.active ? 'is used by nobody that is known' : 'is used by nobody';
  return {
    name: slot.name,
    connected: false,
    state: 'disconnected',
    syncState: null,
    writeLagSeconds: null,
    flushLagSeconds: null,
    replayLagSeconds: null,
    heartbeatLagSeconds: null,
    lagSeconds: null,
    lagBytes: null,
    queueBytes: null,
    slot: facts,
    problem: [`slot ${slot.name} ${used} and keeps WAL`, slotProblem(facts)].filter((t) => t !== null).join('; '),
  };
}
