import { appendFileSync, chownSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { physical, startDamageBench, type DamageBench } from './support/damage-postgres.ts';
import * as dumps from './support/damage-postgres-dumps.ts';
import * as list from './support/damage-postgres-list.ts';
import { ownedFolder, serverOwner, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';
import { randomOf } from './support/tree.ts';

// The whole list of damage through the product, and the healthy system that must not be called damaged. GENESIS_DRILLS: how many drills
// of it (50); GENESIS_SEED: of their choices. GENESIS_EVIDENCE: a file that figures are appended to.

const drills = Number(process.env['GENESIS_DRILLS'] ?? 50);
const seed = Number(process.env['GENESIS_SEED'] ?? 20_261_122);

let bench: DamageBench;
let unmount: (() => void) | undefined;

beforeAll(async () => {
  bench = await startDamageBench({
    prepare: (repository) => {
      const owner = serverOwner();
      ownedFolder(repository, owner);
      unmount = list.mountSmall(repository, '512m');
      if (owner !== undefined) chownSync(repository, owner.uid, owner.gid);
    },
  });
  for (const service of [physical, 'shop-dump'] as const)
    for (let i = 0; i < 2; i++) await bench.backUp('full', service);
}, 240_000);

afterAll(async () => {
  await bench?.canary.stop();
  await bench?.genesis.stop();
  await stopServers();
  unmount?.();
  await cleanUp();
}, 60_000);

function figure(text: string): void {
  const file = process.env['GENESIS_EVIDENCE'];
  if (file !== undefined) appendFileSync(file, `${text}\n`);
}

it(`calls none of ${drills} drills of a healthy system failed`, async () => {
  await bench.backUp('differential');
  await bench.backUp('incremental');
  const random = randomOf(seed);
  const failed: string[] = [];
  const kinds = { newest: 0, older: 0, second: 0 };
  const began = performance.now();
  for (let i = 0; i < drills; i++) {
    const kind = (['newest', 'older', 'second'] as const)[i % 3] ?? 'newest';
    const body = await wishOf(kind, random());
    const code = await bench.drill(body);
    kinds[kind] += 1;
    if (code !== 'succeeded') failed.push(`${i} ${kind} ${JSON.stringify(body)}: ${code} ${await bench.why()}`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  figure(
    `drills of a healthy system: ${drills} in ${seconds} s, seed ${seed}, ${JSON.stringify(kinds)}, failed: ${JSON.stringify(failed)}`,
  );

  expect(failed).toEqual([]);
  expect(await bench.raised('GenesisDRTestFailed')).toBe(false);
}, 3_600_000);

/** The newest state, an older backup as it is, or a second between the first backup and a little ago. */
async function wishOf(kind: 'newest' | 'older' | 'second', share: number): Promise<unknown> {
  if (kind === 'newest') return {};
  const entries = await bench.catalogue();
  if (kind === 'older')
    return { backupId: entries[Math.floor(share * entries.length)]?.id, recovery: { type: 'immediate' } };
  const { windows } = await list.pitrOf(bench);
  const [from, to] = [Date.parse(windows[0]?.from ?? ''), Date.parse(windows[0]?.to ?? '')];
  const at = Math.ceil(from / 1000) * 1000 + Math.floor(((to - from - 8000) * share) / 1000) * 1000;
  return { recovery: { type: 'time', at: new Date(at).toISOString() } };
}

it.each([
  list.corruptFile,
  list.truncatedManifest,
  list.firstSegmentMissing,
  list.middleSegmentMissing,
  list.lastSegmentMissing,
  list.wrongPassphrase,
  list.unreachable,
  list.repositoryFull,
  list.twoAtOnce,
  dumps.corruptDump,
  dumps.truncatedDumpManifest,
  dumps.wrongDumpPassphrase,
])(
  'tells $name, and harms neither the server nor an older backup',
  async (fault) => {
    const began = performance.now();
    const { before, after } = await list.endure(bench, fault);
    figure(
      `${fault.name}: ${JSON.stringify(after.says)}; ${fault.alerts.join(', ')}; ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );

    expect(after).toEqual(before);
  },
  300_000,
);

describe('a clock that jumped', () => {
  it('does not make stale data look fresh: rows and WAL from the future', async () => {
    await list.heal(bench);
    await bench.server.sql("INSERT INTO canary VALUES (-1, clock_timestamp() + interval '1 day')");
    await bench.switchWal();
    const drilled = await bench.drill();
    await bench.until(['GenesisDRTestFailed'], true);
    const why = await bench.why();
    await bench.server.sql('DELETE FROM canary WHERE id = -1');
    await bench.switchWal();
    figure(`a canary row a day ahead: ${drilled}, ${why}`);

    expect(drilled).toBe('drill_failed');
    expect(why).toMatch(/from the future/);
    await list.heal(bench);
    expect(await bench.raised('GenesisDRTestFailed')).toBe(false);
  }, 300_000);

  it('does not make the data that could be lost look like none', async () => {
    const rpo = async () =>
      (await bench.prometheus.query(`genesis_rpo_seconds{service="${physical}"}`)).map(({ value }) => value);
    await waitUntil('it is known', async () => (await rpo()).length === 1, { deadlineMs: 30_000 });
    // Nothing is archived after it.
    await bench.server.configure({ archive_timeout: '0' });
    await bench.switchWal();
    const [segment = ''] = bench.segments().slice(-1);
    const ahead = Date.now() / 1000 + 86_400;
    utimesSync(segment, ahead, ahead);
    await waitUntil('nothing is said of it', async () => (await rpo()).length === 0, { deadlineMs: 30_000 });
    utimesSync(segment, Date.now() / 1000, Date.now() / 1000);
    await waitUntil('it is known again', async () => (await rpo()).length === 1, { deadlineMs: 30_000 });
    await bench.server.configure({ archive_timeout: '5' });
  }, 120_000);
});

describe('a standby that is promoted by hand', () => {
  let standby: TestServer;

  it('while a backup runs: the backup is sound, and what nobody follows any more is told', async () => {
    await list.heal(bench);
    const conf = path.join(bench.home, 'engines', physical, 'pgbackrest.conf');
    const data = path.join(path.dirname(path.dirname(bench.server.data)), 'standby-1', 'data');
    standby = await startStandby(bench.server, {
      name: 'standby-1',
      slot: 'standby_1',
      settings: {
        archive_mode: 'on',
        archive_command: `'pgbackrest --config=${conf} --stanza=${physical} --pg1-path=${data} archive-push %p'`,
        archive_timeout: '5',
      },
    });
    await bench.reconfigure({ standbys: [standby] });
    await bench.until(['GenesisReplicationBroken'], false);
    const before = await bench.live();
    const [made] = await Promise.all([
      bench.ask('POST', '/backups', { service: physical, type: 'full' }),
      sleep(300).then(() => standby.sql('SELECT pg_promote()')),
    ]);
    await bench.until(['GenesisReplicationBroken'], true);
    const [newest] = await bench.catalogue();
    const verified = await bench.ask('POST', `/backups/${newest?.id}/verify`, {});
    figure(`promotion by hand during a backup: backup ${made}, verify ${verified}; GenesisReplicationBroken`);

    expect([made, verified]).toEqual(['succeeded', 'succeeded']);
    expect(await bench.live()).toEqual(before);
  }, 300_000);

  it('and goes its own way: a drill does not call the state that lacks what the primary wrote the newest', async () => {
    await standby.sql('CREATE TABLE split AS SELECT 1');
    await waitUntil('the new timeline is seen', async () =>
      (await list.pitrOf(bench)).windows.some(({ timeline }) => timeline === 2),
    );
    const forked = bench.canary.acknowledged.at(-1)?.at ?? 0;
    await sleep(Math.max(0, forked + 65_000 - Date.now()));
    const drilled = await bench.drill();
    const why = await bench.why();
    figure(`drill after the fork: ${drilled}, ${why}`);

    expect(drilled).toBe('drill_failed');
    await bench.until(['GenesisDRTestFailed'], true);
  }, 300_000);

  it('and the old primary dies while it is backed up: the backup fails, and both are told', async () => {
    const [made] = await Promise.all([
      bench.ask('POST', '/backups', { service: physical, type: 'full' }),
      sleep(1000).then(() => bench.server.kill()),
    ]);
    figure(`the primary killed during a backup: ${made}`);

    expect(made).not.toBe('succeeded');
    await bench.until(['GenesisDatabaseDown', 'GenesisBackupFailed'], true);
  }, 300_000);
});
