import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../src/contract/backup.ts';
import type { Outcome } from '../src/contract/errors.ts';
import { deriveKey } from '../src/engines/backup/archive/crypto.ts';
import { backupEngineConformance } from '../src/engines/backup/conformance.ts';
import { createPgDumpEngine } from '../src/engines/backup/pg-dump/engine.ts';
import { restoreDatabase } from '../src/engines/backup/pg-dump/restore-database.ts';
import type {
  BackupRequest,
  EngineDeps,
  ProofContext,
  ProofRequest,
  RepositoryRef,
  RunContext,
} from '../src/engines/backup/port.ts';
import type { PgDumpSettings, ProductRef, ProofSettings } from '../src/engines/backup/product.ts';
import type { PostgresTarget } from '../src/engines/postgres-target.ts';
import { systemClock, systemRandom } from '../src/runtime/clock.ts';
import { systemExec } from '../src/runtime/exec.ts';
import { silentLog } from '../src/runtime/testing.ts';
import { ownedFolder, startPostgres, stopServers, type TestServer } from './support/postgres.ts';
import { checkout, cleanUp, startProcess, tempFolder, waitUntil } from './support/processes.ts';

const deps: EngineDeps = { clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog };
const engine = createPgDumpEngine(deps);
const quiet: RunContext = { signal: new AbortController().signal, onProgress: () => undefined };
const all = { components: [], paths: [] };
const secret = 'role-secret-0815';

let server: TestServer;
let folder: string;
let number = 0;

interface Options {
  readonly key?: Buffer | null;
  readonly settings?: Partial<PgDumpSettings>;
  readonly target?: Partial<PostgresTarget>;
  readonly name?: string;
  /** Default: a folder called `name`. */
  readonly at?: string;
}

function repositoryOf({
  key = null,
  settings = {},
  target = {},
  name = 'repository',
  ...o
}: Options = {}): RepositoryRef {
  const at = o.at ?? path.join(folder, name);
  return {
    path: at,
    key,
    product: {
      service: 'shop',
      index: 0,
      places: [{ name: 'repository', path: at, remote: null, passphrase: null }],
      folder: path.join(folder, 'engine'),
      postgres: { ...server.target(), ...target },
      pgbackrest: null,
      pgDump: { format: 'directory', jobs: 2, databases: ['app'], ...settings },
      restic: null,
      retention: { fullCount: 7, fullDays: 30, incrementalDays: 7 },
      drill: null,
    },
  };
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message} ${JSON.stringify(outcome.error.details ?? {})}`);
}
function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

function nextId(): string {
  number += 1;
  return `backup_20261122_020000_${number.toString(16).padStart(8, '0')}`;
}

function requestOf(repository: RepositoryRef): BackupRequest {
  return {
    id: nextId(),
    service: 'shop',
    type: 'full',
    parent: null,
    repository,
    components: [],
    compareContent: false,
    limits: { nice: 10, bandwidthBytesPerSecond: null, concurrency: 2 },
    auditHead: null,
    configYaml: 'name: shop\n',
  };
}

function backUp(repository: RepositoryRef, context = quiet): Promise<Outcome<BackupRecord>> {
  return engine.backup(requestOf(repository), context);
}

async function prepared(options: Options = {}): Promise<RepositoryRef> {
  const repository = repositoryOf(options);
  valueOf(await engine.prepare(repository, quiet.signal));
  return repository;
}

function dumpFolder(repository: RepositoryRef, id: string): string {
  return path.join(repository.path, 'pg_dump/shop', id);
}

async function databases(): Promise<string[]> {
  const rows = await server.sql<{ name: string }>(
    'select datname as name from pg_database where not datistemplate order by 1',
  );
  return rows.map((r) => r.name);
}

/** Every file below, as text. */
function textBelow(at: string): string {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => readFileSync(path.join(e.parentPath, e.name), 'latin1'))
    .join('\n');
}

beforeAll(async () => {
  folder = tempFolder('genesis-pgdump-');
  server = await startPostgres({ folder, settings: { log_statement: 'all' } });
  await server.sql(`create role shop login password '${secret}'; create role reader`);
  await server.sql('create database app owner shop');
  await server.sql(
    "alter database app set search_path to shop, public; alter role reader in database app set work_mem to '8MB'",
  );
  await server.sql('revoke connect on database app from public; grant connect on database app to reader');
  await server.sql(
    `create schema shop;
     create table shop.orders (id int primary key, at timestamptz not null, note text);
     insert into shop.orders select n, now(), repeat('x', n % 50) from generate_series(1, 5000) n;
     create table shop."Odd ""name""" (a int); insert into shop."Odd ""name""" values (1), (2);
     create materialized view shop.sums as select count(*) from shop.orders`,
    'app',
  );
  await server.sql('create database "odd=name %" template template0');
  await server.sql('create table t (a int); insert into t values (7)', 'odd=name %');
});
afterAll(async () => {
  await stopServers();
  await cleanUp();
});

describe('dumps of a real server', () => {
  for (const format of ['directory', 'custom'] as const)
    it(`are listed, verified and written out again: ${format}`, async () => {
      const repository = await prepared({ settings: { format } });
      const record = valueOf(await backUp(repository));
      const listing = valueOf(await engine.inspect(repository, 'shop', quiet.signal));
      const report = valueOf(await engine.verify(repository, record.id, quiet));
      const target = path.join(folder, `out-${format}`);
      valueOf(
        await engine.restore(
          {
            operationId: `op_${format}`,
            repository,
            backupId: record.id,
            selection: all,
            target: { kind: 'folder', path: target },
            restoreOwner: false,
          },
          quiet,
        ),
      );

      expect(listing.records.find((r) => r.id === record.id)).toEqual(record);
      expect(record).toMatchObject({
        engine: 'pg_dump',
        status: 'completed',
        components: [{ name: 'app', entries: 2 }],
      });
      expect(report).toMatchObject({ passed: true, faults: [], entries: 2 });
      expect(valueOf(await engine.compare(repository, record.id, target, quiet)).differences).toEqual([]);
      expect(readFileSync(path.join(target, 'globals.sql'), 'utf8')).toContain('CREATE ROLE reader;');
      expect(await server.program('pg_restore', ['--list', copyFor(target)])).toContain('TABLE DATA shop orders');
    });

  it('holds every database when none is named, whatever they are called', async () => {
    const repository = await prepared({ settings: { databases: [] }, name: 'every' });
    const record = valueOf(await backUp(repository));

    expect(record.components.map((c) => c.name)).toEqual(['app', 'odd=name %', 'postgres']);
    expect(valueOf(await engine.verify(repository, record.id, quiet)).passed).toBe(true);
  });
});

/** A copy that the server's own user may read. */
function copyFor(target: string): string {
  const readable = path.join(folder, `read-${path.basename(target)}`);
  execFileSync('cp', ['-r', path.join(target, 'app/dump'), readable]);
  execFileSync('chmod', ['-R', 'a+rX', readable]);
  return readable;
}

describe('a sealed repository', () => {
  const key = deriveKey('a passphrase that is long enough');

  it('holds no clear text, leaves none, and gives all of it back', async () => {
    const repository = await prepared({ key, name: 'sealed' });
    const record = valueOf(await backUp(repository));
    const restored = valueOf(
      await restoreDatabase(
        deps,
        {
          operationId: 'op_sealed',
          repository,
          backupId: record.id,
          database: 'app',
          into: { kind: 'new', name: 'from_sealed' },
        },
        quiet,
      ),
    );

    expect(textBelow(dumpFolder(repository, record.id))).not.toMatch(/shop\.orders|CREATE ROLE|SCRAM/);
    expect(record.encrypted).toBe(true);
    expect(valueOf(await engine.verify(repository, record.id, quiet)).passed).toBe(true);
    expect(restored).toMatchObject({ rows: 5002, tables: 2, uncounted: 0 });
    expect(readdirSync(path.join(folder, 'engine')).filter((n) => n.startsWith('staging-'))).toEqual([]);
    await server.sql('drop database from_sealed');
  });

  it('is refused with another key and without one', async () => {
    const other = repositoryOf({ key: deriveKey('some other passphrase, also long'), name: 'sealed' });

    expect(codeOf(await engine.inspect(other, 'shop', quiet.signal))).toBe('key_wrong');
    expect(codeOf(await backUp(repositoryOf({ name: 'sealed' })))).toBe('key_missing');
  });
});

describe('databases come back', () => {
  it('into a new one, with owner, privileges and settings', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    const { name } = valueOf(
      await restoreDatabase(
        deps,
        {
          operationId: 'op_0123456789abcdef',
          repository,
          backupId: record.id,
          database: 'app',
          into: { kind: 'new', name: null },
        },
        quiet,
      ),
    );
    const [facts] = await server.sql(
      `select pg_get_userbyid(datdba) as owner, (select array_agg(a::text order by a::text) from unnest(datacl) a) as acl,
              (select array_agg(unnest order by unnest)::text from (select unnest(setconfig) from pg_db_role_setting where setdatabase = d.oid) s) as settings
         from pg_database d where datname = '${name}'`,
    );

    expect(name).toBe('app_restored_456789abcdef');
    expect(facts).toEqual({
      owner: 'shop',
      acl: ['=T/shop', 'reader=c/shop', 'shop=CTc/shop'],
      settings: '{"search_path=shop, public",work_mem=8MB}',
    });
    expect(await server.sql('select count(*)::int as n from shop.orders', name)).toEqual([{ n: 5000 }]);
    expect(
      codeOf(
        await restoreDatabase(
          deps,
          { operationId: 'op_x', repository, backupId: record.id, database: 'app', into: { kind: 'new', name } },
          quiet,
        ),
      ),
    ).toBe('target_not_empty');
    await server.sql(`drop database ${name}`);
  });

  it('into an empty one, and never into one that holds something', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    await server.sql('create database blank template template0');
    const ask = (name: string) =>
      restoreDatabase(
        deps,
        { operationId: 'op_y', repository, backupId: record.id, database: 'app', into: { kind: 'empty', name } },
        quiet,
      );

    expect(valueOf(await ask('blank'))).toMatchObject({ name: 'blank', rows: 5002 });
    expect(codeOf(await ask('blank'))).toBe('target_not_empty');
    expect(codeOf(await ask('app'))).toBe('target_not_empty');
    expect(codeOf(await ask('nowhere'))).toBe('not_found');
    await server.sql('drop database blank');
  });

  it('in place: swapped while somebody is connected, the old one kept', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    await server.sql('insert into shop.orders values (9999, now(), null)', 'app');
    const holding = server.sql('select pg_sleep(60)', 'app').catch((error: unknown) => String(error));
    const facts = valueOf(await engine.planRestore(repository, record.id, all, quiet.signal));
    const report = valueOf(
      await engine.restore(
        {
          operationId: 'op_00000000abcd',
          repository,
          backupId: record.id,
          selection: all,
          target: { kind: 'in_place', roots: facts.roots },
          restoreOwner: false,
        },
        quiet,
      ),
    );

    expect(report.replaced).toEqual(['app_before_00000000abcd']);
    expect(await holding).toContain('terminating connection');
    expect(await server.sql('select count(*)::int as n from shop.orders', 'app')).toEqual([{ n: 5000 }]);
    expect(await server.sql('select count(*)::int as n from shop.orders', 'app_before_00000000abcd')).toEqual([
      { n: 5001 },
    ]);
    await server.sql('drop database app_before_00000000abcd');
  });

  it('a restore whose rows do not add up is refused and leaves nothing', async () => {
    const repository = await prepared({ name: 'rows' });
    await server.sql('create database cast_off template template0');
    await server.sql(
      `create table a (x int); insert into a select generate_series(1, 10);
       create function skip() returns trigger language plpgsql as $$ begin return null; end $$;
       create trigger drops before insert on a for each row execute function skip(); alter table a enable always trigger drops`,
      'cast_off',
    );
    const record = valueOf(await backUp(repositoryOf({ name: 'rows', settings: { databases: ['cast_off'] } })));
    // The role that is named as owner is gone: pg_restore says so on stderr.
    await server.sql('create role leaver; alter table a owner to leaver', 'cast_off');
    const owned = valueOf(await backUp(repositoryOf({ name: 'rows', settings: { databases: ['cast_off'] } })));
    await server.sql('alter table a owner to postgres; drop role leaver', 'cast_off');
    const before = await databases();
    const failed = await restoreDatabase(
      deps,
      { operationId: 'op_z', repository, backupId: owned.id, database: 'cast_off', into: { kind: 'new', name: null } },
      quiet,
    );

    expect(record.status).toBe('completed');
    expect(codeOf(failed)).toBe('restore_failed');
    expect(failed.ok ? '' : failed.error.message).toContain('leaver');
    expect(await databases()).toEqual(before);
    await server.sql('drop database cast_off');
  });
});

describe('what goes wrong is told', () => {
  it('a flipped bit, a cut file, a missing file and a changed manifest are found', async () => {
    const repository = await prepared({ name: 'damage' });
    const damaged = async (harm: (at: string) => void): Promise<string> => {
      const record = valueOf(await backUp(repository));
      harm(dumpFolder(repository, record.id));
      const report = valueOf(await engine.verify(repository, record.id, quiet));
      expect(report.passed).toBe(false);
      const restored = await restoreDatabase(
        deps,
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
    expect(await databases()).toEqual(['app', 'odd=name %', 'postgres']);
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

describe('copies', () => {
  it('resume, read back, restore, and are made again when damaged', async () => {
    const repository = await prepared();
    const copy = await prepared({ name: 'copy' });
    const record = valueOf(await backUp(repository));
    const work = path.join(copy.path, 'pg_dump/shop', `.copying-${record.id}`, 'app/dump');
    mkdirSync(work, { recursive: true });
    writeFileSync(path.join(work, 'toc.dat'), 'half');
    valueOf(await engine.copy(repository, copy, record.id, quiet));
    const toc = path.join(dumpFolder(copy, record.id), 'app/dump/toc.dat');
    writeFileSync(toc, 'damaged');
    expect(valueOf(await engine.verify(copy, record.id, quiet)).passed).toBe(false);
    valueOf(await engine.copy(repository, copy, record.id, quiet));

    expect(valueOf(await engine.verify(copy, record.id, quiet)).passed).toBe(true);
    expect(valueOf(await engine.inspect(copy, 'shop', quiet.signal)).records).toEqual([record]);
    expect(statSync(path.join(dumpFolder(copy, record.id), 'globals.sql')).mode & 0o777).toBe(0o600);
    valueOf(await engine.remove(repository, record.id, quiet.signal));
    expect(codeOf(await engine.verify(repository, record.id, quiet))).toBe('backup_unknown');
  });
});

describe('secrets', () => {
  it('of the connection stand in no command line and no message', async () => {
    const seen: string[] = [];
    const watching = createPgDumpEngine({
      ...deps,
      exec: {
        run: (file, args, options) => {
          seen.push([file, ...args].join(' '));
          return systemExec.run(file, args, options);
        },
      },
    });
    const repository = await prepared({ target: { password: secret } });
    const done = await watching.backup(requestOf(repository), quiet);

    expect(done.ok).toBe(true);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.join('\n')).not.toContain(secret);
  });
});

describe('a drill of a dump', () => {
  const settings: ProofSettings = {
    level: 4,
    tables: [{ name: 'shop.orders', minRows: 5000 }],
    assertions: [{ name: 'one row', database: 'app', sql: 'select count(*) = 2 from shop."Odd ""name"""' }],
    canary: { database: 'app', table: 'shop.orders', column: 'at' },
    maxAgeSeconds: 600,
    statementTimeoutSeconds: 60,
    allowedLibraries: [],
    minFreeBytes: 0,
    variety: 0,
  };

  function drillOf(repository: RepositoryRef, backupId: string, changes: Partial<ProofSettings> = {}) {
    const at = ownedFolder(path.join(folder, `drill-${nextId()}`));
    const product = repository.product as ProductRef;
    const postgres = { ...(product.postgres as PostgresTarget), database: 'app' };
    const ref = { ...repository, product: { ...product, postgres, drill: { ...settings, ...changes } } };
    const steps: string[] = [];
    const context: ProofContext = {
      ...quiet,
      quality: null,
      step: (name, work) => {
        steps.push(name);
        return work(() => undefined);
      },
    };
    const request: ProofRequest = {
      operationId: 'op_drill',
      repository: ref,
      backupId,
      recovery: { type: 'latest' },
      folder: at,
    };
    return {
      run: async () => valueOf(await (engine.prove?.(request, context) ?? Promise.reject(new Error('no prove')))),
      steps,
      at,
    };
  }

  it('passes every level, counts every row, and leaves the live server as it was', async () => {
    await server.sql('create table drilled (a int); insert into drilled select generate_series(1, 100)', 'postgres');
    const repository = await prepared({
      key: deriveKey('drills are sealed as well'),
      name: 'drilled',
      settings: { databases: ['app', 'postgres'] },
    });
    const record = valueOf(await backUp(repository));
    const drill = drillOf(repository, record.id);
    const before = await databases();
    const proof = await drill.run();

    expect(proof.levels.map((l) => [l.level, l.result])).toEqual([
      [1, 'passed'],
      [2, 'passed'],
      [3, 'passed'],
      [4, 'passed'],
      [5, 'skipped'],
    ]);
    expect(proof).toMatchObject({ passed: true });
    expect(proof.levels[1]?.detail).toContain('3 tables with 5102 rows, as many as were dumped');
    expect(proof.phases.map((p) => p.name)).toEqual(['restore', 'start', 'recover', 'check']);
    expect(proof.restoredTo).not.toBeNull();
    expect(await databases()).toEqual(before);
    expect(textBelow(drill.at)).not.toContain(secret);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(drill.at);
  }, 120_000);

  it('fails where a file was changed, where a row is too old, where a dump cannot be loaded', async () => {
    const repository = await prepared({ name: 'undrilled' });
    const record = valueOf(await backUp(repository));
    const stale = await drillOf(repository, record.id, { maxAgeSeconds: -1_000_000 }).run();
    await server.sql('create role leaver; alter table shop.orders owner to leaver', 'app');
    const orphan = valueOf(await backUp(repository));
    await server.sql('alter table shop.orders owner to postgres; drop role leaver', 'app');
    const globals = path.join(dumpFolder(repository, orphan.id), 'globals.sql');
    const changed = readFileSync(globals, 'utf8').replaceAll(/^.*leaver.*$/gm, '');
    reseal(dumpFolder(repository, orphan.id), 'globals.sql', changed);
    const unloadable = await drillOf(repository, orphan.id).run();
    writeFileSync(path.join(dumpFolder(repository, record.id), 'globals.sql'), 'nothing');
    const damaged = await drillOf(repository, record.id).run();

    expect(stale.levels.map((l) => l.result)).toEqual(['passed', 'passed', 'passed', 'failed', 'skipped']);
    expect(unloadable.levels.map((l) => l.result)).toEqual(['passed', 'failed', 'skipped', 'skipped', 'skipped']);
    expect(unloadable.levels[1]?.detail).toContain('leaver');
    expect(damaged.levels.map((l) => l.result)).toEqual(['failed', 'skipped', 'skipped', 'skipped', 'skipped']);
    expect([stale.passed, unloadable.passed, damaged.passed]).toEqual([false, false, false]);
  }, 120_000);
});

backupEngineConformance('pg_dump', () => ({
  engine,
  repository: (at) => repositoryOf({ at: path.join(at, 'repository') }),
  copy: (at) => repositoryOf({ at: path.join(at, 'copy') }),
  components: [{ name: 'app', paths: [], excludes: [] }],
}));

/** Puts another content in and makes the manifest vouch for it, as a fault of the dump itself would. */
function reseal(at: string, file: string, content: string): void {
  writeFileSync(path.join(at, file), content);
  const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const [line = ''] = readFileSync(path.join(at, 'manifest.json'), 'utf8').split('\n');
  const manifest = JSON.parse(line) as { globals: object };
  const hash = sha256(content);
  const bytes = Buffer.byteLength(content);
  manifest.globals = { path: file, bytes, sha256: hash, plainBytes: bytes, plainSha256: hash };
  const next = JSON.stringify(manifest);
  writeFileSync(path.join(at, 'manifest.json'), `${next}\n${JSON.stringify({ sha256: sha256(next), mac: null })}\n`);
}
