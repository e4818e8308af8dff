import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, isAbsolute } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}

function isBelow(path: string, root: string): boolean {
  const rel = relative(root, path);
  return rel !== '' && !rel.startsWith('..') && !isAbsolute(rel);
}

/** The path with every link of its existing part resolved; the rest is appended as it is. */
async function resolveExisting(path: string): Promise<string> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    if (await exists(at)) return join(await realpath(at), ...missing);
    missing.unshift(basename(at));
    if (at === dirname(at)) return path;
  }
}

/**
 * A restore may only create a folder that is not there yet, below one of the roots, compared after resolving links.
 * Errors: `target_not_allowed`, `target_not_empty`.
 */
export async function checkFolderTarget(path: string, roots: readonly string[]): Promise<Outcome<string>> {
  if (!isAbsolute(path) || path.split('/').some((s) => s === '..' || s === '.'))
    return fail('target_not_allowed', `${path} is not a plain absolute path`);
  const resolved = await resolveExisting(path);
  const resolvedRoots = await Promise.all(roots.map(resolveExisting));
  if (!resolvedRoots.some((root) => isBelow(resolved, root))) {
    return fail('target_not_allowed', `${path} is not below a restore root (${roots.join(', ')})`);
  }
  if (await exists(path)) return fail('target_not_empty', `${path} is already there`);
  return ok(resolved);
}
