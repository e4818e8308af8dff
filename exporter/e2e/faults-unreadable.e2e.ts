import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import { unprivileged } from '../src/engines/testing-unprivileged.ts';
import { backUp, perform, restoreToFolder, shopConfig } from './support/actions.ts';
import { startGenesis, writeConfig, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { makeTree } from './support/tree.ts';

const who = unprivileged();

describe(`files that may not be read (as ${who.how})`, () => {
  const base = tempFolder('genesis-unreadable-');
  const home = path.join(base, 'home');
  const data = path.join(base, 'data');
  const forbidden = [path.join(data, 'folder-1', 'forbidden'), path.join(data, 'forbidden at the top')];
  const closed = path.join(data, 'closed');
  let genesis: Genesis;
  let backup: CatalogueEntry;

  beforeAll(async () => {
    makeTree(data, { files: 20, bytesPerFile: 5_000, seed: 'unreadable' });
    mkdirSync(closed);
    writeFileSync(path.join(closed, 'within'), 'x');
    for (const file of forbidden) writeFileSync(file, 'secret');
    writeConfig(home, shopConfig([data]));
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${who.uid}:${who.gid}`, base]);
    for (const file of [...forbidden, closed]) chmodSync(file, 0);
    genesis = await startGenesis({ home, launcher: who.launcher });
    backup = await backUp(genesis);
  }, 120_000);

  afterAll(async () => {
    // So that an ordinary user can remove them, the restored ones too.
    execFileSync('chmod', ['-R', 'u+rwX', base]);
    await cleanUp();
  }, 60_000);

  it('are named, and the backup is completed with warnings', () => {
    expect(backup).toMatchObject({ status: 'completed_with_warnings', warningCount: 3 });
    expect(backup.warnings.every((warning) => warning.kind === 'unreadable')).toBe(true);
    for (const name of ['folder-1/forbidden', 'forbidden at the top', 'closed']) {
      expect(backup.warnings.filter((warning) => warning.path.endsWith(name))).toHaveLength(1);
    }
  });

  it('leave the rest restorable', async () => {
    expect(await restoreToFolder(genesis, backup.id, 'rest')).toMatchObject({ state: 'succeeded' });
    const restored = path.join(home, 'restores', 'rest', 'data', 'data');
    expect(readdirSync(restored)).not.toContain('forbidden at the top');
    expect(readdirSync(restored)).toContain('first.txt');
  }, 60_000);

  it('come into the next backup when they may be read again', async () => {
    for (const file of [...forbidden, closed]) chmodSync(file, 0o700);
    expect(await backUp(genesis, 'incremental')).toMatchObject({ status: 'completed', warningCount: 0 });
  }, 60_000);

  it('fail the backup when the whole path may not be read', async () => {
    chmodSync(data, 0);
    const operation = await perform(genesis, 'POST', '/backups', { service: 'shop', type: 'incremental' });
    chmodSync(data, 0o700);
    expect(operation).toMatchObject({ state: 'failed' });
    expect(operation.error?.message).toContain(data);
  }, 60_000);
});
