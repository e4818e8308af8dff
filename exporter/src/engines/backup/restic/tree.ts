import picomatch from 'picomatch';
import type { BackupFile } from '../../../contract/backup.ts';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, FilesQuery, RepositoryRef } from '../port.ts';
import { asOutcome } from '../archive/repository.ts';
import { loadBackup, type ResticCache, type StoredBackup } from './catalogue.ts';
import type { ResticComponent } from './manifest.ts';
import { readNode, type ListedNode, type Snapshot } from './output.ts';
import { errorOf, longTimeoutMs, runRestic } from './run.ts';
import type { ResticStore } from './store.ts';

/** One thing of a component, under the name that Genesis gives it. */
export interface TreeEntry {
  readonly node: ListedNode;
  /** `<root>/<path in root>`. */
  readonly path: string;
  readonly component: string;
}

/** `<root>/<path in root>` of an absolute path; null: it is only on the way to a root. */
export function pathInBackup(component: ResticComponent, absolute: string): string | null {
  for (const { name, resolved } of component.roots) {
    if (absolute === resolved) return name;
    const base = resolved === '/' ? '/' : `${resolved}/`;
    if (absolute.startsWith(base)) return `${name}/${absolute.slice(base.length)}`;
  }
  return null;
}

/**
 * Streams what a component holds, in restic's own order (folders before what is in them); `visit` says whether to go on.
 * Nothing is kept. Throws `backup_corrupt`, repository errors, `cancelled`.
 */
export async function walkComponent(
  deps: EngineDeps,
  store: ResticStore,
  component: ResticComponent,
  snapshot: Snapshot,
  signal: AbortSignal,
  visit: (entry: TreeEntry) => boolean,
): Promise<void> {
  const enough = new AbortController();
  let stopped = false;
  try {
    const result = await runRestic(deps, store, {
      args: ['ls', '--json', '--no-lock', snapshot.id],
      signal: AbortSignal.any([signal, enough.signal]),
      timeoutMs: longTimeoutMs,
      // Lines are looked at as they come; only what it says at the end is kept.
      maxOutputBytes: 65_536,
      onLine: (line) => {
        if (stopped) return;
        const node = readNode(line);
        const path = node === null ? null : pathInBackup(component, node.path);
        if (node === null || path === null || visit({ node, path, component: component.name })) return;
        stopped = true;
        enough.abort();
      },
    });
    if (!stopped && result.exitCode !== 0) throw errorOf(store, result, `listing ${component.name}`, 'backup_corrupt');
  } catch (thrown) {
    if (stopped && thrown instanceof OpError && thrown.code === 'cancelled' && !signal.aborted) return;
    throw thrown;
  }
}

function kindOf(node: ListedNode): BackupFile['kind'] | null {
  if (node.type === 'file') return 'file';
  if (node.type === 'dir') return 'directory';
  return node.type === 'symlink' ? 'symlink' : null;
}

/** restic's listing has no hashes and no targets of links. */
function fileOf({ node, path, component }: TreeEntry, kind: BackupFile['kind']): BackupFile {
  return {
    path,
    component,
    kind,
    bytes: node.bytes,
    mode: node.mode,
    modifiedAt: new Date(node.modifiedAt).toISOString(),
    uid: node.uid,
    gid: node.gid,
    sha256: null,
    linkTarget: null,
  };
}

/** Whether the entry is asked for. Pure. */
export function isAsked(path: string, query: FilesQuery): boolean {
  const { prefix, contains, direct } = query;
  if (!path.startsWith(prefix)) return false;
  if (direct === true && path.slice(prefix.length).includes('/')) return false;
  return contains === undefined || path.toLowerCase().includes(contains.toLowerCase());
}

/**
 * See `BackupEngine.files`: in the order of the components, within each in restic's. The cursor is the component and path of the last
 * one given; each page streams the listing again from its beginning, so that nothing has to be kept.
 */
export function listResticFiles(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  backupId: string,
  query: FilesQuery,
  signal: AbortSignal,
): Promise<Outcome<{ readonly files: readonly BackupFile[]; readonly next: string | null }>> {
  return asOutcome(async () => {
    const stored = await loadBackup(deps, cache, repository, backupId, signal);
    const files: BackupFile[] = [];
    const from = cursorOf(stored, query.cursor);
    let more = false;
    for (const component of stored.manifest.components.slice(from.component)) {
      let isPast = from.path === null || component.name !== from.name;
      await walkComponent(deps, stored.store, component, snapshotOf(stored, component), signal, (entry) => {
        if (!isPast) {
          isPast = entry.path === from.path;
          return true;
        }
        const kind = isAsked(entry.path, query) ? kindOf(entry.node) : null;
        if (kind === null) return true;
        more = files.length === query.limit;
        if (!more) files.push(fileOf(entry, kind));
        return !more;
      });
      if (more) break;
    }
    const last = files.at(-1);
    return { files, next: more && last !== undefined ? `${last.component}\0${last.path}` : null };
  });
}

export function snapshotOf(stored: StoredBackup, component: ResticComponent): Snapshot {
  const snapshot = stored.snapshots.get(component.name);
  if (snapshot === undefined) throw new Error(`no snapshot of ${component.name}`);
  return snapshot;
}

function cursorOf(
  stored: StoredBackup,
  cursor: string | null,
): { component: number; name: string; path: string | null } {
  if (cursor === null) return { component: 0, name: '', path: null };
  const [name = '', path = ''] = cursor.split('\0');
  const component = stored.manifest.components.findIndex((c) => c.name === name);
  if (component < 0) throw new OpError('bad_request', 'the cursor is of another listing');
  return { component, name, path };
}

export interface PathChoice {
  /** Takes everything below a match along. */
  covers(path: string): boolean;
}

/** Exact paths with everything below them, or picomatch globs; no paths mean all. */
export function choosePaths(paths: readonly string[]): PathChoice {
  const patterns = paths.map((text) => {
    const exact = text.replace(/\/+$/, '');
    return { exact, glob: picomatch(exact, { dot: true }) };
  });
  const hit = (path: string): boolean => patterns.some((p) => p.exact === path || p.glob(path));
  return {
    covers: (path) => {
      if (patterns.length === 0 || hit(path)) return true;
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
        if (hit(path.slice(0, end))) return true;
      return false;
    },
  };
}
