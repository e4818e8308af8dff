import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deriveKey } from '../src/engines/backup/archive/crypto.ts';
import type { ProofContext, ProofRequest, RepositoryRef } from '../src/engines/backup/port.ts';
import type { ProductRef, ProofSettings } from '../src/engines/backup/product.ts';
import type { PostgresTarget } from '../src/engines/postgres-target.ts';
import { compareForDrill } from '../src/runtime/quality.ts';
import {
  backUp,
  dumpFolder,
  endDumps,
  engine,
  nextId,
  quiet,
  secret,
  startDumps,
  textBelow,
  valueOf,
  type DumpBench,
  type DumpOptions,
} from './support/pg-dump.ts';
import { ownedFolder, type TestServer } from './support/postgres.ts';
import { qualityService } from './support/quality.ts';

let dumps: DumpBench;
let server: TestServer;
let folder: string;
const prepared = (options?: DumpOptions): Promise<RepositoryRef> => dumps.prepared(options);

beforeAll(async () => {
  dumps = await startDumps();
  ({ server, folder } = dumps);
});
afterAll(endDumps);

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

  function drillOf(
    repository: RepositoryRef,
    backupId: string,
    changes: Partial<ProofSettings> = {},
    quality: ProofContext['quality'] = null,
  ) {
    const at = ownedFolder(path.join(folder, `drill-${nextId()}`));
    const product = repository.product as ProductRef;
    const postgres = { ...(product.postgres as PostgresTarget), database: 'app' };
    const ref = { ...repository, product: { ...product, postgres, drill: { ...settings, ...changes } } };
    const steps: string[] = [];
    const context: ProofContext = {
      ...quiet,
      quality,
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
    const before = await dumps.databases();
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
    expect(await dumps.databases()).toEqual(before);
    expect(textBelow(drill.at)).not.toContain(secret);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(drill.at);
  }, 120_000);

  it('compares the loaded data with the live database at level 5', async () => {
    const repository = await prepared({ name: 'compared' });
    const record = valueOf(await backUp(repository));
    const target = { ...server.target(), database: 'app' };
    const { deps, resolved, store } = await qualityService(target, folder, { tables: [{ name: 'shop.orders' }] });
    const compared: ProofContext['quality'] = async (restored) =>
      (await compareForDrill(deps, resolved, restored, { operationId: 'op_drill', signal: quiet.signal })).level;
    const drill = drillOf(repository, record.id, {}, compared);
    const proof = await drill.run();

    expect(proof.levels.map((l) => [l.level, l.result])).toEqual([1, 2, 3, 4, 5].map((level) => [level, 'passed']));
    expect(proof.passed).toBe(true);
    expect(drill.steps).toContain('compare with the source');
    expect(await store.quality.latest('shop')).toMatchObject({ tables: [{ name: 'shop.orders', score: 1 }] });
    await store.close();
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
