import { startDamageBench, type DamageBench } from './support/damage-postgres.ts';
import * as list from './support/damage-postgres-list.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';

// Damage to backups and their repository, one case a class, as the product and its alerts tell it. faults-postgres.long.ts has all.

let bench: DamageBench;

beforeAll(async () => {
  bench = await startDamageBench();
  await bench.backUp();
  await bench.backUp();
}, 120_000);

afterAll(async () => {
  await bench?.canary.stop();
  await bench?.genesis.stop();
  await stopServers();
  await cleanUp();
}, 60_000);

it.each([
  list.corruptFileRead,
  list.truncatedManifest,
  list.middleSegmentMissing,
  list.wrongPassphrase,
  list.unreachable,
  list.twoAtOnce,
])(
  'tells $name, and harms neither the server nor an older backup',
  async (fault) => {
    const { before, after } = await list.endure(bench, fault, { brief: true });

    expect(after).toEqual(before);
  },
  180_000,
);

it('calls it sound again once a drill has passed', async () => {
  await list.heal(bench);

  expect(await bench.raised('GenesisDRTestFailed')).toBe(false);
  expect(await bench.raised('GenesisWALGap')).toBe(false);
}, 120_000);
