import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BackupRecord, BackupType } from '../../src/contract/backup.ts';
import type { Outcome } from '../../src/contract/errors.ts';
import type {
  BackupEngine,
  BackupRequest,
  EngineDeps,
  RepositoryRef,
  RunContext,
} from '../../src/engines/backup/port.ts';
import type { RemoteStore, ResticSettings } from '../../src/engines/backup/product.ts';
import { createResticEngine } from '../../src/engines/backup/restic/engine.ts';
import { systemClock, systemRandom } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import { silentLog } from '../../src/runtime/testing.ts';

// The engine restic with the real program, a small tree and a repository beside it.

export const deps: EngineDeps = { clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog };
export const engine = createResticEngine(deps);
export const quiet: RunContext = { signal: new AbortController().signal, onProgress: () => undefined };
export const all = { components: [], paths: [] };
export const passphrase = 'restic-passphrase-4711';

let number = 0;

export interface Options {
  /** Default: `deps`. */
  readonly deps?: EngineDeps;
  readonly at?: string;
  readonly passphrase?: string | null;
  readonly settings?: Partial<ResticSettings>;
  readonly copyAt?: string;
  readonly remote?: RemoteStore;
  readonly index?: number;
}

export function repositoryOf(base: string, options: Options = {}): RepositoryRef {
  const places = [options.at ?? path.join(base, 'repository'), options.copyAt ?? path.join(base, 'copy')].map(
    (at, index) => ({
      name: index === 0 ? 'repository' : 'copy',
      path: at,
      remote: options.remote ?? null,
      passphrase: options.passphrase === undefined ? passphrase : options.passphrase,
    }),
  );
  const index = options.index ?? 0;
  return {
    path: places[index]?.path ?? '',
    key: null,
    product: {
      service: 'files',
      index,
      places,
      folder: path.join(base, 'engine'),
      postgres: null,
      pgbackrest: null,
      pgDump: null,
      restic: { program: 'restic', readDataSubset: '100%', host: 'shop', ...options.settings },
      retention: { fullCount: 7, fullDays: 30, incrementalDays: 7 },
      drill: null,
    },
  };
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message} ${JSON.stringify(outcome.error.details ?? {})}`);
}
export function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}
function nextId(): string {
  number += 1;
  return `backup_20261122_020000_${number.toString(16).padStart(8, '0')}`;
}

export interface Bench {
  readonly base: string;
  readonly source: string;
  readonly repository: RepositoryRef;
  readonly engine: BackupEngine;
  request(changes?: Partial<BackupRequest>): BackupRequest;
  backUp(type?: BackupType, parent?: string | null): Promise<BackupRecord>;
  restore(id: string, to: string, paths?: readonly string[]): Promise<Outcome<unknown>>;
}

/** A small tree with what is hard, and a prepared repository. */
export async function createBench(base: string, options: Options = {}): Promise<Bench> {
  const source = path.join(base, 'source');
  mkdirSync(path.join(source, 'deep/er'), { recursive: true });
  mkdirSync(path.join(source, 'empty'));
  writeFileSync(path.join(source, 'a.txt'), 'first');
  writeFileSync(path.join(source, 'odd [name]*'), 'odd');
  writeFileSync(path.join(source, 'grün 日本'), 'utf-8');
  writeFileSync(path.join(source, 'deep/er/big.bin'), randomBytes(3_000_000));
  writeFileSync(path.join(source, 'deep/x.tmp'), 'left out');
  writeFileSync(path.join(source, 'setuid'), 'x');
  chmodSync(path.join(source, 'setuid'), 0o4711);
  symlinkSync('a.txt', path.join(source, 'link'));
  const repository = repositoryOf(base, options);
  const own = options.deps === undefined ? engine : createResticEngine(options.deps);
  valueOf(await own.prepare(repository, quiet.signal));
  const request: Bench['request'] = (changes = {}) => ({
    id: nextId(),
    service: 'files',
    type: 'full',
    parent: null,
    repository,
    components: [{ name: 'data', paths: [source], excludes: ['**/*.tmp'] }],
    compareContent: false,
    limits: { nice: 10, bandwidthBytesPerSecond: null, concurrency: 2 },
    auditHead: null,
    configYaml: 'name: files\n',
    ...changes,
  });
  return {
    base,
    source,
    repository,
    engine: own,
    request,
    backUp: async (type = 'full', parent = null) => valueOf(await own.backup(request({ type, parent }), quiet)),
    restore: (id, to, paths = []) =>
      own.restore(
        {
          operationId: `op_${to}`,
          repository,
          backupId: id,
          selection: { components: [], paths },
          target: { kind: 'folder', path: path.join(base, to) },
          restoreOwner: process.getuid?.() === 0,
        },
        quiet,
      ),
  };
}

/** One line a path: kind, mode, size, time and target. */
export function treeOf(at: string, without: RegExp = /\.tmp/): string {
  return execFileSync('find', ['.', '-printf', '%P %y %m %T@ %l\\n'], { cwd: at, encoding: 'utf8' })
    .split('\n')
    .filter((line) => !without.test(line))
    .sort()
    .join('\n');
}

/** The pack that holds the data of the big file. */
export function biggestPack(repository: string): string {
  const packs = readdirSync(path.join(repository, 'data'), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => path.join(e.parentPath, e.name));
  return packs.sort((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
}

export function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  chmodSync(file, 0o600);
  writeFileSync(file, bytes);
}

const nobody = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

/** Everything below belongs to nobody, and nobody may pass the folders above; only root has to give away. */
export function giveAway(base: string): void {
  if (!isRoot) return;
  execFileSync('chown', ['-R', '65534:65534', base]);
  for (let at = path.dirname(base); at !== tmpdir() && at.startsWith(tmpdir()); at = path.dirname(at))
    chmodSync(at, 0o711);
}

/** Programs run as a user who may not read everything, also where the tests are root. */
export function unprivileged(base: string): EngineDeps {
  if (!isRoot) return deps;
  mkdirSync(base, { recursive: true });
  giveAway(base);
  return { ...deps, exec: { run: (file, args, o) => systemExec.run(file, args, { ...o, runAs: nobody }) } };
}

/** What a restic REST server does, kept in a folder: enough of the protocol (version 1) to see restic's own client at work. */
export async function startRestStore(folder: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(folder, path.normalize(pathname));
    const answer = (status: number, body: Buffer | string = ''): void => void response.writeHead(status).end(body);
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (pathname.endsWith('/')) mkdirSync(file, { recursive: true });
        else {
          mkdirSync(path.dirname(file), { recursive: true });
          writeFileSync(file, Buffer.concat(parts));
        }
        answer(200);
      });
    } else if (pathname.endsWith('/')) answer(200, JSON.stringify(existsSync(file) ? readdirSync(file) : []));
    else if (!existsSync(file)) answer(404);
    else if (request.method === 'DELETE') {
      rmSync(file);
      answer(200);
    } else sendFile(file, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(file: string, request: IncomingMessage, response: ServerResponse): void {
  const content = readFileSync(file);
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const part = from === undefined ? content : content.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
  response.writeHead(from === undefined ? 200 : 206, { 'Content-Length': part.length });
  response.end(request.method === 'HEAD' ? '' : part);
}
