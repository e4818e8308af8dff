import { ok, type Outcome } from '../../../contract/errors.ts';
import type { Exec } from '../../../ports/index.ts';
import { historyFiles, parseHistory, type ArchiveListing, type Fork } from './segments.ts';
import { runOrFail, type Session } from './session.ts';

/**
 * A history file is never written again, and after some failovers there are many: each is read anew after this, or at once where the
 * listing shows another size or moment. Not never: one that was damaged as it stood has to show.
 */
const keptMs = 10 * 60_000;
const keptFiles = 1000;

interface Kept {
  readonly stamp: string;
  readonly readAtMs: number;
  readonly forks: readonly Fork[];
}
const kept = new WeakMap<Exec, Map<string, Kept>>();

/** The ancestors of each timeline of an archive folder (`id`, e.g. `15-1`), by its number. Errors: as `runOrFail`. */
export async function readHistories(
  session: Session,
  id: string,
  listing: ArchiveListing,
): Promise<Outcome<ReadonlyMap<number, readonly Fork[]>>> {
  const { deps, stanza, configFile, repo } = session;
  const known = kept.get(deps.exec) ?? new Map<string, Kept>();
  kept.set(deps.exec, known);
  const histories = new Map<number, readonly Fork[]>();
  for (const { timeline, path, bytes, atMs } of historyFiles(listing)) {
    const file = `archive/${stanza.settings.stanza}/${id}/${path}`;
    const key = [configFile, repo, file].join('\n');
    const stamp = `${bytes} ${atMs}`;
    const before = known.get(key);
    const nowMs = +deps.clock.now();
    if (before?.stamp === stamp && nowMs >= before.readAtMs && nowMs - before.readAtMs < keptMs) {
      histories.set(timeline, before.forks);
      continue;
    }
    known.delete(key);
    const run = await runOrFail(session, 'repo-get', [file], { output: 'data', fallback: 'repository_unreadable' });
    if (!run.ok) return run;
    const forks = parseHistory(run.value.stdout);
    // Unreadable: the timeline counts as one without ancestors, and what leads to it as a gap.
    if (forks === null) continue;
    histories.set(timeline, forks);
    if (known.size >= keptFiles) known.delete(known.keys().next().value as string);
    known.set(key, { stamp, readAtMs: nowMs, forks });
  }
  return ok(histories);
}
