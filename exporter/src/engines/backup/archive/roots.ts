import { lstatSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { ComponentSource } from '../port.ts';
import { errnoOf, messageOf } from './errno.ts';
import { fromText } from './entries.ts';
import type { Root } from './format.ts';

export type ResolvedRoot = Root & { readonly resolved: string };

/**
 * The roots of a component: named by the last segment of each path, made unique by `-2`, `-3` … in the order of the configuration
 * (so that names stay the same from backup to backup), sorted as file lists are. A path that is a symbolic link stands for
 * what it points at. Throws OpError `source_missing` naming the path.
 */
export function resolveRoots(source: ComponentSource): ResolvedRoot[] {
  const taken = new Set<string>();
  const roots = source.paths.map((path) => {
    const { resolved, kind } = resolvePath(path);
    return { name: uniqueName(basename(path) || 'root', taken), path, kind, resolved };
  });
  return roots.sort((a, b) => (fromText(a.name) < fromText(b.name) ? -1 : 1));
}

function resolvePath(path: string): { readonly resolved: string; readonly kind: Root['kind'] } {
  try {
    const resolved = realpathSync(path);
    const stat = lstatSync(resolved);
    if (stat.isDirectory()) return { resolved, kind: 'directory' };
    if (stat.isFile()) return { resolved, kind: 'file' };
  } catch (cause) {
    const why = errnoOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(cause)}`;
    throw new OpError('source_missing', `${path} ${why}`, { cause });
  }
  throw new OpError('source_missing', `${path} is neither a file nor a folder`);
}

function uniqueName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n += 1) name = `${wanted}-${n}`;
  taken.add(name);
  return name;
}
