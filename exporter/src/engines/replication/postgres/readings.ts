import type { IsoTime } from '../../../contract/observed.ts';
import type { ArchiverFacts, SlotFacts } from '../../../contract/postgres.ts';

// What the servers answered, before anything is concluded from it. Moments are those of the primary's clock where not said otherwise.

/** One row of pg_stat_replication. Bytes are what the primary has written and the other side has not yet taken, written, … */
export interface SenderReading {
  readonly pid: number;
  /** application_name. */
  readonly name: string;
  readonly state: string | null;
  readonly syncState: string | null;
  readonly writeLagSeconds: number | null;
  readonly flushLagSeconds: number | null;
  readonly replayLagSeconds: number | null;
  readonly unsentBytes: number | null;
  readonly unflushedBytes: number | null;
  readonly unreplayedBytes: number | null;
  /** Moment of the other side's clock that its last answer carries. */
  readonly replyAt: string | null;
}

export interface SlotReading extends SlotFacts {
  /** Of the sender that uses it. */
  readonly activePid: number | null;
  readonly temporary: boolean;
}

export interface PrimaryReading {
  readonly now: IsoTime;
  readonly inRecovery: boolean;
  /** Position that was written last; a standby's: received last. */
  readonly currentLsn: string | null;
  readonly timeline: number | null;
  readonly walSegmentBytes: number | null;
  /** Whether the role may see other sessions; else most columns are empty. */
  readonly mayMonitor: boolean;
  readonly senders: readonly SenderReading[];
  readonly slots: readonly SlotReading[];
  readonly archiver: ArchiverFacts | null;
  readonly heartbeat: HeartbeatReading;
}

export interface HeartbeatReading {
  /** Moment of the row; null: there is none, or it may not be read. */
  readonly at: IsoTime | null;
  readonly problem: string | null;
}

export interface StandbyReading {
  /** False: it accepts writes and follows nobody. */
  readonly inRecovery: boolean;
  /** Whether its receiver is connected; null: it may not be seen. */
  readonly receiving: boolean | null;
  readonly receivedLsn: string | null;
  readonly replayedLsn: string | null;
  readonly replayPaused: boolean;
  /** primary_slot_name of its configuration. */
  readonly slotName: string | null;
  /** The row that it shows: of the primary's clock. */
  readonly heartbeat: HeartbeatReading;
}
