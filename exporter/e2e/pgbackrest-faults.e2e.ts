import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
  closeSync,
} from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../src/contract/backup.ts';
import { ownedFolder, startPostgres, stopServers } from './support/postgres.ts';
import {
  codeOf,
  createBench,
  proofContext,
  quiet,
  requestOf,
  valueOf,
  type PgbackrestBench,
} from './support/pgbackrest.ts';
import { checkout, cleanUp, run } from './support/processes.ts';
import { onSmallDisk } from './support/sandbox.ts';

// What can go wrong with a repository and around it: each is told for what it is, and nothing passes that is not sound.

jest.setTimeout(120_000);

let bench: PgbackrestBench;
let full: BackupRecord;
let incremental: BackupRecord;

beforeAll(async () => {
  bench = await createBench({ passphrase: 'geheim' });
  await bench.server.sql('CREATE TABLE canary (id bigint PRIMARY KEY, at timestamptz NOT NULL)');
  await bench.server.sql('INSERT INTO canary VALUES (1, now())');
  full = await bench.backUp('full');
  incremental = await bench.backUp('incremental');
}, 120_000);
afterAll(async () => {
  await stopServers();
  await cleanUp();
});

const noPaths = { components: [], paths: [] };

/** The folder of the only full backup. */
function fullFolder(): string {
  const root = path.join(bench.folder, 'repository/backup/main');
  const label = readdirSync(root).find((name) => /^\d{8}-\d{6}F$/.test(name));
  return path.join(root, label ?? '');
}

function overwrite(file: string, at: number, text: string): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, text, at);
  closeSync(fd);
}

async function prove(backup: BackupRecord) {
  const folder = bench.newFolder();
  mkdirSync(folder, { mode: 0o700 });
  return bench.engine.prove!(
    { operationId: 'd', repository: bench.repository(0), backupId: backup.id, recovery: { type: 'immediate' }, folder },
    proofContext(),
  );
}

it('tells a corrupt file, and every backup that rests on it', async () => {
  const files = path.join(fullFolder(), 'pg_data/base/5');
  const file = readdirSync(files)
    .map((name) => path.join(files, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0];
  copyFileSync(file ?? '', path.join(bench.folder, 'sound'));
  overwrite(file ?? '', 2000, 'XXXX');
  const verified = valueOf(await bench.engine.verify(bench.repository(0), incremental.id, quiet));
  const proof = valueOf(await prove(full));
  copyFileSync(path.join(bench.folder, 'sound'), file ?? '');

  expect(verified.passed).toBe(false);
  expect(verified.faults.map(({ backupId }) => backupId).sort()).toEqual([full.id, incremental.id].sort());
  expect(verified.faults[0]?.message).toMatch(/1 (checksum invalid|other|size invalid)/);
  expect(proof.passed).toBe(false);
  expect(proof.levels[0]).toMatchObject({ level: 1, result: 'failed' });
});

it('tells a truncated manifest', async () => {
  const files = ['backup.manifest', 'backup.manifest.copy'].map((name) => path.join(fullFolder(), name));
  for (const file of files) {
    copyFileSync(file, `${file}.sound`);
    truncateSync(file, 500);
  }
  const verified = await bench.engine.verify(bench.repository(0), full.id, quiet);
  const proof = await prove(full);
  const plan = await bench.engine.planRestore(bench.repository(0), full.id, noPaths, quiet.signal);
  for (const file of files) renameSync(`${file}.sound`, file);

  expect(valueOf(verified).passed).toBe(false);
  expect(proof.ok && proof.value.passed).toBe(false);
  expect(codeOf(plan)).toBe('backup_corrupt');
});

it('tells a wrong passphrase, and shows none', async () => {
  const wrong = bench.repository(0, { passphrase: 'falsch-0815', folder: path.join(bench.folder, 'engine-wrong') });
  const answers = [
    await bench.engine.probe(wrong, quiet.signal),
    await bench.engine.inspect(wrong, 'shop', quiet.signal),
    await bench.engine.prepare(wrong, quiet.signal),
    await bench.engine.verify(wrong, full.id, quiet),
    await bench.engine.backup(requestOf(wrong, 'full'), quiet),
  ];

  expect(answers.map(codeOf)).toEqual(Array(5).fill('key_wrong'));
  expect(JSON.stringify(answers.map((a) => (a.ok ? '' : [a.error.message, a.error.details])))).not.toMatch(
    /falsch|geheim/,
  );
});

it('tells two backups at once', async () => {
  const [one, other] = await Promise.all([
    bench.engine.backup(requestOf(bench.repository(0), 'incremental'), quiet),
    bench.engine.backup(requestOf(bench.repository(0), 'incremental'), quiet),
  ]);

  expect([one, other].map(codeOf).sort()).toEqual(['ok', 'operation_conflict']);
});

it('tells a repository that is away, and makes nothing of it', async () => {
  const folder = path.join(bench.folder, 'repository');
  renameSync(folder, `${folder}.away`);
  const probed = await bench.engine.probe(bench.repository(0), quiet.signal);
  const inspected = await bench.engine.inspect(bench.repository(0), 'shop', quiet.signal);
  const made = await bench.engine.backup(requestOf(bench.repository(0), 'full'), quiet);
  renameSync(`${folder}.away`, folder);

  expect(valueOf(probed).state).toBe('empty');
  expect(codeOf(inspected)).toBe('repository_unreadable');
  expect(codeOf(made)).toBe('repository_unreadable');
});

/** `before` is run on the small disk, e.g. to fill it. */
async function onDisk(
  folder: string,
  size: string,
  before: string,
  job: unknown,
): Promise<{ code: string; message: string }> {
  const [file = '', ...launcher] = onSmallDisk([{ folder, size }]);
  const script = path.join(checkout, 'exporter/e2e/support/pgbackrest-child.ts');
  // The disk is root's; the server's user has to get to what is made on it.
  const open = ['sh', '-c', `chmod 0711 '${folder}' && ${before} && exec "$@"`, 'sh'];
  const args = [
    ...launcher,
    ...open,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    script,
    JSON.stringify(job),
  ];
  const { output } = await run({ name: 'small disk', file, args, deadlineMs: 120_000 });
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(output);
  return JSON.parse(line) as { code: string; message: string };
}

it('tells too little disk before it restores', async () => {
  const small = ownedFolder(path.join(bench.folder, 'small'));
  const restored = await onDisk(small, '16m', 'true', {
    kind: 'restore',
    request: {
      operationId: 'opsmall',
      repository: bench.repository(0),
      backupId: full.id,
      selection: noPaths,
      target: { kind: 'folder', path: path.join(small, 'here') },
      restoreOwner: true,
      recovery: { type: 'latest' },
    },
  });

  expect(restored).toMatchObject({ code: 'disk_full' });
  expect(restored.message).toMatch(/bytes free, the restore needs/);
});

it('tells a repository that is full, and the backups before it stay', async () => {
  // The archive stays where the server writes it; what holds the backups is a disk that is nearly full.
  const folder = path.join(bench.folder, 'repository/backup');
  const saved = path.join(bench.folder, 'saved');
  mkdirSync(saved);
  execFileSync('cp', ['-a', `${folder}/.`, saved]);
  const before = `cp -a '${saved}/.' '${folder}/' && head -c 20m /dev/zero > '${folder}/main/filler'; chmod 750 '${folder}'; true`;
  const made = await onDisk(folder, '12m', before, { kind: 'backup', request: requestOf(bench.repository(0), 'full') });

  expect(made).toMatchObject({ code: 'disk_full' });
  expect((await bench.inspect()).records.map(({ id }) => id)).toContain(full.id);
});

it('tells a stanza that belongs to another cluster', async () => {
  const other = await startPostgres({ folder: path.join(bench.folder, 'other'), name: 'other' });
  const foreign = bench.repository(0, { postgres: other.target(), folder: path.join(bench.folder, 'engine-other') });

  expect(codeOf(await bench.engine.backup(requestOf(foreign, 'incremental'), quiet))).toBe('repository_foreign');
});

it('tells pages of the live cluster whose checksums are wrong: the backup has a warning and does not verify', async () => {
  await bench.server.sql("CREATE TABLE broken AS SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i");
  await bench.server.sql('CHECKPOINT');
  const file = (await bench.server.sql<{ p: string }>("SELECT pg_relation_filepath('broken') AS p"))[0]?.p ?? '';
  overwrite(path.join(bench.server.data, file), 8192 + 4000, 'XXXX');
  const record = await bench.backUp('incremental');
  const listed = (await bench.inspect()).records[0];
  const verified = valueOf(await bench.engine.verify(bench.repository(0), record.id, quiet));

  expect(record).toMatchObject({ status: 'completed_with_warnings', warningCount: 1 });
  expect(listed).toEqual(record);
  expect(verified.passed).toBe(false);
});

it('tells an archive_command that is not its own before the first backup', async () => {
  await bench.server.configure({ archive_command: "'/bin/true'" });
  const fresh = bench.repository(0, {
    path: path.join(bench.folder, 'fresh'),
    folder: path.join(bench.folder, 'engine-fresh'),
  });
  valueOf(await bench.engine.prepare(fresh, quiet.signal));

  expect(codeOf(await bench.engine.backup(requestOf(fresh, 'full'), quiet))).toBe('wal_archiving_broken');
});

it('tells a server that is down', async () => {
  await bench.server.stop();

  expect(codeOf(await bench.engine.backup(requestOf(bench.repository(0), 'incremental'), quiet))).toBe(
    'postgres_unreachable',
  );
  // What is stored can be looked at all the same.
  expect((await bench.inspect()).records.length).toBeGreaterThan(2);
});
