import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { toFsPath } from './entries.ts';

/** Something found on disk. Paths are binary strings. */
export interface Found {
  /** Relative to the walk's base. */
  readonly path: string;
  readonly fsPath: string | Buffer;
  readonly stat: BigIntStats;
}

/** Everything below `base` in the order of a file list (see comparePaths); links are not followed, file systems are crossed. */
export function* walkTree(base: string, below = ''): Generator<Found, void, undefined> {
  // Default order of strings is by code unit, and one unit is one byte here.
  for (const name of readdirSync(toFsPath(base + (below && `/${below}`)), { encoding: 'latin1' }).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const fsPath = toFsPath(`${base}/${path}`);
    const stat = lstatSync(fsPath, { bigint: true });
    yield { path, fsPath, stat };
    if (stat.isDirectory()) yield* walkTree(base, path);
  }
}
