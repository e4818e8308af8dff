import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { restoreDatabase } from '../src/engines/backup/pg-dump/restore-database.ts';
import type { RepositoryRef } from '../src/engines/backup/port.ts';
import {
  backUp,
  codeOf,
  dumpDeps,
  dumpFolder,
  endDumps,
  engine,
  nextId,
  quiet,
  requestOf,
  startDumps,
  valueOf,
  type DumpBench,
  type DumpOptions,
} from './support/pg-dump.ts';
import type { TestServer } from './support/postgres.ts';
import { checkout, startProcess, waitUntil } from './support/processes.ts';

let dumps: DumpBench;
let server: TestServer;
let folder: string;
const prepared = (options?: DumpOptions): Promise<RepositoryRef> => dumps.prepared(options);

beforeAll(async () => {
  dumps = await startDumps();
  ({ server, folder } = dumps);
});
afterAll(endDumps);

describe('what goes wrong is told', () => {
  it('a flipped bit, a cut file, a missing file and a changed manifest are found', async () => {
    const repository = await prepared({ name: 'damage' });
    const damaged = async (harm: (at: string) => void): Promise<string> => {
      const record = valueOf(await backUp(repository));
      harm(dumpFolder(repository, record.id));
      const report = valueOf(await engine.verify(repository, record.id, quiet));
      expect(report.passed).toBe(false);
      const restored = await restoreDatabase(
        dumpDeps,
        { operationId: 'op_d', repository, backupId: record.id, database: 'app', into: { kind: 'new', name: null } },
        quiet,
      );
      expect(restored.ok).toBe(false);
      return report.faults[0]?.message ?? '';
    };
    const data = (at: string): string =>
      path.join(at, 'app/dump', readdirSync(path.join(at, 'app/dump')).find((n) => n.endsWith('.gz')) ?? '');

    expect(
      await damaged((at) => {
        const bytes = readFileSync(data(at));
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        writeFileSync(data(at), bytes);
      }),
    ).toContain('its SHA-256 differs');
    expect(await damaged((at) => writeFileSync(data(at), readFileSync(data(at)).subarray(0, 10)))).toContain(
      'has 10 bytes',
    );
    expect(await damaged((at) => execFileSync('rm', [path.join(at, 'app/dump/toc.dat')]))).toContain('is missing');
    expect(
      await damaged((at) => {
        const file = path.join(at, 'manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"tables":2', '"tables":3'));
      }),
    ).toContain('its SHA-256 differs');
    expect(await dumps.databases()).toEqual(['app', 'odd=name %', 'postgres']);
  });

  it('a server that is away, a wrong password, a database that is not there', async () => {
    const away = await prepared({ target: { port: 1 } });
    const unknown = await prepared({ settings: { databases: ['app', 'nowhere'] } });

    expect(codeOf(await backUp(away))).toBe('postgres_unreachable');
    expect(await backUp(unknown)).toMatchObject({
      ok: false,
      error: { code: 'source_missing', message: expect.stringContaining('nowhere') },
    });
  });

  it('a failed dump leaves nothing', async () => {
    const repository = await prepared({
      name: 'failing',
      settings: { databases: ['app', 'broken'] },
      target: { user: 'limited' },
    });
    await server.sql('create role limited login; grant connect on database app to limited');
    await server.sql('create database broken');
    await server.sql('create table locked (a int)', 'broken');
    const failed = await backUp(repository);

    expect(codeOf(failed)).toBe('backup_failed');
    expect(failed.ok ? null : failed.error.details).toMatchObject({ components: [{ name: 'app', status: 'failed' }] });
    expect(readdirSync(path.join(repository.path, 'pg_dump/shop'))).toEqual([]);
    await server.sql('drop database broken');
  });

  it('a cancelled dump leaves nothing and no program', async () => {
    const repository = await prepared({ name: 'cancelled' });
    const abort = new AbortController();
    const lock = server.sql(
      'begin; lock table shop.orders in access exclusive mode; select pg_sleep(3); commit',
      'app',
    );
    const running = backUp(repository, { signal: abort.signal, onProgress: () => undefined });
    setTimeout(() => abort.abort(), 1000);

    expect(codeOf(await running)).toBe('cancelled');
    expect(readdirSync(path.join(repository.path, 'pg_dump/shop'))).toEqual([]);
    await lock;
  });

  it('a dump ends when Genesis is killed, and what it left goes', async () => {
    const repository = await prepared({ name: 'killed' });
    const lock = server.sql(
      'begin; lock table shop.orders in access exclusive mode; select pg_sleep(8); commit',
      'app',
    );
    const request = { ...requestOf(repository), id: nextId() };
    const child = await startProcess({
      name: 'genesis',
      file: process.execPath,
      cwd: checkout,
      args: [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module-typescript',
        '--eval',
        `import { createPgDumpEngine } from '${checkout}/exporter/src/engines/backup/pg-dump/engine.ts';
         import { systemClock, systemRandom } from '${checkout}/exporter/src/runtime/clock.ts';
         import { systemExec } from '${checkout}/exporter/src/runtime/exec.ts';
         const log = { debug() {}, info() {}, warn() {}, error() {} };
         const engine = createPgDumpEngine({ clock: systemClock, random: systemRandom, exec: systemExec, log });
         await engine.backup(${JSON.stringify(request)}, { signal: new AbortController().signal, onProgress() {} });`,
      ],
    });
    const programs = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    await waitUntil('pg_dump waits for the lock', () => programs().includes(`.partial-${request.id}`));
    await child.kill9();
    await waitUntil('pg_dump has ended', () => !programs().includes(`.partial-${request.id}`), { deadlineMs: 5_000 });

    expect(valueOf(await engine.inspect(repository, 'shop', quiet.signal)).records).toEqual([]);
    expect(valueOf(await engine.clean(repository, quiet.signal))).toBe(1);
    await lock;
  });

  it('leftovers of a killed run are removed', async () => {
    const repository = await prepared({ name: 'left' });
    mkdirSync(path.join(repository.path, 'pg_dump/shop/.partial-backup_20261122_020000_0000beef'), { recursive: true });
    mkdirSync(path.join(folder, 'engine/staging-backup_20261122_020000_0000beef'), { recursive: true });

    expect(valueOf(await engine.clean(repository, quiet.signal))).toBe(2);
    expect(existsSync(path.join(folder, 'engine/staging-backup_20261122_020000_0000beef'))).toBe(false);
  });
});
