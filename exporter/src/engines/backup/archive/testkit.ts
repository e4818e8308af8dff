import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import type { BackupType } from '../../../contract/backup.ts';
import type { OpError, Outcome } from '../../../contract/errors.ts';
import type { BackupEngine, ComponentSource, EngineDeps, EngineProgress, RepositoryRef, RunContext } from '../port.ts';
import { compareJob } from './compare-job.ts';
import { copyJob } from './copy-job.ts';
import { createArchiveEngine } from './engine.ts';
import { encodeEntry, type FileEntry } from './entries.ts';
import { backupFolder, serialiseManifest, type Frame, type Manifest, type StoredFile } from './format.ts';
import type { JobContext } from './job-context.ts';
import { asOutcome } from './repository.ts';
import { planJob, restoreJob } from './restore-job.ts';
import { recover } from './swap.ts';
import { verifyJob } from './verify-job.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-write.ts';

/** What the tests of this folder share: temporary folders, trees with everything odd in them, crafted backups. */

export interface Bench {
  readonly base: string;
  readonly engine: BackupEngine;
  readonly repository: RepositoryRef;
  remove(): void;
}

const deps: EngineDeps = {
  clock: { now: () => new Date(), sleep: () => Promise.resolve() },
  random: { bytes: (length) => randomBytes(length), hex: (length) => randomBytes(length).toString('hex') },
  exec: { run: () => Promise.reject(new Error('the archive engine runs no commands')) },
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};

export const testKey = Buffer.alloc(32, 7);
export const everything = { components: [], paths: [] };

export async function createBench(
  key: Buffer | null = null,
  threads: 'threads' | 'in this thread' = 'in this thread',
): Promise<Bench> {
  const base = mkdtempSync(join(tmpdir(), 'genesis-archive-'));
  const engine = threads === 'threads' ? createArchiveEngine(deps) : inThisThread(createArchiveEngine(deps));
  const repository = { path: join(base, 'repo'), key };
  valueOf(await engine.prepare(repository, new AbortController().signal));
  return { base, engine, repository, remove: () => execFileSync('rm', ['-rf', '--', base]) };
}

/**
 * The jobs of the reading half run in this thread instead of one of their own: starting a thread takes longer than most of
 * what these tests do. restore.test.ts goes the whole way.
 */
export function inThisThread(engine: BackupEngine): BackupEngine {
  const job = ({ signal, onProgress }: RunContext): JobContext => ({ signal, progress: onProgress });
  return {
    ...engine,
    verify: (repository, id, ctx) => asOutcome(() => verifyJob(repository, id, job(ctx))),
    planRestore: (repository, id, selection, signal) =>
      asOutcome(() => planJob(repository, id, selection, job(context(signal)))),
    restore: (request, ctx) => asOutcome(() => restoreJob(request, job(ctx))),
    recover: (operationId, roots) => asOutcome(() => Promise.resolve(recover(operationId, roots))),
    compare: (repository, id, folder, ctx) => asOutcome(() => compareJob(repository, id, folder, job(ctx))),
    copy: (from, to, id, ctx) => asOutcome(async () => void (await copyJob(from, to, id, job(ctx)))),
  };
}

export function context(
  signal = new AbortController().signal,
  onProgress: (p: EngineProgress) => void = () => undefined,
): RunContext {
  return { signal, onProgress };
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

export function errorOf<T>(outcome: Outcome<T>): OpError {
  if (outcome.ok) throw new Error(`expected a failure, got ${JSON.stringify(outcome.value)}`);
  return outcome.error;
}

export function idOf(number: number): string {
  return `backup_20260101_000000_${number.toString(16).padStart(8, '0')}`;
}

export interface BackupSpec {
  readonly number: number;
  readonly parent?: number;
  readonly type?: BackupType;
  readonly components: readonly ComponentSource[];
}

export async function backup(bench: Bench, spec: BackupSpec): Promise<string> {
  const id = idOf(spec.number);
  const parent = spec.parent === undefined ? null : idOf(spec.parent);
  valueOf(
    await bench.engine.backup(
      {
        id,
        service: 'app',
        type: spec.type ?? (parent === null ? 'full' : 'incremental'),
        parent,
        repository: bench.repository,
        components: spec.components,
        compareContent: false,
        limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: 2 },
        auditHead: null,
        configYaml: 'name: app\n',
      },
      context(),
    ),
  );
  return id;
}

export function component(name: string, ...paths: string[]): ComponentSource {
  return { name, paths, excludes: [] };
}

/** Text that zstd cannot make small, the same at every run. */
export function noise(bytes: number, seed = 1): Buffer {
  const parts: Buffer[] = [];
  for (let block = 0, length = 0; length < bytes; block += 1, length += 32)
    parts.push(createHash('sha256').update(`${seed}:${block}`).digest());
  return Buffer.concat(parts).subarray(0, bytes);
}

/** Long and odd names, links of both kinds, empty things, modes, nanoseconds, and a file of several frames. */
export function makeTree(root: string): void {
  mkdirSync(join(root, 'dir/empty'), { recursive: true });
  mkdirSync(join(root, 'deep', ...Array.from({ length: 12 }, (_, i) => `level-${i}-${'x'.repeat(20)}`)), {
    recursive: true,
  });
  writeFileSync(join(root, 'dir.txt'), 'sorts after dir/');
  writeFileSync(join(root, 'dir/a.txt'), 'first');
  writeFileSync(join(root, 'dir/empty.txt'), '');
  writeFileSync(join(root, 'dir/ünï "quoted"\nline'), 'odd name');
  writeFileSync(Buffer.from(`${root}/dir/not-utf8-\xff`, 'latin1'), 'not text');
  writeFileSync(join(root, `dir/${'n'.repeat(250)}`), 'long name');
  writeFileSync(join(root, 'big.bin'), noise(9_500_000));
  linkSync(join(root, 'dir/a.txt'), join(root, 'dir/b-link.txt'));
  linkSync(join(root, 'dir/a.txt'), join(root, 'z-link.txt'));
  symlinkSync('dir/a.txt', join(root, 'relative'));
  symlinkSync('/etc/hostname', join(root, 'absolute'));
  symlinkSync(`nowhere/${'l'.repeat(150)}`, join(root, 'dangling'));
  writeFileSync(join(root, 'tool.sh'), '#!/bin/sh\n');
  chmodSync(join(root, 'tool.sh'), 0o4755);
  writeFileSync(join(root, 'dir/secret'), 'x');
  chmodSync(join(root, 'dir/secret'), 0o400);
  utimesSync(join(root, 'dir.txt'), 1, 1.123456789);
  execFileSync('touch', ['-d', '2001-02-03T04:05:06.123456789Z', join(root, 'dir/secret'), join(root, 'dir/empty')]);
  chmodSync(join(root, 'dir/empty'), 0o555);
}

/** Everything that a restore has to bring back, one line an entry. */
export function attributes(root: string): string {
  const lines = execFileSync('find', [root, '-printf', '%P %y %m %U %G %s %T@ %n %l\\0'], { maxBuffer: 2 ** 28 })
    .toString('latin1')
    .split('\0');
  // The size of a folder is the file system's own affair.
  return lines
    .map((line) => line.replace(/^(.* d \d+ \d+ \d+) \d+ /, '$1 '))
    .sort()
    .join('\n');
}

/** Throws unless both trees are equal in content and attributes. */
export function expectSameTree(a: string, b: string): void {
  execFileSync('diff', ['-r', '--no-dereference', '--', a, b], { maxBuffer: 2 ** 28 });
  expect(attributes(b)).toBe(attributes(a));
}

/** Names in a folder that a restore or swap may have left. */
export function leftovers(folder: string): string[] {
  return execFileSync('find', [folder, '-maxdepth', '1', '-name', '.genesis-*']).toString().split('\n').filter(Boolean);
}

export function entry(path: string, kind: FileEntry['kind'], more: Partial<FileEntry> = {}): FileEntry {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return {
    path,
    kind,
    size: 0,
    mode: kind === 'd' ? 0o755 : 0o644,
    mtimeNs: '1000000000000000000',
    ctimeNs: '0',
    inode: '1:1',
    ...own,
    user: '',
    group: '',
    hash: null,
    target: null,
    holder: -1,
    offset: -1,
    ...more,
  };
}

/** One zstd frame with a checksum. */
function storedOf(file: string, raw: Buffer): { stored: StoredFile; bytes: Buffer } {
  const bytes = zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const frame: Frame = [0, bytes.length, raw.length, createHash('sha256').update(bytes).digest('hex')];
  return { stored: { file, storedBytes: bytes.length, rawBytes: raw.length, frames: [frame] }, bytes };
}

export interface Crafted {
  readonly entries: readonly FileEntry[];
  /** By path: what the archive holds for it. */
  readonly contents?: Readonly<Record<string, string>>;
  /** Lines put in as they are, after the entries. */
  readonly lines?: readonly string[];
  readonly root?: Manifest['components'][number]['roots'][number];
}

/** A backup whose every hash is right, whatever its list says: hashes do not make a list harmless. */
export function craft(repository: RepositoryRef, number: number, crafted: Crafted): string {
  const id = idOf(number);
  const tar: Buffer[] = [];
  let offset = 0;
  const placed = crafted.entries.map((e) => {
    const content = crafted.contents?.[e.path];
    if (e.kind !== 'f' || content === undefined) return e;
    const bytes = Buffer.from(content);
    const whole = {
      ...e,
      size: bytes.length,
      hash: createHash('sha256').update(bytes).digest('hex'),
      holder: 0,
      offset,
    };
    const blocks = Buffer.concat([tarHeader({ ...whole, path: 'x' }), bytes, Buffer.alloc(tarPadding(bytes.length))]);
    tar.push(blocks);
    offset += blocks.length;
    return whole;
  });
  const list = [...placed.map(encodeEntry), ...(crafted.lines ?? [])].map((line) => `${line}\n`).join('');
  const archive = storedOf('data.tar.zst', Buffer.concat([...tar, tarEnd]));
  const files = storedOf('data.files.zst', Buffer.from(list));
  const size = { entries: placed.length, bytes: 0, addedBytes: 0, storedBytes: archive.bytes.length };
  const manifest: Manifest = {
    format: 1,
    id,
    service: 'app',
    engine: 'archive',
    type: 'full',
    parent: null,
    chain: [id],
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:01.000Z',
    status: 'completed',
    encryption: null,
    auditHead: null,
    warnings: [],
    warningCount: 0,
    components: [
      {
        name: 'data',
        status: 'completed',
        ...size,
        warnings: 0,
        skipped: {},
        error: null,
        deleted: 0,
        roots: [crafted.root ?? { name: 'root', path: '/srv/root', kind: 'directory' }],
        archive: archive.stored,
        files: files.stored,
      },
    ],
  };
  const folder = backupFolder(repository.path, 'app', id);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data.tar.zst'), archive.bytes);
  writeFileSync(join(folder, 'data.files.zst'), files.bytes);
  writeFileSync(join(folder, 'manifest.json'), serialiseManifest(manifest, null).bytes);
  return id;
}
