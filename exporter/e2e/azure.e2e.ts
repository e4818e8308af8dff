import type { DrillRecord } from '../src/contract/operation.ts';
import { perform } from './support/actions.ts';
import { startAzurite } from './support/azurite.ts';
import { readinessCheck } from './support/metrics.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';
import { service, startStoreBench, type StoreBench } from './support/store-bench.ts';

// Azure Blob Storage as the second repository: pgBackRest against azurite.

let bench: StoreBench;

beforeAll(async () => {
  bench = await startStoreBench(startAzurite);
}, 120_000);
afterAll(async () => {
  await bench?.canary.stop();
  await bench?.genesis.stop();
  await stopServers();
  await cleanUp();
});

it('backs up full and incremental into both, archives into both, and tells how fresh each is', async () => {
  const { backUp, untilCloud, untilArchived } = bench;
  expect(await backUp('full')).toBe('succeeded');
  const first = await untilCloud('the full is there', (f) => f.queue === 0 && f.newestBackupEndedAt !== null);
  expect(await backUp('incremental')).toBe('succeeded');
  const second = await untilCloud(
    'the incremental is there',
    (f) => f.queue === 0 && f.newestBackupEndedAt !== first.newestBackupEndedAt,
  );
  const segment = await bench.switchWal();
  await untilArchived(segment, 'local');
  await untilArchived(segment, 'cloud');

  expect((await bench.inCloud()).map(({ type, encrypted }) => [type, encrypted])).toEqual([
    ['incremental', true],
    ['full', true],
  ]);
  expect(second).toMatchObject({ connected: true, lagSeconds: 0, freeBytes: null, sameDisk: false });
  expect(await bench.connected()).toEqual([1]);
  expect(await readinessCheck(bench.genesis, 'copy_offsite', service)).toMatchObject({ result: 'passed' });
}, 120_000);

it('says of a wrong key which repository refuses it, and goes on with the other one', async () => {
  const wrong = Buffer.from('the key of somebody else').toString('base64');
  await bench.useKey(wrong);
  const away = await bench.untilCloud('the cloud counts as away', (f) => !f.connected);
  const readiness = await readinessCheck(bench.genesis, 'copies_current', service);
  const made = await bench.backUp('incremental');
  await bench.useKey(bench.store.key);
  await bench.untilCloud('the cloud is up to date again', (f) => f.connected && f.queue === 0);

  expect(away.problem).toMatch(/repository cloud .* refuses the credentials/);
  expect(readiness).toMatchObject({ result: 'failed' });
  expect(readiness.evidence).toMatch(/repository cloud .* refuses the credentials/);
  expect(made).toBe('succeeded');
  expect(bench.genesis.output() + JSON.stringify(away)).not.toContain(wrong);
}, 120_000);

it('proves by a drill that what the cloud holds comes back', async () => {
  const drill = await perform(bench.genesis, 'POST', `/services/${service}/drills`, { copy: 'cloud' });
  const { items } = (await bench.genesis.api<{ items: DrillRecord[] }>('GET', `/drills?operationId=${drill.id}`)).body;

  expect(items.map(({ source, passed }) => [source, passed])).toEqual([['cloud', true]]);
}, 120_000);

it('restores from the cloud alone, every row that was archived there', async () => {
  await bench.canary.stop();
  await bench.untilArchived(await bench.switchWal(), 'cloud');
  const { operation, ids } = await bench.restoreFromCloudAlone();

  expect(operation.error).toBeNull();
  expect(ids).toEqual(bench.canary.acknowledged.map(({ id }) => id));
}, 120_000);
