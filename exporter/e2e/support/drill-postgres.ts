import { appendFileSync, closeSync, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Outcome } from '../../src/contract/errors.ts';
import type { DrillLevel } from '../../src/contract/operation.ts';
import type { EngineDeps, Proof, ProofContext } from '../../src/engines/backup/port.ts';
import type { ProofSettings } from '../../src/engines/backup/product.ts';
import { provePostgres, type ProveRequest } from '../../src/engines/postgres/prove.ts';
import { systemClock, systemRandom } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import { ownedFolder, type TestServer } from './postgres.ts';

// Drills of base copies made with pg_basebackup: what stands below the engines.

export const drillDeps: EngineDeps = {
  clock: systemClock,
  exec: systemExec,
  random: systemRandom,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};

export interface BaseCopy {
  /** Private folder of the drill. */
  readonly folder: string;
  readonly data: string;
}

/** Options of `baseCopy`. */
export interface BaseCopyOptions {
  /** Folder in which the drill's own is made. */
  readonly below: string;
  readonly name?: string;
  /** Folder of the archive that recovery reads; absent: none, the copy has its WAL in it. */
  readonly archive?: string;
  /** Further lines of postgresql.auto.conf. */
  readonly recovery?: Readonly<Record<string, string>>;
  /** Superuser that makes the copy; default the server's own. */
  readonly user?: string;
  /** Tablespaces of the live server, each to be mapped into the drill's folder. */
  readonly tablespaces?: readonly string[];
}

/** A physical copy of a running server in the folder of a drill, which asks for recovery where an archive is given. */
export async function baseCopy(live: TestServer, options: BaseCopyOptions): Promise<BaseCopy> {
  const folder = ownedFolder(path.join(options.below, options.name ?? 'drill'), live.asOwner);
  const data = path.join(folder, 'data');
  const mapped = (options.tablespaces ?? []).map(
    (at) => `--tablespace-mapping=${at}=${path.join(folder, 'tablespaces', path.basename(at))}`,
  );
  const user = options.user === undefined ? [] : [`--username=${options.user}`];
  const wal = options.archive === undefined ? 'stream' : 'none';
  await live.program('pg_basebackup', [
    '-D',
    data,
    '--checkpoint=fast',
    `--wal-method=${wal}`,
    '--no-sync',
    ...user,
    ...mapped,
  ]);
  if (options.archive !== undefined) {
    const settings = { restore_command: `cp ${options.archive}/%f "%p"`, ...options.recovery };
    appendFileSync(
      path.join(data, 'postgresql.auto.conf'),
      Object.entries(settings)
        .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
        .join(''),
    );
    writeFileSync(path.join(data, 'recovery.signal'), '');
  }
  return { folder, data };
}

/** A folder that WAL is archived into, and the command that does it: the file appears under its name only when it is whole. */
export function archiveInto(
  folder: string,
  live?: TestServer['asOwner'],
): { readonly folder: string; readonly command: string } {
  const at = path.join(folder, 'archive');
  mkdirSync(folder, { recursive: true });
  ownedFolder(at, live);
  return { folder: at, command: `cp %p ${at}/%f.part && mv ${at}/%f.part ${at}/%f` };
}

export const proofSettings: ProofSettings = {
  level: 4,
  tables: [],
  assertions: [],
  canary: { database: null, table: 'public.canary', column: 'at' },
  maxAgeSeconds: 30,
  statementTimeoutSeconds: 60,
  allowedLibraries: ['pg_stat_statements'],
  minFreeBytes: 0,
  variety: 0,
};

export const levelOne: DrillLevel = {
  level: 1,
  name: 'files and checksums',
  result: 'passed',
  seconds: 0,
  detail: 'not of this test',
};

/** Steps by name, in order, with how they ended. */
export function recordingContext(
  signal: AbortSignal = new AbortController().signal,
): ProofContext & { readonly steps: string[] } {
  const steps: string[] = [];
  return {
    signal,
    steps,
    onProgress: () => undefined,
    quality: null,
    step: async (name, work) => {
      const outcome = await work(() => undefined);
      steps.push(`${name}: ${outcome.ok ? 'succeeded' : 'failed'}`);
      return outcome;
    },
  };
}

export function proveCopy(
  live: TestServer,
  copy: BaseCopy,
  request: Partial<ProveRequest> = {},
  context: ProofContext = recordingContext(),
): Promise<Outcome<Proof>> {
  return provePostgres(
    drillDeps,
    {
      ...copy,
      bin: null,
      runAs: live.asOwner ?? null,
      user: 'postgres',
      database: 'postgres',
      settings: proofSettings,
      target: { type: 'latest' },
      startedAt: new Date().toISOString(),
      consistentAt: null,
      before: { levels: [levelOne], phases: [], entries: 0, bytes: 0 },
      ...request,
    },
    context,
  );
}

/** The proof, or an exception that says why there is none. */
export function proofOf(outcome: Outcome<Proof>): Proof {
  if (!outcome.ok) throw new Error(`no proof: ${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

export function levelOf(proof: Proof, level: DrillLevel['level']): DrillLevel {
  const found = proof.levels.find((l) => l.level === level);
  if (found === undefined) throw new Error(`level ${level} is missing`);
  return found;
}

/** Changes one bit of a file. */
export function flipByte(file: string, offset: number): void {
  const fd = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, offset);
  writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 0x01]), 0, 1, offset);
  closeSync(fd);
}
