import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { OpError } from '../../../contract/errors.ts';
import type { CompareReport, EngineDeps, RunContext } from '../port.ts';
import { errnoOf } from '../archive/errno.ts';
import type { StoredBackup } from './catalogue.ts';
import type { ResticComponent } from './manifest.ts';
import { runRestore } from './restore.ts';
import { escapePattern, type ResticStore } from './store.ts';
import { walkComponent, snapshotOf, type TreeEntry } from './tree.ts';

const maxDifferences = 100;
/** Of the files whose content is fetched a second time. */
const maxSample = 400;
const maxSampleBytes = 256 * 2 ** 20;
const pendingMax = 2_000;

interface Comparison {
  readonly deps: EngineDeps;
  readonly stored: StoredBackup & { readonly store: ResticStore };
  readonly folder: string;
  readonly context: RunContext;
  readonly differences: string[];
  entries: number;
  bytes: number;
}

/**
 * See `BackupEngine.compare`. Every entry's kind, size, mode and time against the snapshot's listing, and whether anything is there that
 * was not backed up. restic's listing has no hashes, and a restore has compared all content already: here the content of files up to
 * 400 and 256 MiB, drawn at random where there are more, is fetched from the repository again and compared by SHA-256.
 */
export async function compareRestored(
  deps: EngineDeps,
  stored: StoredBackup & { readonly store: ResticStore },
  folder: string,
  context: RunContext,
): Promise<CompareReport> {
  const comparison: Comparison = { deps, stored, folder, context, differences: [], entries: 0, bytes: 0 };
  for (const component of stored.manifest.components) await compareComponent(comparison, component);
  return {
    entries: comparison.entries,
    bytes: comparison.bytes,
    differences: comparison.differences.slice(0, maxDifferences),
  };
}

async function compareComponent(comparison: Comparison, component: ResticComponent): Promise<void> {
  const { deps, stored, context, folder } = comparison;
  const sample = new Sample(deps);
  let pending: Promise<void>[] = [];
  let matched = 0;
  let failure: unknown = null;
  const snapshot = snapshotOf(stored, component);
  await walkComponent(deps, stored.store, component, snapshot, context.signal, (entry) => {
    comparison.entries += 1;
    sample.offer(entry);
    pending.push(
      compareEntry(comparison, entry)
        .then((isThere) => {
          if (isThere) matched += 1;
        })
        .catch((thrown: unknown) => {
          failure ??= thrown;
        }),
    );
    if (pending.length >= pendingMax) pending = [Promise.all(pending).then(() => undefined)];
    return true;
  });
  await Promise.all(pending);
  if (failure !== null) throw failure;
  const there = await countEntries(join(folder, component.name), context.signal);
  if (there > matched)
    comparison.differences.push(`${component.name} holds ${there - matched} entries that are not in the backup`);
  await compareContent(comparison, component, sample.chosen());
}

/** False where nothing is. */
async function compareEntry(comparison: Comparison, { node, path, component }: TreeEntry): Promise<boolean> {
  const differ = (what: string): void => {
    if (comparison.differences.length < maxDifferences) comparison.differences.push(`${component}/${path} ${what}`);
  };
  const at = join(comparison.folder, component, path);
  const found = await lstat(at, { bigint: true }).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return null;
    throw thrown;
  });
  if (found === null) {
    differ('is missing');
    return false;
  }
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'symlink' : 'other';
  if (kind !== node.type) differ(`is a ${kind}, it was a ${node.type}`);
  else if (kind === 'file' && Number(found.size) !== node.bytes)
    differ(`has ${found.size} bytes, it had ${node.bytes}`);
  else if (kind !== 'symlink' && (Number(found.mode) & 0o777) !== (node.mode & 0o777)) differ('has another mode');
  else if (kind === 'file' && found.mtimeNs !== nanoseconds(node.modifiedAt)) differ('has another modification time');
  return true;
}

/** RFC 3339 with up to nine digits, any zone. */
export function nanoseconds(text: string): bigint {
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  const seconds = BigInt(Math.floor(Date.parse(text.replace(/\.\d+/, '')) / 1000));
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

async function countEntries(folder: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (signal.aborted) throw new OpError('cancelled', 'the comparison was cancelled');
    for await (const entry of await opendir(at)) {
      count += 1;
      if (entry.isDirectory()) open.push(join(at, entry.name));
    }
  }
  return count;
}

/** A fair draw of files from a stream of unknown length: every file has the same chance. */
class Sample {
  readonly #deps: EngineDeps;
  readonly #kept: TreeEntry[] = [];
  #seen = 0;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  offer(entry: TreeEntry): void {
    if (entry.node.type !== 'file' || entry.node.bytes > maxSampleBytes) return;
    this.#seen += 1;
    if (this.#kept.length < maxSample) this.#kept.push(entry);
    else {
      const at = this.#deps.random.bytes(6).readUIntBE(0, 6) % this.#seen;
      if (at < maxSample) this.#kept[at] = entry;
    }
  }

  chosen(): readonly TreeEntry[] {
    let left = maxSampleBytes;
    return this.#kept.filter(({ node }) => {
      if (node.bytes > left) return false;
      left -= node.bytes;
      return true;
    });
  }
}

async function compareContent(
  comparison: Comparison,
  component: ResticComponent,
  files: readonly TreeEntry[],
): Promise<void> {
  if (files.length === 0) return;
  const { deps, stored, folder, context } = comparison;
  const again = `${folder}.compare-${deps.random.hex(6)}`;
  try {
    await mkdir(again, { mode: 0o700 });
    const request = {
      operationId: 'compare',
      repository: { path: '', key: null },
      backupId: stored.manifest.id,
      selection: { components: [], paths: [] },
      target: { kind: 'folder' as const, path: again },
      restoreOwner: true,
    };
    await runRestore(
      { deps, stored, request, context },
      component,
      again,
      files.map(({ node }) => escapePattern(node.path)),
    );
    for (const { node, path } of files) {
      const [there, wanted] = [
        await sha256Of(join(folder, component.name, path)),
        await sha256Of(join(again, node.path)),
      ];
      if (wanted === null) throw new OpError('restore_failed', `${path} could not be fetched again for the comparison`);
      // A file that is missing was told already.
      if (there !== null && there !== wanted)
        comparison.differences.push(`${component.name}/${path} has another content`);
      else comparison.bytes += node.bytes;
      context.onProgress({
        phase: 'compare',
        entriesDone: comparison.entries,
        bytesDone: comparison.bytes,
        bytesTotal: null,
      });
    }
  } finally {
    await rm(again, { recursive: true, force: true });
  }
}

async function sha256Of(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    if (!(await lstat(path)).isFile()) return null;
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return null;
    throw thrown;
  }
}
