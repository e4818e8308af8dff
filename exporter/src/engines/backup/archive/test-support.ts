import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Outcome } from '../../../contract/errors.ts';
import type { BackupRecord } from '../../../contract/backup.ts';
import type { BackupRequest, EngineDeps, RepositoryRef, RunContext } from '../port.ts';
import { runBackup } from './backup.ts';
import { toFsPath, type FileEntry } from './entries.ts';
import { readList } from './list-read.ts';
import { prepareRepository } from './repository.ts';
import { loadChain } from './stored-chain.ts';

/** What tests of this engine share: a sandbox that goes away, fixed time, numbered backups. */

export interface Sandbox {
  readonly path: string;
  /** Path inside. */
  at(...segments: string[]): string;
  remove(): void;
}

export function createSandbox(): Sandbox {
  const path = mkdtempSync(join(tmpdir(), 'genesis-archive-'));
  return {
    path,
    at: (...segments) => join(path, ...segments),
    remove: () => {
      execFileSync('chmod', ['-R', 'u+rwX', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

let drawn = 0;
/** Deterministic bytes, never the same twice. */
function nextBytes(length: number): Buffer {
  drawn += 1;
  const parts: Buffer[] = [];
  for (let i = 0; i * 32 < length; i += 1) parts.push(createHash('sha256').update(`${drawn}/${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

function unexpected(): never {
  throw new Error('the archive engine runs no commands while it backs up');
}

export const testDeps: EngineDeps = {
  clock: { now: () => new Date('2026-11-22T02:00:00.000Z'), sleep: unexpected },
  exec: { run: unexpected },
  random: { bytes: nextBytes, hex: (length) => nextBytes(length).toString('hex') },
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};

export function backupIdOf(n: number): string {
  return `backup_20261122_020000_${n.toString(16).padStart(8, '0')}`;
}

export function quietContext(signal: AbortSignal = new AbortController().signal): RunContext {
  return { signal, onProgress: () => undefined };
}

/** The value, or a test failure that says the error. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
}

export interface Bench {
  readonly repository: RepositoryRef;
  request(n: number, changes?: Partial<BackupRequest>): BackupRequest;
  run(n: number, changes?: Partial<BackupRequest>, context?: RunContext): Promise<Outcome<BackupRecord>>;
}

/** A prepared repository and requests for the tree(s) `paths`; backup `n` builds upon `n - 1` unless it is 1. */
export async function createBench(repository: RepositoryRef, paths: readonly string[]): Promise<Bench> {
  valueOf(await prepareRepository(testDeps.clock, repository));
  const request = (n: number, changes: Partial<BackupRequest> = {}): BackupRequest => ({
    id: backupIdOf(n),
    service: 'shop',
    type: n === 1 ? 'full' : 'incremental',
    parent: n === 1 ? null : backupIdOf(n - 1),
    repository,
    components: [{ name: 'data', paths, excludes: [] }],
    compareContent: false,
    limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: 2 },
    auditHead: null,
    configYaml: null,
    ...changes,
  });
  return {
    repository,
    request,
    run: (n, changes, context = quietContext()) => runBackup(testDeps, request(n, changes), context),
  };
}

/** Every line of a backup's file list, deletions too. */
export async function listOf(repository: RepositoryRef, id: string, component = 'data'): Promise<FileEntry[]> {
  const chain = loadChain(repository, id);
  const found = chain.target.manifest.components.find((c) => c.name === component);
  if (found === undefined) throw new Error(`no component ${component}`);
  const entries: FileEntry[] = [];
  const source = { folder: chain.target.folder, backupId: id, component, stored: found.files, key: chain.key };
  for await (const batch of readList(source)) entries.push(...batch.entries);
  return entries;
}

/** Everything `find` can tell of a tree, one line a path, in one order. */
export function fingerprintTree(path: string): string {
  const out = execFileSync('find', ['.', '-printf', '%P %y %m %U %G %s %T@ %n %l\\n'], {
    cwd: path,
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  });
  return (
    out
      .split('\n')
      // Sizes of folders are the file system's own affair.
      .map((line) => line.replace(/^(.* d \d+ \d+ \d+) \d+/, '$1 -'))
      .sort()
      .join('\n')
  );
}

/** Writes a file below the tree, with the folders above it. */
export function putFile(tree: string, path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
}

/** A tree with everything that is hard. */
export function makeHardTree(tree: string): void {
  putFile(tree, 'plain.txt', 'hello');
  putFile(tree, 'empty', '');
  putFile(tree, 'deep/er/file.bin', Buffer.alloc(10_000, 5));
  mkdirSync(join(tree, 'empty folder'));
  putFile(tree, `${'n'.repeat(120)}/${'m'.repeat(200)}`, 'long names');
  symlinkSync('../nowhere', join(tree, 'dangling'));
  symlinkSync('s'.repeat(300), join(tree, 'long link'));
  linkSync(join(tree, 'plain.txt'), join(tree, 'z hard link'));
  writeFileSync(toFsPath(`${tree}/not-utf8-\xff\xfe`), 'bytes');
  putFile(tree, 'grün 日本', 'utf-8');
  chmodSync(join(tree, 'empty'), 0o4711);
  chmodSync(join(tree, 'empty folder'), 0o1770);
  execFileSync('touch', ['-d', '1969-12-31T23:00:00.000000001Z', join(tree, 'deep/er/file.bin')]);
}

export function archivePath(repository: RepositoryRef, n: number): string {
  return join(repository.path, 'backups/shop', backupIdOf(n), 'data.tar.zst');
}

/** Unpacks an archive with the system's tar into a new folder. */
export function unpack(repository: RepositoryRef, n: number, into: string): string {
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['--zstd', '-xpf', archivePath(repository, n), '-C', into]);
  return into;
}
