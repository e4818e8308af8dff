import type { ReplicaFacts, ReplicationFacts } from '@genesis-dr/exporter/contract';
import { textParam } from './url-state.ts';

/** What the Replication page says of standbys. Null is unknown: it is never within an objective and never 0. */

export const replicationParams = { service: textParam(63) } as const;

export type ReplicaVerdict =
  'current' | 'lagging' | 'catching_up' | 'paused' | 'slot_lost' | 'disconnected' | 'unknown';

/** `degradedSeconds`: a standby so far behind, or further, is too far behind. */
export function verdictOf(replica: ReplicaFacts, degradedSeconds: number): ReplicaVerdict {
  // A standby that can never catch up from its slot matters more than whether its connection stands.
  if (replica.slot?.walStatus === 'lost') return 'slot_lost';
  if (!replica.connected || replica.state === 'disconnected') return 'disconnected';
  if (replica.state === 'paused') return 'paused';
  if (replica.lagSeconds === null) return 'unknown';
  if (replica.lagSeconds >= degradedSeconds) return 'lagging';
  return replica.state === 'streaming' ? 'current' : 'catching_up';
}

const order: readonly ReplicaVerdict[] = [
  'slot_lost',
  'disconnected',
  'paused',
  'unknown',
  'lagging',
  'catching_up',
  'current',
];

export interface ReplicaRow {
  readonly replica: ReplicaFacts;
  readonly verdict: ReplicaVerdict;
}

/** Worst first: what a reader has to see first. */
export function replicaRows(facts: ReplicationFacts): readonly ReplicaRow[] {
  return facts.replicas
    .map((replica) => ({ replica, verdict: verdictOf(replica, facts.lagDegradedSeconds) }))
    .sort(
      (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || a.replica.name.localeCompare(b.replica.name),
    );
}

/** The worst of a service; null where it has no standby. */
export function worstVerdict(rows: readonly ReplicaRow[]): ReplicaVerdict | null {
  return rows[0]?.verdict ?? null;
}

/** A failure counts until something was archived after it. */
export function isArchiverFailing(archiver: {
  readonly lastArchivedAt: string | null;
  readonly lastFailedAt: string | null;
}): boolean {
  const { lastArchivedAt, lastFailedAt } = archiver;
  if (lastFailedAt === null) return false;
  return lastArchivedAt === null || Date.parse(lastFailedAt) > Date.parse(lastArchivedAt);
}
