import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';

const linkDepthMax = 40;
const writableByGroup = 0o020;
const writableByAnybody = 0o002;
const accessibleByOthers = 0o077;
const stickyBit = 0o1000;

/** Why a file cannot be trusted, and how to mend it. */
export interface Insecurity {
  readonly message: string;
  readonly mend: string;
}

/**
 * The configuration names commands, so whoever can write it (or move it, through any folder above it or above a link that
 * leads to it) can run them. Each of these must belong to this user or root and be closed to the writes of others; sticky
 * folders such as /tmp pass, because nobody can rename what is not his there. Throws what the file system throws.
 */
export function findInsecurity(path: string, uid: number, options: { readonly secret: boolean }): Insecurity | null {
  const visited = stepsTo(resolve(path));
  for (const step of visited) {
    const found = step.link ? ownedByOther(step.path, lstatSync(step.path).uid, uid) : checkFolder(step.path, uid);
    if (found !== null) return found;
  }
  return checkFile(path, uid, options.secret);
}

function checkFile(path: string, uid: number, secret: boolean): Insecurity | null {
  const stat = statSync(path);
  const owner = ownedByOther(path, stat.uid, uid);
  if (owner !== null) return owner;
  if (!stat.isFile()) return { message: `${path} is not a regular file`, mend: 'name a regular file' };
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  if (secret && (stat.mode & accessibleByOthers) !== 0) {
    return { message: `${path} holds a secret and others may read it (mode ${mode})`, mend: `chmod 0600 ${path}` };
  }
  if (!isWritableByOthers(stat)) return null;
  return { message: `${path} is writable by group or others (mode ${mode})`, mend: `chmod go-w ${path}` };
}

function checkFolder(path: string, uid: number): Insecurity | null {
  const stat = statSync(path);
  const owner = ownedByOther(path, stat.uid, uid);
  if (owner !== null) return owner;
  if ((stat.mode & stickyBit) !== 0 || !isWritableByOthers(stat)) return null;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  return {
    message: `the folder ${path} is writable by group or others (mode ${mode})`,
    mend: `chmod go-w ${path}, or move the file to a folder that only its owner can write`,
  };
}

function isWritableByOthers({ mode, uid, gid }: Stats): boolean {
  if ((mode & writableByAnybody) !== 0) return true;
  if ((mode & writableByGroup) === 0) return false;
  // Many systems give each user a group of his own and umask 002: such a group is nobody else.
  return !isPrivateGroup(gid, uid, { group: readText('/etc/group'), passwd: readText('/etc/passwd') });
}

/** True when the databases know the group, and nobody but the owner is in it. Unknown groups (LDAP …) count as shared. */
export function isPrivateGroup(
  gid: number,
  uid: number,
  { group, passwd }: { readonly group: string; readonly passwd: string },
): boolean {
  const users = passwd.split('\n').map((line) => line.split(':'));
  const owner = users.find((fields) => fields[2] === String(uid))?.[0];
  const members = group
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(gid))?.[3];
  if (owner === undefined || members === undefined) return false;
  const primary = users.filter((fields) => fields[3] === String(gid)).map((fields) => fields[0]);
  return [...members.split(',').filter(Boolean), ...primary].every((name) => name === owner);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Without the database no group is known, and all count as shared.
    return '';
  }
}

function ownedByOther(path: string, owner: number, uid: number): Insecurity | null {
  if (owner === 0 || owner === uid) return null;
  return {
    message: `${path} belongs to user ${owner}, neither to root nor to the user that runs genesis (${uid})`,
    mend: `chown it to the user that runs genesis, or run genesis as its owner`,
  };
}

interface Step {
  readonly path: string;
  readonly link: boolean;
}

/** Every folder and link on the way to a file, those behind links included. */
function stepsTo(path: string): Step[] {
  const steps: Step[] = [];
  const open = [path];
  for (let depth = 0; open.length > 0; depth++) {
    if (depth > linkDepthMax) throw new Error(`too many links on the way to ${path}`);
    const next = walk(open.pop() ?? '', steps);
    if (next !== null) open.push(next);
  }
  return steps;
}

/** Walks until the first link, and returns where that leads; null at the end of the path. */
function walk(path: string, steps: Step[]): string | null {
  const root = parse(path).root;
  const names = path.slice(root.length).split(sep).filter(Boolean);
  let at = root;
  steps.push({ path: root, link: false });
  for (const [index, name] of names.entries()) {
    at = join(at, name);
    if (lstatSync(at).isSymbolicLink()) {
      steps.push({ path: at, link: true });
      return resolve(dirname(at), readlinkSync(at), ...names.slice(index + 1));
    }
    if (index < names.length - 1) steps.push({ path: at, link: false });
  }
  return null;
}
