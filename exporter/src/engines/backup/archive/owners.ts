import { readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/** Names of user and group ids as /etc/passwd and /etc/group tell them; empty text where they know none. */
export interface Owners {
  user(uid: number): string;
  group(gid: number): string;
}

/** Reads both files once. A machine without them has no names: the ids alone are then recorded. */
export function readOwners(passwdPath = '/etc/passwd', groupPath = '/etc/group'): Owners {
  const users = readNames(passwdPath);
  const groups = readNames(groupPath);
  return { user: (uid) => users.get(uid) ?? '', group: (gid) => groups.get(gid) ?? '' };
}

function readNames(path: string): Map<number, string> {
  const names = new Map<number, string>();
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === null) throw error;
  }
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name !== undefined && name !== '' && id !== undefined && /^\d+$/.test(id) && !names.has(Number(id)))
      names.set(Number(id), name);
  }
  return names;
}
