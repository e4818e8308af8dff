import type { CatalogueEntry } from '../contract/backup.ts';
import type { PitrFacts } from '../contract/postgres.ts';
import type { BackupBrief, ChainReply, RecoverablePoint, RecoverableReply } from '../contract/page-replies.ts';

/** Which moments of a service can be brought back, from its catalogue. Pure. */

const mostUnusable = 200;

interface Judged {
  readonly entry: CatalogueEntry;
  /** Why it cannot be restored; null: it can, as far as is known. */
  readonly why: string | null;
  readonly base: string;
  readonly chainLength: number;
}

export interface RecoverableWish {
  readonly from: string | null;
  readonly to: string | null;
  readonly limit: number;
}

function oldestFirst(entries: readonly CatalogueEntry[]): CatalogueEntry[] {
  return [...entries].sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
}

/** Each with what it rests on. A backup starts after the one it builds upon, so that one is judged before it. */
function judgeAll(entries: readonly CatalogueEntry[]): readonly Judged[] {
  const byId = new Map<string, Judged>();
  for (const entry of oldestFirst(entries)) {
    const parent = entry.parent === null ? null : (byId.get(entry.parent) ?? null);
    byId.set(entry.id, {
      entry,
      why: whyUnusable(entry, parent),
      base: parent?.base ?? entry.id,
      chainLength: (parent?.chainLength ?? 0) + 1,
    });
  }
  return [...byId.values()];
}

function whyUnusable(entry: CatalogueEntry, parent: Judged | null): string | null {
  if (entry.status === 'failed') return 'it did not complete';
  if (entry.verifyResult === 'failed') return 'its verification failed';
  if (entry.parent === null) return null;
  if (parent === null) return `${entry.parent}, which it builds upon, is not in the catalogue`;
  return parent.why === null ? null : `${parent.entry.id}, which it builds upon, cannot be used: ${parent.why}`;
}

function toPoint({ entry, base, chainLength }: Judged): RecoverablePoint {
  return {
    backupId: entry.id,
    dataAt: entry.startedAt,
    endedAt: entry.endedAt,
    type: entry.type,
    bytes: entry.bytes,
    storedBytes: entry.storedBytes,
    verified: entry.verifyResult === 'passed' ? 'passed' : 'never',
    verifiedAt: entry.verifiedAt,
    drilledAt: entry.drilledAt,
    keep: entry.keep,
    copies: [...entry.copies],
    components: entry.components.filter(({ status }) => status !== 'failed').map(({ name }) => name),
    base,
    chainLength,
  };
}

/** Stretches between two points, and from the newest until `end`, that are longer than `allowedSeconds`. */
export function gapsOf(
  moments: readonly string[],
  end: string,
  allowedSeconds: number,
): readonly { readonly from: string; readonly to: string; readonly seconds: number }[] {
  return moments.flatMap((from, index) => {
    const to = moments[index + 1] ?? end;
    const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
    return seconds > allowedSeconds ? [{ from, to, seconds }] : [];
  });
}

/** Between the windows of the repository, and from the last one until `end`, where that is longer than `allowedSeconds`. */
function windowGaps(
  { windows }: PitrFacts,
  end: string,
  allowedSeconds: number,
): readonly { readonly from: string; readonly to: string; readonly seconds: number }[] {
  const own = windows.filter(({ repository }) => repository === 'repository');
  return own.flatMap((window, index) => {
    const next = own[index + 1];
    const to = next?.from ?? end;
    const seconds = (Date.parse(to) - Date.parse(window.to)) / 1000;
    return seconds > (next === undefined ? allowedSeconds : 0) ? [{ from: window.to, to, seconds }] : [];
  });
}

/** The points within the wished stretch, at most `limit`, the newest; the gaps are those between the points shown. */
export function recoverable(
  service: string,
  entries: readonly CatalogueEntry[],
  wish: RecoverableWish,
  allowedSeconds: number,
  now: Date,
  pitr: PitrFacts | null = null,
): RecoverableReply {
  const judged = judgeAll(entries);
  const usable = judged.filter(({ why }) => why === null);
  const within = (entry: CatalogueEntry): boolean =>
    (wish.from === null || entry.startedAt >= wish.from) && (wish.to === null || entry.startedAt < wish.to);
  const wanted = usable.filter(({ entry }) => within(entry));
  const shown = wanted.slice(-wish.limit);
  const newest = usable.at(-1)?.entry.startedAt ?? null;
  const end = shown.at(-1)?.entry.startedAt === newest ? now.toISOString() : (wish.to ?? now.toISOString());
  return {
    service,
    at: now.toISOString(),
    dataFrom: pitr?.oldestRestorableAt ?? usable[0]?.entry.startedAt ?? null,
    dataTo: pitr?.newestRestorableAt ?? newest,
    points: shown.map(toPoint),
    unusable: judged
      .filter(({ entry, why }) => why !== null && within(entry))
      .reverse()
      .slice(0, mostUnusable)
      .map(({ entry, why }) => ({ backupId: entry.id, dataAt: entry.startedAt, why: why ?? '' })),
    gaps:
      pitr === null
        ? [
            ...gapsOf(
              shown.map(({ entry }) => entry.startedAt),
              end,
              allowedSeconds,
            ),
          ]
        : [...windowGaps(pitr, now.toISOString(), allowedSeconds)],
    allowedSeconds,
    pitr: pitr === null ? null : { ...pitr, windows: [...pitr.windows], gaps: [...pitr.gaps] },
    truncated: shown.length < wanted.length,
  };
}

function brief(entry: CatalogueEntry): BackupBrief {
  const { id, type, parent, status, startedAt, endedAt, bytes, storedBytes, verifyResult, verifiedAt, keep } = entry;
  return { id, type, parent, status, startedAt, endedAt, bytes, storedBytes, verifyResult, verifiedAt, keep };
}

/** What `entry` builds upon and what builds upon it; `all`: every backup of its service. */
export function chainOf(entry: CatalogueEntry, all: readonly CatalogueEntry[]): ChainReply {
  const byId = new Map(all.map((one) => [one.id, one]));
  const ancestors: CatalogueEntry[] = [];
  const missing: string[] = [];
  const seen = new Set([entry.id]);
  for (let at = entry.parent; at !== null && !seen.has(at);) {
    seen.add(at);
    const found = byId.get(at);
    if (found === undefined) missing.push(at);
    else ancestors.unshift(found);
    at = found?.parent ?? null;
  }
  const above = new Set([entry.id]);
  const dependents = oldestFirst(all).filter(({ id, parent }) => {
    if (parent === null || !above.has(parent)) return false;
    above.add(id);
    return true;
  });
  return {
    ancestors: ancestors.map(brief),
    dependents: dependents.map(brief),
    complete: missing.length === 0,
    missing,
  };
}
