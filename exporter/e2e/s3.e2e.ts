import { stopServers } from './support/postgres.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import * as restic from './support/restic.ts';
import { startS3rver, type S3Store } from './support/s3rver.ts';
import { startStoreBench, type StoreBench } from './support/store-bench.ts';

// A bucket: the second repository of pgBackRest, and a repository of restic.

let bench: StoreBench;
let store: S3Store;

beforeAll(async () => {
  bench = await startStoreBench(async (folder) => (store = await startS3rver(folder)));
}, 120_000);
afterAll(async () => {
  await bench?.canary.stop();
  await bench?.genesis.stop();
  await stopServers();
  await cleanUp();
});

it('backs up into a bucket, archives into it, says who refuses a wrong key, and restores from the bucket alone', async () => {
  expect(await bench.backUp('full')).toBe('succeeded');
  const first = await bench.untilCloud('the full is there', (f) => f.queue === 0 && f.newestBackupEndedAt !== null);
  await bench.useKey('SOMEBODYELSE');
  const away = await bench.untilCloud('the bucket counts as away', (f) => !f.connected);
  await bench.useKey(bench.store.key);
  expect(await bench.backUp('incremental')).toBe('succeeded');
  await bench.untilCloud('the incremental is there', (f) => f.newestBackupEndedAt !== first.newestBackupEndedAt);
  await bench.canary.stop();
  await bench.untilArchived(await bench.switchWal(), 'cloud');
  const { operation, ids } = await bench.restoreFromCloudAlone();

  expect(away.problem).toMatch(/repository cloud .* refuses the credentials/);
  expect((await bench.inCloud()).map(({ type }) => type)).toEqual(['incremental', 'full']);
  expect(operation.error).toBeNull();
  expect(ids).toEqual(bench.canary.acknowledged.map(({ id }) => id));
}, 180_000);

it('keeps files for restic, which brings them back and reads them again', async () => {
  const { endpoint, ca, bucket, key } = store;
  const remote = { type: 's3', bucket, endpoint, region: 'us-east-1', uriStyle: 'path', verifyTls: true } as const;
  const files = await restic.createBench(tempFolder('gs3-restic-'), {
    at: '/files',
    remote: { ...remote, accessKey: key, secretKey: key, caFile: ca },
  });
  const full = await files.backUp();
  restic.valueOf(await files.restore(full.id, 'back'));
  const verified = restic.valueOf(await restic.engine.verify(files.repository, full.id, restic.quiet));

  expect(restic.treeOf(`${files.base}/back/data/source`)).toBe(restic.treeOf(files.source));
  expect(verified).toMatchObject({ passed: true, faults: [] });
  expect(await store.names('files/snapshots/')).not.toEqual([]);
}, 60_000);
