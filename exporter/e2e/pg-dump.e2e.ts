import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deriveKey } from '../src/engines/backup/archive/crypto.ts';
import { backupEngineConformance } from '../src/engines/backup/conformance.ts';
import { createPgDumpEngine } from '../src/engines/backup/pg-dump/engine.ts';
import { restoreDatabase } from '../src/engines/backup/pg-dump/restore-database.ts';
import type { RepositoryRef } from '../src/engines/backup/port.ts';
import { systemExec } from '../src/runtime/exec.ts';
import {
  all,
  backUp,
  codeOf,
  dumpDeps,
  dumpFolder,
  endDumps,
  engine,
  quiet,
  requestOf,
  secret,
  startDumps,
  textBelow,
  valueOf,
  type DumpBench,
  type DumpOptions,
} from './support/pg-dump.ts';
import type { TestServer } from './support/postgres.ts';

let dumps: DumpBench;
let server: TestServer;
let folder: string;
const prepared = (options?: DumpOptions): Promise<RepositoryRef> => dumps.prepared(options);

beforeAll(async () => {
  dumps = await startDumps();
  ({ server, folder } = dumps);
});
afterAll(endDumps);

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
        dumpDeps,
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
    const other = dumps.repositoryOf({ key: deriveKey('some other passphrase, also long'), name: 'sealed' });

    expect(codeOf(await engine.inspect(other, 'shop', quiet.signal))).toBe('key_wrong');
    expect(codeOf(await backUp(dumps.repositoryOf({ name: 'sealed' })))).toBe('key_missing');
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
      ...dumpDeps,
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

backupEngineConformance('pg_dump', () => ({
  engine,
  repository: (at) => dumps.repositoryOf({ at: path.join(at, 'repository') }),
  copy: (at) => dumps.repositoryOf({ at: path.join(at, 'copy') }),
  components: [{ name: 'app', paths: [], excludes: [] }],
}));
