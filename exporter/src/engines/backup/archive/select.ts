import picomatch from 'picomatch';
import { OpError } from '../../../contract/errors.ts';
import type { Selection } from '../port.ts';
import { comparePaths, fromText, toText, type FileEntry } from './entries.ts';
import type { ManifestComponent } from './format.ts';

interface Pattern {
  readonly text: string;
  /** The pattern taken as a plain path (binary string): names may hold characters that mean something in a glob. */
  readonly exact: string;
  readonly glob: (path: string) => boolean;
  matched: boolean;
}

/** Which paths of a backup are wanted. A match takes everything below it along. */
export interface PathFilter {
  /** Both for the entry itself; its parents are the caller's to remember. */
  matches(path: string): boolean;
  /** The same asked of the path or any folder above it, without counting as a match. */
  covers(path: string): boolean;
  /** Patterns that met nothing so far. */
  unmatched(): readonly string[];
}

export function createPathFilter(paths: readonly string[]): PathFilter {
  if (paths.length === 0) return { matches: () => true, covers: () => true, unmatched: () => [] };
  const patterns = paths.map(toPattern);
  const hit = (pattern: Pattern, path: string): boolean => pattern.exact === path || pattern.glob(toText(path));
  return {
    matches: (path) => {
      let any = false;
      // No early end: every pattern has to learn whether it met something.
      for (const pattern of patterns) {
        if ((any && pattern.matched) || !hit(pattern, path)) continue;
        pattern.matched = true;
        any = true;
      }
      return any;
    },
    covers: (path) => {
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
        const upper = path.slice(0, end);
        if (patterns.some((pattern) => hit(pattern, upper))) return true;
      }
      return false;
    },
    unmatched: () => patterns.filter((p) => !p.matched).map((p) => p.text),
  };
}

function toPattern(text: string): Pattern {
  const trimmed = text.replace(/\/+$/, '');
  return { text, exact: fromText(trimmed), glob: picomatch(trimmed, { dot: true }), matched: false };
}

/** Components that the selection asks for. Throws `not_found` for one that the backup has not. */
export function selectedComponents(
  components: readonly ManifestComponent[],
  selection: Selection,
): readonly ManifestComponent[] {
  for (const name of selection.components) {
    if (!components.some((c) => c.name === name)) throw new OpError('not_found', `the backup has no component ${name}`);
  }
  return selection.components.length === 0
    ? components
    : components.filter((c) => selection.components.includes(c.name));
}

/** An entry as the walk met it. */
export interface Step {
  readonly entry: FileEntry;
  /** First segment of the path (binary string). */
  readonly root: string;
  readonly selected: boolean;
  /** Selected while the folder it lies in is not: a whole subtree begins here. */
  readonly top: boolean;
  /** Folders above that were not selected themselves and were not given out before; outermost first. */
  readonly implied: readonly FileEntry[];
}

interface Folder {
  readonly entry: FileEntry;
  readonly selected: boolean;
  given: boolean;
}

/**
 * Walks a file list in its order, decides what is selected and refuses what could leave a target: the list comes from a
 * repository that others may have written to, so a hash that holds proves nothing about its intent.
 * Throws OpError `unsafe_archive`.
 */
export class TreeWalk {
  readonly #where: string;
  readonly #roots: ReadonlyMap<string, 'directory' | 'file'>;
  readonly #wanted: ReadonlySet<string> | null;
  readonly #filter: PathFilter;
  readonly #folders: Folder[] = [];
  #previous: string | null = null;

  /** `wanted`: roots (binary strings) to which the walk is limited; null for all. */
  constructor(where: string, component: ManifestComponent, filter: PathFilter, wanted: ReadonlySet<string> | null) {
    this.#where = where;
    this.#roots = new Map(component.roots.map((root) => [fromText(root.name), root.kind]));
    this.#wanted = wanted;
    this.#filter = filter;
  }

  /** Null for a deletion: it is no part of the tree. */
  step(entry: FileEntry): Step | null {
    this.#checkOrder(entry);
    if (entry.kind === 'x') return null;
    const slash = entry.path.lastIndexOf('/');
    const parent = slash < 0 ? this.#enterRoot(entry) : this.#parentOf(entry, entry.path.slice(0, slash));
    const root = slash < 0 ? entry.path : entry.path.slice(0, entry.path.indexOf('/'));
    const matched = (this.#wanted === null || this.#wanted.has(root)) && this.#filter.matches(entry.path);
    const selected = matched || parent?.selected === true;
    const implied = selected ? this.#giveFolders() : [];
    if (entry.kind === 'd') this.#folders.push({ entry, selected, given: selected });
    return { entry, root, selected, top: selected && parent?.selected !== true, implied };
  }

  /** Ascending order without repeats: a name cannot be a link first and a folder later. */
  #checkOrder({ path }: FileEntry): void {
    if (this.#previous !== null && comparePaths(this.#previous, path) >= 0)
      throw this.#unsafe(path, 'stands out of order or twice');
    this.#previous = path;
  }

  #enterRoot(entry: FileEntry): null {
    const kind = this.#roots.get(entry.path);
    if (kind === undefined) throw this.#unsafe(entry.path, 'is under no root of the manifest');
    const fits = kind === 'directory' ? entry.kind === 'd' : entry.kind === 'f' || entry.kind === 'h';
    if (!fits) throw this.#unsafe(entry.path, `is not the ${kind} that the manifest says`);
    this.#folders.length = 0;
    return null;
  }

  #parentOf(entry: FileEntry, parentPath: string): Folder {
    let parent = this.#folders.at(-1);
    while (parent !== undefined && parent.entry.path !== parentPath) {
      this.#folders.pop();
      parent = this.#folders.at(-1);
    }
    if (parent === undefined) throw this.#unsafe(entry.path, 'lies below something that is not a folder of the backup');
    return parent;
  }

  #giveFolders(): FileEntry[] {
    const given: FileEntry[] = [];
    for (const folder of this.#folders) {
      if (folder.given) continue;
      folder.given = true;
      given.push(folder.entry);
    }
    return given;
  }

  #unsafe(path: string, what: string): OpError {
    return new OpError('unsafe_archive', `${this.#where}: ${JSON.stringify(toText(path))} ${what}`);
  }
}
