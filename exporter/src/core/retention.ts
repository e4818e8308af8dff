import { isWhole, type CatalogueEntry } from '../contract/backup.ts';

export interface RetentionPolicy {
  readonly fullDays: number;
  readonly incrementalDays: number;
  /** Fulls at most; snapshots and incrementals do not count. */
  readonly fullCount: number;
}

export interface Expiry {
  readonly id: string;
  readonly reason: string;
}

const dayMs = 86_400_000;

function ageDays(entry: CatalogueEntry, now: Date): number {
  return (+now - Date.parse(entry.endedAt)) / dayMs;
}

/** The backups that `ids` build upon, themselves included. */
function withAncestors(ids: Iterable<string>, byId: ReadonlyMap<string, CatalogueEntry>): Set<string> {
  const kept = new Set<string>();
  for (const id of ids) {
    let at: string | null = id;
    while (at !== null && !kept.has(at)) {
      kept.add(at);
      at = byId.get(at)?.parent ?? null;
    }
  }
  return kept;
}

function expiryReason(
  entry: CatalogueEntry,
  policy: RetentionPolicy,
  now: Date,
  surplusFulls: ReadonlySet<string>,
): string | null {
  if (entry.keep) return null;
  const limitDays = isWhole(entry.type) ? policy.fullDays : policy.incrementalDays;
  if (ageDays(entry, now) > limitDays) return `older than ${limitDays} days`;
  if (surplusFulls.has(entry.id)) return `more than ${policy.fullCount} full backups`;
  return null;
}

/**
 * Which backups of one service may go now, in the order in which to delete them.
 * Never: what a kept backup needs, the newest backup, the newest verified one, what is in use, what is marked keep.
 */
export function decideRetention(
  entries: readonly CatalogueEntry[],
  policy: RetentionPolicy,
  now: Date,
  inUse: ReadonlySet<string> = new Set(),
): readonly Expiry[] {
  const byId = new Map(entries.map((e) => [e.id, e]));
  const newestFirst = [...entries].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  const surplusFulls = new Set(
    newestFirst
      .filter((e) => e.type === 'full')
      .slice(policy.fullCount)
      .map((e) => e.id),
  );
  const reasons = new Map<string, string>();
  for (const entry of entries) {
    const reason = expiryReason(entry, policy, now, surplusFulls);
    if (reason !== null) reasons.set(entry.id, reason);
  }
  const newest = newestFirst[0];
  const newestVerified = newestFirst.find((e) => e.verifyResult === 'passed');
  const wanted = [
    ...entries.filter((e) => !reasons.has(e.id)).map((e) => e.id),
    ...(newest === undefined ? [] : [newest.id]),
    ...(newestVerified === undefined ? [] : [newestVerified.id]),
    ...inUse,
  ];
  const kept = withAncestors(wanted, byId);
  // Newest first: if we die half-way, every backup that is left still has everything it builds upon.
  return newestFirst.flatMap((e) => (kept.has(e.id) ? [] : [{ id: e.id, reason: reasons.get(e.id) ?? '' }]));
}
