import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { Home } from './home.ts';

/** Others may pass through, not list. What is private in the home stands in folders that are closed themselves. */
const passMode = 0o711;

function firstClosed(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return at;
    if (at === dirname(at)) return null;
  }
}

/** Homes that were made so by this process: services are resolved at every tick. */
const passable = new Set<string>();

/**
 * Where this process is root, programs of PostgreSQL run as another user and have to reach the folders of engines and drills below
 * the home. Errors: `home_unusable`, naming the folder above the home that keeps them out.
 */
export function makePassable(home: Home): Outcome<void> {
  if (passable.has(home.path)) return ok(undefined);
  const folders = [join(home.path, 'engines'), join(home.path, 'repositories'), home.drillsFolder, home.restoresFolder];
  for (const folder of [home.path, ...folders]) {
    mkdirSync(folder, { recursive: true, mode: passMode });
    chmodSync(folder, passMode);
  }
  const closed = firstClosed(home.path);
  if (closed === null) {
    passable.add(home.path);
    return ok(undefined);
  }
  return fail(
    'home_unusable',
    `programs of PostgreSQL run as another user and cannot pass ${closed}: set GENESIS_HOME to a folder that others may pass, e.g. /var/lib/genesis`,
  );
}
