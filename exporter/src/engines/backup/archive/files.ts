import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BackupFile } from '../../../contract/backup.ts';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { FilesQuery, RepositoryRef } from '../port.ts';
import { fromText, toText, type FileEntry } from './entries.ts';
import { readList } from './list-read.ts';
import { asOutcome } from './repository.ts';
import { listSource, loadChain, type Chain } from './stored-chain.ts';

/** Opaque to callers: index of the component and raw offset of the line to go on with. */
const cursorPattern = /^(\d{1,4}):(\d{1,16})$/;
const kinds = { f: 'file', d: 'directory', l: 'symlink', h: 'hardlink' } as const;

/** Lines looked at for one page: a search that finds little must not hold a request, nor the loop, for minutes. */
const mostLines = 200_000;

export interface FilesPage {
  readonly files: readonly BackupFile[];
  readonly next: string | null;
}

/**
 * A page of the file list in path order, component by component. Runs on the event loop: a list is read frame by frame, and the
 * loop gets its turn after every few hundred lines. Errors: `bad_request` (cursor), `backup_unknown`, `backup_corrupt`, key errors.
 */
export function listFiles(
  repository: RepositoryRef,
  backupId: string,
  query: FilesQuery,
  signal: AbortSignal,
): Promise<Outcome<FilesPage>> {
  return asOutcome(() => readPage(loadChain(repository, backupId), query, signal));
}

async function readPage(chain: Chain, query: FilesQuery, signal: AbortSignal): Promise<FilesPage> {
  const start = parseCursor(query.cursor);
  const isWanted = matcherOf(query);
  let lines = 0;
  const files: BackupFile[] = [];
  const { components } = chain.target.manifest;
  for (let index = start.component; index < components.length; index += 1) {
    const component = components[index];
    if (component === undefined) break;
    const from = index === start.component ? start.offset : 0;
    for await (const { entries, offsets } of readList(listSource(chain, component), from)) {
      for (const [i, entry] of entries.entries()) {
        lines += 1;
        if (lines > mostLines) return { files, next: `${index}:${offsets[i] ?? 0}` };
        if (entry.kind === 'x' || !isWanted(entry.path)) continue;
        if (files.length === query.limit) return { files, next: `${index}:${offsets[i] ?? 0}` };
        files.push(toFile(entry, component.name));
      }
      await nextTurn();
      if (signal.aborted) throw new OpError('cancelled', 'the listing was cancelled');
    }
  }
  return { files, next: null };
}

function matcherOf(query: FilesQuery): (path: string) => boolean {
  const prefix = fromText(query.prefix);
  const part = query.contains?.toLowerCase() ?? null;
  return (path) => {
    if (!path.startsWith(prefix)) return false;
    // A folder is an entry of its own, so what lies below it can be left out.
    if (query.direct === true && (path.length === prefix.length || path.includes('/', prefix.length))) return false;
    return part === null || toText(path).toLowerCase().includes(part);
  };
}

function parseCursor(cursor: string | null): { readonly component: number; readonly offset: number } {
  if (cursor === null) return { component: 0, offset: 0 };
  const match = cursorPattern.exec(cursor);
  if (match === null) throw new OpError('bad_request', 'the cursor is not one that a listing gave');
  return { component: Number(match[1]), offset: Number(match[2]) };
}

function toFile(entry: FileEntry, component: string): BackupFile {
  const { kind } = entry;
  if (kind === 'x') throw new RangeError('a deletion is no file');
  return {
    path: toText(entry.path),
    component,
    kind: kinds[kind],
    bytes: entry.size,
    mode: entry.mode,
    modifiedAt: new Date(Number(BigInt(entry.mtimeNs) / 1_000_000n)).toISOString(),
    uid: entry.uid,
    gid: entry.gid,
    sha256: entry.hash,
    linkTarget: entry.target === null ? null : toText(entry.target),
  };
}
