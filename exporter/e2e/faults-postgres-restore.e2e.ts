import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import type { RecoveryTarget } from '../src/contract/postgres.ts';
import { fingerprint, physical, startDamageBench, type DamageBench } from './support/damage-postgres.ts';
import { corruptDump } from './support/damage-postgres-dumps.ts';
import { endure, heal, pitrOf, withoutSegment } from './support/damage-postgres-list.ts';
import { ownedFolder, postgresBin, stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';
import { onSmallDisk, seenBy } from './support/sandbox.ts';

// Restores that must not be: each is refused for what it is before anything is touched, and a drill of the same does not pass.

let bench: DamageBench;
let newest: CatalogueEntry;
let untouched: unknown;

beforeAll(async () => {
  bench = await startDamageBench({
    launcher: (home) => {
      // One in which no cluster has room.
      mkdirSync(path.join(home, 'restores'), { recursive: true });
      return onSmallDisk([{ folder: path.join(home, 'restores'), size: '16m' }]);
    },
  });
  newest = await bench.backUp();
  untouched = await look();
}, 120_000);

afterAll(async () => {
  await bench?.canary.stop();
  await bench?.genesis.stop();
  await stopServers();
  await cleanUp();
}, 60_000);

/** The live server, its folder’s surroundings, the backup, and what stands where restores go. */
async function look(): Promise<unknown> {
  return {
    live: await bench.live(),
    beside: readdirSync(path.dirname(bench.server.data)),
    backup: fingerprint(path.join(bench.repository, 'backup', physical, bench.labels()[0] ?? '')),
    restores: readdirSync(seenBy(bench.genesis.pid, path.join(bench.home, 'restores'))),
    drills: readdirSync(path.join(bench.home, 'drills')),
  };
}

const restore = (target: object, recovery?: RecoveryTarget): Promise<string> =>
  bench.ask('POST', `/backups/${newest.id}/restore`, {
    target,
    ...(recovery === undefined ? {} : { recovery }),
    confirm: physical,
    reason: 'a test',
  });
const into = (name: string) => ({ kind: 'folder', path: path.join(bench.home, 'restores', name) });
const at = (ms: number): RecoveryTarget => ({ type: 'time', at: new Date(ms).toISOString() });

it('refuses to replace the folder of a running server', async () => {
  expect(await restore({ kind: 'in_place' })).toBe('target_running');
  expect(await look()).toEqual(untouched);
}, 60_000);

it('refuses a target that is not empty', async () => {
  const there = seenBy(bench.genesis.pid, path.join(bench.home, 'restores', 'there'));
  mkdirSync(there);
  writeFileSync(path.join(there, 'somebody’s'), 'work');
  const before = await look();

  expect(await restore(into('there'))).toBe('target_not_empty');
  expect(await look()).toEqual(before);
  expect(readdirSync(there)).toEqual(['somebody’s']);
}, 60_000);

it('refuses a target without room, and a drill that would take the last of the disk', async () => {
  const before = await look();

  expect(await restore(into('new'))).toBe('disk_full');
  await bench.reconfigure({ minFree: '900TiB' });
  expect(await bench.drill()).toBe('disk_full');
  await bench.until(['GenesisDRTestFailed'], true);
  await bench.reconfigure({});
  await heal(bench);
  expect(await look()).toEqual(before);
}, 120_000);

it('refuses a moment before the window and one after the last WAL; a drill of it does not pass', async () => {
  const { oldestRestorableAt } = await pitrOf(bench);
  const early = at(Date.parse(oldestRestorableAt ?? '') - 3_600_000);
  const late = at(Date.now() + 3_600_000);
  const before = await look();

  expect(await restore(into('early'), early)).toBe('recovery_target_unreachable');
  expect(await restore(into('late'), late)).toBe('recovery_target_unreachable');
  // No backup had ended by then: there is none to drill.
  expect(await bench.drill({ recovery: early })).toBe('no_backup');
  expect(await bench.drill({ recovery: late })).toBe('drill_failed');
  await bench.until(['GenesisDRTestFailed'], true);
  expect(await look()).toEqual(before);
  await heal(bench);
}, 120_000);

it('refuses a moment inside a gap, and the gap is told', async () => {
  const before = await look();
  const segment = await bench.switchWal();
  await bench.switchWal();
  await bench.switchWal();
  const answers = await withoutSegment(bench, segment, async () => {
    await bench.until(['GenesisWALGap'], true);
    const [gap] = (await pitrOf(bench)).gaps;
    const inside = at((Date.parse(gap?.from ?? '') + Date.parse(gap?.to ?? '')) / 2);
    return [await restore(into('inside'), inside), await bench.drill({ recovery: inside })];
  });

  expect(answers).toEqual(['recovery_target_unreachable', 'drill_failed']);
  await bench.until(['GenesisWALGap'], false);
  expect(await look()).toEqual(before);
  await heal(bench);
}, 120_000);

it('refuses programs of another version than the cluster’s', async () => {
  const before = await look();
  const bin = otherVersion();
  await bench.reconfigure({ bin });
  const elsewhere = path.join(bench.home, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o711 });
  const answers = [await restore({ kind: 'folder', path: path.join(elsewhere, 'other') }), await bench.drill()];
  await bench.reconfigure({});

  expect(answers).toEqual(['version_mismatch', 'drill_failed']);
  expect(await bench.why()).toMatch(/16\.1/);
  expect(readdirSync(elsewhere)).toEqual([]);
  await bench.until(['GenesisDRTestFailed'], true);
  expect(await look()).toEqual(before);
}, 120_000);

/** Programs that say they are of the next version and fail when they are asked for more. */
function otherVersion(): string {
  const bin = ownedFolder(path.join(bench.folder, 'next-version'), bench.server.asOwner);
  for (const name of readdirSync(postgresBin())) {
    const file = path.join(bin, name);
    if (existsSync(file)) continue;
    if (name !== 'postgres' && name !== 'pg_dump') symlinkSync(path.join(postgresBin(), name), file);
    else writeFileSync(file, `#!/bin/sh\necho '${name} (PostgreSQL) 16.1'\n`);
    if (name === 'postgres' || name === 'pg_dump') chmodSync(file, 0o755);
  }
  chmodSync(bin, 0o755);
  return bin;
}

it('tells a corrupt file of a dump', async () => {
  await bench.backUp('full', 'shop-dump');
  await bench.backUp('full', 'shop-dump');
  const { before, after } = await endure(bench, corruptDump);

  expect(after).toEqual(before);
}, 120_000);
