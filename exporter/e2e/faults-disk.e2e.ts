import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backUp, catalogue, perform, restoreInPlace, restoreToFolder, shopConfig, verify } from './support/actions.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { onSmallDisk, seenBy } from './support/sandbox.ts';
import { copyTree, differences, leftovers, makeTree } from './support/tree.ts';

afterAll(cleanUp, 60_000);

describe('the repository’s disk is full (a tmpfs of 8 MiB)', () => {
  const home = tempFolder('genesis-full-');
  const repository = tempFolder('genesis-small-disk-');
  const data = path.join(tempFolder('genesis-data-'), 'data');
  let genesis: Genesis;
  let first: string;

  beforeAll(async () => {
    makeTree(data, { files: 10, bytesPerFile: 200_000, seed: 'small' });
    genesis = await startGenesis({
      home,
      config: shopConfig(data, { backup: { repository } }),
      launcher: onSmallDisk([{ folder: repository, size: '8m' }]),
    });
    first = (await backUp(genesis)).id;
    makeTree(path.join(data, 'more'), { files: 20, bytesPerFile: 1_000_000, seed: 'more' });
  }, 120_000);

  it.each(['full', 'incremental'])(
    'a %s backup fails with disk_full and leaves nothing',
    async (type) => {
      const operation = await perform(genesis, 'POST', '/backups', { service: 'shop', type });
      expect(operation).toMatchObject({ state: 'failed', error: { code: 'disk_full' } });
      const seen = seenBy(genesis.pid, repository);
      expect(leftovers(seen)).toEqual([]);
      expect(readdirSync(path.join(seen, 'backups', 'shop'))).toEqual([first]);
    },
    60_000,
  );

  it('what was there before is whole', async () => {
    expect((await catalogue(genesis)).map((entry) => entry.id)).toEqual([first]);
    expect(await verify(genesis, first)).toMatchObject({ state: 'succeeded' });
  }, 60_000);

  it('works again when there is room', async () => {
    rmSync(path.join(data, 'more'), { recursive: true });
    expect(await backUp(genesis, 'incremental')).toMatchObject({ parent: first });
  }, 60_000);
});

describe('the target’s disk is full (a tmpfs of 8 MiB)', () => {
  const home = tempFolder('genesis-full-');
  const restores = path.join(home, 'restores');
  const disk = tempFolder('genesis-small-disk-');
  const data = path.join(disk, 'data');
  let genesis: Genesis;
  let backup: string;

  beforeAll(async () => {
    mkdirSync(restores);
    // The data itself stands on the small disk: there is no room to stage a second tree beside it.
    genesis = await startGenesis({
      home,
      config: shopConfig(data),
      launcher: onSmallDisk([
        { folder: disk, size: '8m' },
        { folder: restores, size: '8m' },
      ]),
    });
    makeTree(seenBy(genesis.pid, data), { files: 25, bytesPerFile: 200_000, seed: 'target' });
    backup = (await backUp(genesis)).id;
  }, 120_000);

  it('a restore into a folder is refused before the first byte', async () => {
    expect(await restoreToFolder(genesis, backup, 'out')).toMatchObject({
      state: 'failed',
      error: { code: 'disk_full' },
    });
    expect(readdirSync(seenBy(genesis.pid, restores))).toEqual([]);
  }, 60_000);

  it('a restore in place is refused with nothing touched', async () => {
    const kept = path.join(tempFolder('genesis-kept-'), 'data');
    copyTree(seenBy(genesis.pid, data), kept);
    expect(await restoreInPlace(genesis, backup)).toMatchObject({ state: 'failed', error: { code: 'disk_full' } });
    expect(differences(kept, seenBy(genesis.pid, data))).toEqual([]);
    expect(leftovers(seenBy(genesis.pid, disk))).toEqual([]);
  }, 60_000);
});

describe('the target’s disk fills up while a restore writes (a tmpfs of 40 MiB, files that take more room than their bytes)', () => {
  const home = tempFolder('genesis-full-');
  const restores = path.join(home, 'restores');
  const data = path.join(tempFolder('genesis-data-'), 'data');

  it('fails with disk_full and leaves nothing', async () => {
    mkdirSync(restores);
    // Thousands of one-byte files: in bytes they seem small, each takes a page of the tmpfs.
    mkdirSync(data);
    for (let i = 0; i < 12_000; i += 1) {
      if (i % 1000 === 0) mkdirSync(path.join(data, String(i / 1000)));
      writeFileSync(path.join(data, String(Math.floor(i / 1000)), `${i}`), 'x');
    }
    const genesis = await startGenesis({
      home,
      config: shopConfig(data),
      launcher: onSmallDisk([{ folder: restores, size: '40m' }]),
    });
    const { id } = await backUp(genesis);
    const operation = await restoreToFolder(genesis, id, 'out');
    expect(operation).toMatchObject({ state: 'failed', error: { code: 'disk_full' } });
    expect(readdirSync(seenBy(genesis.pid, restores))).toEqual([]);
  }, 120_000);
});
