import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { tempFolder } from './processes.ts';

const isRoot = process.getuid?.() === 0;

function works(argv: readonly string[]): boolean {
  const [file = '', ...args] = argv;
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0;
}

interface SmallDisk {
  readonly folder: string;
  /** As tmpfs takes it, e.g. `8m`. */
  readonly size: string;
}

/**
 * Starts a program in a mount namespace of its own, where each folder is a tmpfs of that size: nobody else sees it, and it goes
 * with the process. Root needs no more. An ordinary user gets a user namespace, in which what root owns seems to be nobody's;
 * there `/` and `/tmp` are made anew, because the configuration must not lie below folders of strangers.
 * Throws where it is not permitted: then this machine cannot prove what happens on a full disk.
 */
export function onSmallDisk(disks: readonly SmallDisk[]): string[] {
  const script = isRoot ? `${mountsOf(disks, '')} && exec "$@"` : insideNewRoot(disks);
  const launcher = ['unshare', isRoot ? '-m' : '-rm', 'sh', '-c', script, 'sh'];
  if (works([...launcher, 'true'])) return launcher;
  throw new Error(
    'a small tmpfs cannot be mounted here: run this test as root, or permit unprivileged user namespaces',
  );
}

function mountsOf(disks: readonly SmallDisk[], root: string): string {
  return disks
    .map(({ folder, size }) => `mount -t tmpfs -o mode=700,size=${size} tmpfs '${root}${folder}'`)
    .join(' && ');
}

/** The temporary folders that stand in /tmp now are the only ones seen within. */
function insideNewRoot(disks: readonly SmallDisk[]): string {
  return [
    'set -e',
    'cd /',
    `root='${tempFolder('small-root-')}'`,
    'mount -t tmpfs tmpfs "$root"',
    'for path in * tmp/genesis-*; do',
    '  case "$path" in tmp) mkdir "$root/tmp"; continue;; esac',
    '  if [ -L "$path" ]; then cp -P "$path" "$root/$path"',
    '  elif [ -d "$path" ] && [ "/$path" != "$root" ] && [ -x "$path" ]; then mkdir -p "$root/$path"; mount --rbind "/$path" "$root/$path"; fi',
    'done',
    mountsOf(disks, '$root').replaceAll("'$root", '"$root"\''),
    'exec chroot "$root" "$@"',
  ].join('\n');
}

/** Where this process sees a path of another one's mount namespace. */
export function seenBy(pid: number, folder: string): string {
  return path.join('/proc', String(pid), 'root', folder);
}
