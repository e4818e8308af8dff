import { jest } from '@jest/globals';
import { copyFileSync, existsSync, mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { RecoveryTarget } from '../src/contract/postgres.ts';
import type { BackupRecord } from '../src/contract/backup.ts';
import path from 'node:path';
import { startCanary, stopServers, type Canary } from './support/postgres.ts';
import {
  consistentAt,
  createBench,
  proofContext,
  quiet,
  readCanary,
  valueOf,
  type PgbackrestBench,
} from './support/pgbackrest.ts';
import { cleanUp, sleep } from './support/processes.ts';

// WAL that is missing: pgBackRest's own verify calls it sound, and a restore across it succeeds with data silently gone.

jest.setTimeout(120_000);

let bench: PgbackrestBench;
let canary: Canary;
let first: BackupRecord;
let second: BackupRecord;
/** Segments between the two backups, and after the second. */
let between: string[];
let after: string[];

beforeAll(async () => {
  bench = await createBench();
  canary = await startCanary(bench.server);
  first = await bench.backUp('full');
  between = [];
  for (let i = 0; i < 3; i++) {
    await sleep(1100);
    between.push(await bench.switchWal());
  }
  second = await bench.backUp('incremental');
  after = [];
  for (let i = 0; i < 3; i++) {
    await sleep(1100);
    after.push(await bench.switchWal());
  }
}, 120_000);
afterAll(async () => {
  await canary.stop();
  await stopServers();
  await cleanUp();
});

async function without<T>(segment: string, work: () => Promise<T>): Promise<T> {
  const file = bench.archived(segment);
  renameSync(file, path.join(bench.folder, 'taken'));
  try {
    return await work();
  } finally {
    renameSync(path.join(bench.folder, 'taken'), file);
  }
}

const plan = async (backup: BackupRecord, recovery: RecoveryTarget) =>
  valueOf(
    await bench.engine.planRestore(
      bench.repository(0),
      backup.id,
      { components: [], paths: [], recovery },
      quiet.signal,
    ),
  );
const time = (ms: number): RecoveryTarget => ({ type: 'time', at: new Date(ms).toISOString() });
/** A moment that a commit in that segment follows. */
async function momentBefore(segment: string): Promise<number> {
  return Math.floor(statSync(bench.archived(segment)).mtimeMs / 1000) * 1000 - 500;
}

it('is told as a gap in the middle, and the window ends before it and begins again with the next backup', async () => {
  const missing = between[1] ?? '';
  await without(missing, async () => {
    const { pitr } = await bench.inspect();

    expect(pitr?.gaps).toEqual([
      expect.objectContaining({
        repository: 'repository',
        timeline: 1,
        firstSegment: missing,
        lastSegment: missing,
        segments: 1,
      }),
    ]);
    expect(pitr?.windows).toHaveLength(2);
    expect(pitr?.windows[0]?.from).toBe(consistentAt(first));
    expect(pitr?.windows[0]?.to).toBe(pitr?.gaps[0]?.from);
    expect(pitr?.windows[1]?.from).toBe(consistentAt(second));
  });
});

it('refuses what lies in the gap, reaches what lies before and behind it, and takes the backup that can', async () => {
  await without(between[1] ?? '', async () => {
    const inside = await plan(first, time(await momentBefore(between[2] ?? '')));
    const before = await plan(second, time(Date.parse(consistentAt(first))));
    const behind = await plan(first, { type: 'latest' });

    expect(inside.recovery).toMatchObject({ reachable: false });
    expect(inside.recovery?.problem).toMatch(/goes without a gap only until/);
    expect(before.recovery).toMatchObject({ reachable: true });
    expect(before.chain).toEqual([first.id]);
    expect(behind.recovery).toMatchObject({ reachable: true });
    // The one that was asked for ends at the gap.
    expect(behind.chain[0]).toBe(second.id);
  });
});

it('refuses the newest state when the gap lies behind every backup; restore and drill refuse it too', async () => {
  const missing = after[1] ?? '';
  await without(missing, async () => {
    const { recovery } = await plan(second, { type: 'latest' });
    const folder = bench.newFolder();
    const restored = await bench.restore(second.id, { kind: 'folder', path: folder }, { type: 'latest' });
    mkdirSync(folder, { mode: 0o700 });
    const proof = valueOf(
      await bench.engine.prove!(
        {
          operationId: 'd',
          repository: bench.repository(0),
          backupId: second.id,
          recovery: { type: 'latest' },
          folder,
        },
        proofContext(),
      ),
    );

    expect(recovery).toMatchObject({ reachable: false });
    expect(recovery?.problem).toContain(missing);
    expect(restored).toMatchObject({ ok: false, error: { code: 'recovery_target_unreachable' } });
    expect(proof).toMatchObject({ passed: false });
    expect(proof.levels[0]).toMatchObject({ result: 'failed' });
    // The backups themselves are sound, and what was before can still be had.
    expect(valueOf(await bench.engine.verify(bench.repository(0), second.id, quiet)).passed).toBe(true);
  });
});

it('is told when a backup lacks its own first segment: that backup is no good, the next one is', async () => {
  const { records } = await bench.inspect();
  const own = (await ownSegments())[0] ?? '';
  await without(own, async () => {
    const listing = await bench.inspect();
    const verified = valueOf(await bench.engine.verify(bench.repository(0), first.id, quiet));

    expect(listing.records).toHaveLength(records.length);
    expect(listing.pitr?.gaps[0]).toMatchObject({ firstSegment: own, from: null });
    expect(listing.pitr?.oldestRestorableAt).toBe(consistentAt(second));
    expect(listing.damaged).toEqual([{ backupId: first.id, message: expect.stringContaining(own) as string }]);
    expect(verified).toMatchObject({ passed: false });
    expect(verified.faults[0]?.message).toContain(own);
    expect((await plan(first, { type: 'immediate' })).recovery).toMatchObject({ reachable: false });
  });
});

async function ownSegments(): Promise<string[]> {
  const { walFrom, walTo } = (await plan(first, { type: 'immediate' })).recovery ?? {};
  return [walFrom ?? '', walTo ?? ''];
}

it('is told when the last segment is missing, because the server knows that it archived it', async () => {
  const last = after[2] ?? '';
  await without(last, async () => {
    const { pitr } = await bench.inspect();

    expect(pitr?.gaps).toEqual([expect.objectContaining({ firstSegment: last, to: null })]);
    expect((await plan(second, { type: 'latest' })).recovery).toMatchObject({ reachable: false });
  });
});

it('takes a damaged segment for a missing one once a verification has read it, and for sound when it was mended', async () => {
  const segment = after[1] ?? '';
  const file = bench.archived(segment);
  copyFileSync(file, path.join(bench.folder, 'sound'));
  const { size, mtime } = statSync(file);
  writeFileSync(file, Buffer.alloc(size, 'x'));
  const verified = valueOf(await bench.engine.verify(bench.repository(0), second.id, quiet));
  const damaged = (await bench.inspect()).pitr;
  copyFileSync(path.join(bench.folder, 'sound'), file);
  utimesSync(file, mtime, mtime);
  valueOf(await bench.engine.verify(bench.repository(0), second.id, quiet));
  const mended = (await bench.inspect()).pitr;

  expect(verified.passed).toBe(true);
  expect(damaged?.gaps).toEqual([expect.objectContaining({ firstSegment: segment, segments: 1 })]);
  expect(mended?.gaps).toEqual([]);
});

it('knows before the restore that no commit follows the moment, and reaches a position', async () => {
  await canary.stop();
  await sleep(1500);
  const quietMs = Date.now();
  await sleep(1500);
  await bench.switchWal();
  const late = await plan(second, time(quietMs));
  const lsn = (await bench.server.sql<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn'))[0]?.lsn ?? '';
  await bench.server.sql('INSERT INTO canary VALUES (1000000, clock_timestamp())');
  await bench.switchWal();
  const folder = bench.newFolder();
  valueOf(await bench.restore(second.id, { kind: 'folder', path: folder }, { type: 'lsn', lsn }));
  const rows = await readCanary(bench, path.join(folder, 'cluster'));

  expect(late.recovery).toMatchObject({ reachable: false });
  expect(late.recovery?.problem).toMatch(/last transaction in the archive/);
  expect(rows.at(-1)?.id).toBe(canary.acknowledged.at(-1)?.id);
});

it('reaches a restore point and a transaction', async () => {
  await bench.server.sql("SELECT pg_create_restore_point('before_release')");
  const rows = await bench.server.sql<{ xid: string }>(
    'INSERT INTO canary VALUES (2000000, clock_timestamp()) RETURNING pg_current_xact_id()::text AS xid',
  );
  await bench.server.sql('INSERT INTO canary VALUES (3000000, clock_timestamp())');
  await bench.switchWal();
  const newestOf = async (recovery: RecoveryTarget): Promise<number | undefined> => {
    const folder = bench.newFolder();
    valueOf(await bench.restore(second.id, { kind: 'folder', path: folder }, recovery));
    return (await readCanary(bench, path.join(folder, 'cluster'))).at(-1)?.id;
  };

  expect(await newestOf({ type: 'name', name: 'before_release' })).toBe(1_000_000);
  expect(await newestOf({ type: 'xid', xid: rows[0]?.xid ?? '' })).toBe(2_000_000);
  // A name that was never given: only the replay can tell, and it tells.
  const folder = bench.newFolder();
  const never = await bench.restore(second.id, { kind: 'folder', path: folder }, { type: 'name', name: 'never' });
  expect(never).toMatchObject({ ok: false, error: { code: 'recovery_target_unreachable' } });
  expect(existsSync(folder)).toBe(false);
});
