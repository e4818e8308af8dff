import type { BackupType, CatalogueEntry } from '../contract/backup.ts';

export interface BackupChoice {
  readonly type: BackupType;
  readonly parent: string | null;
  /** Why it is not what was asked for; null when it is. */
  readonly changedBecause: string | null;
}

/** True when every ancestor of the entry is in the catalogue and none is known to be damaged. */
export function isChainUsable(entry: CatalogueEntry, byId: ReadonlyMap<string, CatalogueEntry>): boolean {
  let at: CatalogueEntry | undefined = entry;
  for (let hops = 0; at !== undefined && hops < 100_000; hops++) {
    if (at.verifyResult === 'failed' || at.status === 'failed') return false;
    if (at.parent === null) return true;
    at = byId.get(at.parent);
  }
  return false;
}

/** Newest backup that can be restored as far as is known; entries in any order. */
export function newestUsable(entries: readonly CatalogueEntry[]): CatalogueEntry | null {
  const byId = new Map(entries.map((e) => [e.id, e]));
  const newestFirst = [...entries].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return newestFirst.find((e) => isChainUsable(e, byId)) ?? null;
}

/** An incremental needs something sound to build upon; without it a full is made and the reason is said. */
export function chooseBackup(
  wanted: BackupType,
  entries: readonly CatalogueEntry[],
  policy: {
    readonly componentNames: readonly string[];
    readonly encrypted: boolean;
    readonly keyFingerprint: string | null;
  },
): BackupChoice {
  if (wanted === 'full' || wanted === 'snapshot') return { type: wanted, parent: null, changedBecause: null };
  const full = (why: string): BackupChoice => ({ type: 'full', parent: null, changedBecause: why });
  const parent = newestUsable(entries);
  if (parent === null)
    return full(entries.length === 0 ? 'there is no backup to build upon' : 'no sound chain to build upon');
  const missing = policy.componentNames.filter((n) => !parent.components.some((c) => c.name === n));
  if (missing.length > 0) return full(`component ${missing.join(', ')} is not in ${parent.id}`);
  if (parent.encrypted !== policy.encrypted) return full(`encryption was switched ${policy.encrypted ? 'on' : 'off'}`);
  return { type: wanted, parent: parent.id, changedBecause: null };
}

/** Those in the repository itself, where each copy is a repository of its own whose backups name it. */
export function inRepository(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  return entries.filter(({ copies }) => copies.length === 0);
}

/**
 * Backups of the repository that ended after the newest one of such a copy began: what the copy lacks. Newest first, as the entries.
 */
export function behindOf(entries: readonly CatalogueEntry[], copy: string): readonly CatalogueEntry[] {
  const newest = entries.find(({ copies }) => copies.includes(copy));
  return inRepository(entries).filter(({ endedAt }) => newest === undefined || endedAt > newest.startedAt);
}
