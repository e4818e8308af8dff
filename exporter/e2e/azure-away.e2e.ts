import { startAzurite } from './support/azurite.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp, waitUntil } from './support/processes.ts';
import { startStoreBench, type StoreBench } from './support/store-bench.ts';

// An object store that stops and comes back.

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

it('never calls a store healthy that has stopped, goes on without it, and brings it up to date when it is back', async () => {
  expect(await bench.backUp('full')).toBe('succeeded');
  await bench.untilCloud('the full is there', (f) => f.queue === 0 && f.newestBackupEndedAt !== null);
  await bench.store.stop();
  const away = await bench.untilCloud('the cloud counts as away', (f) => !f.connected);
  const shown = await bench.connected();
  const made = await bench.backUp('incremental');
  const segment = await bench.switchWal();
  await bench.untilArchived(segment, 'local');
  const behind = await bench.untilCloud('the cloud is behind', (f) => f.queue > 0);
  await bench.store.start();
  // A server whose archiving failed three times rests for a minute, or until there is more to archive.
  await bench.switchWal();
  await bench.untilCloud('the cloud is up to date again', (f) => f.connected && f.queue === 0);
  await bench.untilArchived(segment, 'cloud');

  expect(away.problem).toMatch(/repository cloud .* cannot be reached/);
  // Not connected, or unknown while a reading takes longer than it may be old.
  expect(shown).not.toContain(1);
  expect(made).toBe('succeeded');
  expect(behind.lagSeconds).toBeGreaterThan(0);
  await waitUntil('it is shown as connected', async () => (await bench.connected())[0] === 1);
}, 180_000);
