import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { generatedMark } from '../config/index.ts';

export interface GeneratedFile {
  /** Relative to the output folder. */
  readonly path: string;
  readonly content: string;
}

/** How a folder differs from what would be written into it. */
export interface Difference {
  readonly path: string;
  /** `extra`: generated once, and no longer. */
  readonly kind: 'differs' | 'missing' | 'extra';
  /** What is on disk; null: nothing that can be read. */
  readonly before: string | null;
  /** What belongs there; null: nothing. */
  readonly after: string | null;
}

export interface Manifest {
  readonly path: string;
  readonly file: GeneratedFile;
}

const manifestName = /(^|\/)manifest\.[a-z]+\.json$/;

/**
 * The list of what was generated for a target, beside the files: formats without comments have no other place to tell where they
 * came from, and a later run sees by it what is no longer generated.
 */
export function manifestOf(target: string, origin: string, files: readonly GeneratedFile[]): GeneratedFile {
  const paths = files.map((file) => file.path).sort();
  const document = { generated: `Generated from genesis.yaml ${generatedMark}`, origin, target, files: paths };
  return { path: `provisioning/generated/manifest.${target}.json`, content: `${JSON.stringify(document, null, 2)}\n` };
}

/** In the order of paths. Reads the folder, changes nothing. Throws what reading throws, except for files that are not there. */
export function differencesIn(out: string, files: readonly GeneratedFile[]): Difference[] {
  const changed = files.flatMap(({ path, content }): Difference[] => {
    const before = readOrNull(join(out, path));
    if (before === content) return [];
    return [{ path, kind: before === null ? 'missing' : 'differs', before, after: content }];
  });
  const extras = extrasIn(out, files).map((path): Difference => ({
    path,
    kind: 'extra',
    before: readOrNull(join(out, path)),
    after: null,
  }));
  return [...changed, ...extras].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Files that carry our mark in a folder that we write, or that the last manifest names, and that are generated no more. */
function extrasIn(out: string, files: readonly GeneratedFile[]): string[] {
  const wanted = new Set(files.map((file) => file.path));
  // Targets share the folder of the manifests, and what another target made there is not ours to judge.
  const ours = files.map((file) => file.path).filter((path) => path.includes('generated/') && !manifestName.test(path));
  const folders = [...new Set(ours.map((path) => dirname(path)))];
  const marked = folders.flatMap((folder) =>
    namesIn(join(out, folder))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !wanted.has(path) && !manifestName.test(path) && isMarked(join(out, path))),
  );
  const listed = files
    .filter(({ path }) => manifestName.test(path))
    .flatMap(({ path }) => listedIn(join(out, path)))
    .filter((path) => !wanted.has(path) && readOrNull(join(out, path)) !== null);
  return [...new Set([...marked, ...listed])];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  } catch {
    return []; // not there yet: nothing can be left over in it
  }
}

function isMarked(file: string): boolean {
  return (readOrNull(file) ?? '').slice(0, 2_000).includes(generatedMark);
}

/** A manifest is a file that anybody may have edited: only plain paths below generated folders are believed. */
function listedIn(manifest: string): string[] {
  try {
    const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as { files?: unknown };
    if (!Array.isArray(files)) return [];
    return files.filter(
      (path): path is string =>
        typeof path === 'string' &&
        normalize(path) === path &&
        !path.startsWith('..') &&
        /^[^/].*generated\//.test(path),
    );
  } catch {
    return []; // no manifest, or none that can be read: the marks alone tell
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // absent or unreadable: either way not what it should be
  }
}

/** Puts the differences right: each file appears whole or not at all, those that are as they should be are not touched. */
export function applyDifferences(out: string, differences: readonly Difference[]): void {
  for (const { path, after } of differences) {
    if (after === null) rmSync(join(out, path), { force: true });
    // Not waited for on the disk: they can be made again, and `--check` finds one that a power cut left short.
    else writeWhole(join(out, path), after, 0o644, { flush: false });
  }
}

/** Under a temporary name first; a reader such as Prometheus never sees half of a file. */
export function writeWhole(path: string, content: string, mode: number, { flush = true } = {}): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    writeFileSync(temporary, content, { mode, flush });
    renameSync(temporary, path);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw thrown;
  }
}

/** Writes all of them, whatever was there. */
export function writeFiles(out: string, files: readonly GeneratedFile[]): void {
  for (const { path, content } of files) writeWhole(join(out, path), content, 0o644);
}
