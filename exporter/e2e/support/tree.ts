import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const maxBuffer = 2 ** 28;

/** `cp -a`: a copy that keeps all that the tests compare. */
export function copyTree(from: string, to: string): void {
  execFileSync('cp', ['-a', '--', from, to]);
}

/** One line for every entry: path, kind, mode, owner, size, time of change, links, target of a link. */
export function attributes(root: string): string {
  const lines = execFileSync('find', ['.', '-printf', '%P %y %m %U %G %s %T@ %n %l\\n'], {
    cwd: root,
    maxBuffer,
    encoding: 'latin1',
  });
  // The size of a folder is no property of the tree: the file system lets it grow with what once was in it.
  return lines
    .split('\n')
    .map((line) => line.replace(/^(.* d \d+ \d+ \d+) \d+ /, '$1 - '))
    .sort()
    .join('\n');
}

/** What tells two trees apart, in content and attributes; empty when they are equal. At most 20 lines. */
export function differences(expected: string, actual: string): string[] {
  const diff = spawnSync('diff', ['-r', '--no-dereference', '--', expected, actual], { maxBuffer, encoding: 'latin1' });
  if (diff.error !== undefined) throw diff.error;
  const wanted = attributes(expected).split('\n');
  const found = attributes(actual).split('\n');
  const [inWanted, inFound] = [new Set(wanted), new Set(found)];
  return [
    ...`${diff.stdout}${diff.stderr}`.split('\n').filter((line) => line !== ''),
    ...wanted.filter((line) => !inFound.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !inWanted.has(line)).map((line) => `+ ${line}`),
  ].slice(0, 20);
}

/** Bytes that compression cannot make small, the same for the same seed. */
export function noise(bytes: number, seed: number | string): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 64 < bytes; i += 1) parts.push(createHash('sha512').update(`${seed}:${i}`).digest());
  return Buffer.concat(parts).subarray(0, bytes);
}

export interface TreeShape {
  readonly files: number;
  readonly bytesPerFile: number;
  readonly seed: number | string;
}

/** A tree of folders with incompressible files, links of both kinds and empty things. */
export function makeTree(root: string, { files, bytesPerFile, seed }: TreeShape): void {
  mkdirSync(path.join(root, 'empty'), { recursive: true });
  for (let i = 0; i < files; i += 1) {
    const folder = path.join(root, `folder-${i % 7}`, `part-${i % 3}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `file-${i}.bin`), noise(bytesPerFile, `${seed}/${i}`));
  }
  writeFileSync(path.join(root, 'empty.txt'), '');
  writeFileSync(path.join(root, 'first.txt'), `first of ${seed}`);
  linkSync(path.join(root, 'first.txt'), path.join(root, 'second.txt'));
  symlinkSync('first.txt', path.join(root, 'link'));
  symlinkSync('nowhere', path.join(root, 'dangling'));
}

/** A small generator with a seed (mulberry32), so that a failing run can be repeated. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Regular files below a folder, relative, sorted. */
export function filesBelow(root: string): string[] {
  return execFileSync('find', ['.', '-type', 'f', '-printf', '%P\\0'], { cwd: root, maxBuffer, encoding: 'utf8' })
    .split('\0')
    .filter((name) => name !== '')
    .sort();
}

/** What a backup, restore or copy that died may leave in a folder or its repository; empty when it is clean. */
export function leftovers(...roots: readonly string[]): string[] {
  const names = ['.partial-*', '.genesis-*', '*.tmp-*', '.tmp-*'].flatMap((name) => ['-o', '-name', name]).slice(1);
  return roots.flatMap((root) =>
    execFileSync('find', [root, '(', ...names, ')'], { maxBuffer, encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== ''),
  );
}

/** The single name in a folder. Throws when there is none or more than one. */
export function onlyName(folder: string): string {
  const names = readdirSync(folder);
  const [name] = names;
  if (name === undefined || names.length !== 1)
    throw new Error(`${folder} holds ${names.length} names: ${names.slice(0, 5).join(', ')}`);
  return name;
}
