import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { backUp, backupFolderOf, shopConfig, verify } from './support/actions.ts';
import { framesOf } from './support/archives.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { protectThreeMoments, restoreAsOf, restoredRoot, type ProtectedTree } from './support/moments.ts';
import { nodeOf } from './support/node.ts';
import { checkout, cleanUp, tempFolder } from './support/processes.ts';
import { copyTree, differences, filesBelow, makeTree } from './support/tree.ts';

afterAll(cleanUp, 120_000);

/** Whole packages of the repository's own node_modules, up to about that many files. The long form takes all of it. */
function somePackages(data: string, files: number): void {
  mkdirSync(data);
  const source = path.join(checkout, 'node_modules');
  let taken = 0;
  for (const name of readdirSync(source).sort()) {
    if (taken >= files) return;
    if (name === 'typescript' || name === 'playwright-core') continue; // their size, not their shape
    copyTree(path.join(source, name), data);
    taken += statSync(path.join(data, name)).isDirectory() ? filesBelow(path.join(data, name)).length : 1;
  }
}

describe('a real tree: full, 1 % changed, some deleted', () => {
  let tree: ProtectedTree;

  beforeAll(async () => {
    tree = await protectThreeMoments((data) => somePackages(data, 5_000), 1);
  }, 240_000);

  it.each([0, 1, 2])(
    'restores equal as of moment %i, in content and attributes',
    async (index) => {
      const moment = tree.moments[index];
      if (moment === undefined) throw new Error('the moment was not made');
      expect(differences(moment.kept, await restoreAsOf(tree.genesis, moment))).toEqual([]);
    },
    120_000,
  );

  it('knows three states that differ', () => {
    const [full, changed, deleted] = tree.moments.map((m) => m.kept);
    expect(differences(full ?? '', changed ?? '')).not.toEqual([]);
    expect(differences(changed ?? '', deleted ?? '')).not.toEqual([]);
    expect(filesBelow(full ?? '').length).toBeGreaterThan(4_000);
  });
});

describe('an archive of three frames or more', () => {
  let genesis: Genesis;
  let data: string;
  let repository: string;
  let archive: string;
  let backupId: string;

  beforeAll(async () => {
    data = path.join(tempFolder('genesis-frames-'), 'data');
    makeTree(data, { files: 24, bytesPerFile: 1_000_000, seed: 'frames' });
    genesis = await startGenesis({ config: shopConfig(data) });
    backupId = (await backUp(genesis)).id;
    repository = path.join(genesis.home, 'repository');
    archive = path.join(backupFolderOf(genesis.home, backupId), 'data.tar.zst');
  }, 120_000);

  it('has them', () => {
    expect(framesOf(path.dirname(archive)).length).toBeGreaterThanOrEqual(3);
  });

  it.each([24, 26] as const)(
    'restores whole on Node %i',
    async (major) => {
      const to = path.join(tempFolder('genesis-restored-'), 'out');
      const home = tempFolder('genesis-bare-');
      const done = await genesisCommand(home, ['restore', '--from', repository, backupId, '--to', to], {
        nodePath: nodeOf(major),
        deadlineMs: 120_000,
      });
      expect(done).toMatchObject({ exitCode: 0 });
      expect(differences(data, restoredRoot(to))).toEqual([]);
    },
    240_000,
  );

  it('opens with tar --zstd -x, without Genesis', () => {
    const to = tempFolder('genesis-untarred-');
    execFileSync('tar', ['--zstd', '-xf', archive, '-C', to]);
    expect(differences(data, path.join(to, 'data'))).toEqual([]);
  });

  it('is caught when it was cut exactly at the end of a frame', async () => {
    const [offset, length] = framesOf(path.dirname(archive))[1] ?? [0, 0];
    truncateSync(archive, offset + length);

    const verified = await verify(genesis, backupId);
    expect(verified).toMatchObject({ state: 'failed', error: { code: 'backup_corrupt' } });

    const to = path.join(tempFolder('genesis-restored-'), 'out');
    const refused = await genesisCommand(genesis.home, ['restore', '--from', repository, backupId, '--to', to]);
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toMatch(/backup_corrupt/);
    expect(readdirSync(path.dirname(to))).toEqual([]);
  }, 60_000);
});
