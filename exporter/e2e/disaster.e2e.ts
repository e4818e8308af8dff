import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord, CatalogueEntry } from '../src/contract/backup.ts';
import type { DrillRecord } from '../src/contract/operation.ts';
import { backUp, catalogue, perform, shopConfig } from './support/actions.ts';
import { casesOf } from './support/cases.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { restoredRoot } from './support/moments.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { copyTree, differences, makeTree } from './support/tree.ts';

const key = 'a passphrase that is long enough for the tests';

interface AuditRow {
  readonly seq: number;
  readonly hash: string;
}

afterAll(cleanUp, 60_000);

/** Everything in the home is gone; what stands elsewhere is the copy alone. */
describe.each([
  { name: 'plain', encrypted: false },
  { name: 'encrypted', encrypted: true },
])('the home deleted whole, a $name copy elsewhere', ({ encrypted }) => {
  const base = tempFolder('genesis-disaster-');
  const home = path.join(base, 'home');
  const data = path.join(base, 'data');
  const copy = path.join(base, 'copy');
  const keyFile = path.join(base, 'key');
  const keyOptions = encrypted ? ['--key', `file:${keyFile}`] : [];
  const kept = new Map<string, string>();
  let before: {
    readonly entries: readonly CatalogueEntry[];
    readonly audit: readonly AuditRow[];
    readonly token: string;
  };

  beforeAll(async () => {
    writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
    makeTree(data, { files: 40, bytesPerFile: 60_000, seed: 'disaster' });
    const genesis = await startGenesis({
      home,
      config: shopConfig(data, {
        backup: encrypted ? { encryption: { key: `file:${keyFile}` } } : {},
        service: { copies: [{ name: 'elsewhere', path: copy }] },
      }),
    });
    await threeBackups(genesis);
    before = await remember(genesis);
    await genesis.stop();
    rmSync(home, { recursive: true });
  }, 180_000);

  async function threeBackups(genesis: Genesis): Promise<void> {
    for (const [index, type] of (['full', 'incremental', 'incremental'] as const).entries()) {
      if (index === 1) appendFileSync(path.join(data, 'first.txt'), 'changed');
      if (index === 2) rmSync(path.join(data, 'folder-1'), { recursive: true });
      const at = path.join(base, `kept-${index}`);
      copyTree(data, at);
      kept.set((await backUp(genesis, type)).id, at);
    }
    const drill = await perform(genesis, 'POST', '/services/shop/drills', {});
    expect(drill).toMatchObject({ state: 'succeeded' });
  }

  /** Makes a token, then waits until a copy that began after it has brought the state away. */
  async function remember(genesis: Genesis): Promise<typeof before> {
    const made = await genesis.api<{ secret: string }>('POST', '/tokens', { name: 'kept-by-hand', role: 'admin' });
    await backUp(genesis, 'incremental').then((entry) => {
      copyTree(data, path.join(base, 'kept-3'));
      kept.set(entry.id, path.join(base, 'kept-3'));
    });
    const entries = await waitUntil(
      'every backup is in the copy',
      async () => {
        const items = await catalogue(genesis);
        return items.length === 4 && items.every((entry) => entry.copies.includes('elsewhere')) ? items : undefined;
      },
      { deadlineMs: 60_000, processes: [genesis.process] },
    );
    await waitUntil('the copy has ended', async () => {
      const running = await genesis.api<{ items: unknown[] }>('GET', '/operations?state=running');
      return running.body.items.length === 0;
    });
    const audit = await genesis.api<{ items: AuditRow[] }>('GET', '/audit?limit=500');
    return { entries, audit: audit.body.items, token: made.body.secret };
  }

  const bare = (args: readonly string[]) =>
    genesisCommand(base, [...args, '--home', path.join(base, 'no-home'), ...keyOptions], { deadlineMs: 120_000 });

  it('lists every backup from the copy alone', async () => {
    const listed = await bare(['restore', '--from', copy, '--list', '--json']);
    expect(listed).toMatchObject({ exitCode: 0 });
    const { items, damaged } = JSON.parse(listed.output) as { items: BackupRecord[]; damaged: unknown[] };
    expect(damaged).toEqual([]);
    expect(items.map((record) => record.id).sort()).toEqual([...kept.keys()].sort());
  }, 60_000);

  // The newest needs the whole chain before it.
  it.each(casesOf([3, 0, 1, 2]))(
    'verifies and restores backup %i equal',
    async (index) => {
      const [id, expected] = [...kept][index] ?? ['', ''];
      expect(await bare(['verify', '--from', copy, id])).toMatchObject({ exitCode: 0 });
      const to = path.join(base, 'restored', String(index));
      expect(await bare(['restore', '--from', copy, id, '--to', to])).toMatchObject({ exitCode: 0 });
      expect(differences(expected, restoredRoot(to))).toEqual([]);
      expect(existsSync(path.join(base, 'no-home'))).toBe(false);
    },
    120_000,
  );

  it('remakes the catalogue, and brings back audit, drills and tokens', async () => {
    const rebuilt = await genesisCommand(
      base,
      ['catalogue', 'rebuild', '--from', copy, '--home', home, ...keyOptions],
      { deadlineMs: 60_000 },
    );
    expect(rebuilt).toMatchObject({ exitCode: 0 });

    const genesis = await startGenesis({ home });
    // Not the first tokens: their files were lost with the home, so they are replaced at the start.
    const asBefore = { role: null, headers: { authorization: `Bearer ${before.token}` } };
    expect((await genesis.api('GET', '/me', undefined, asBefore)).body).toMatchObject({
      name: 'kept-by-hand',
      role: 'admin',
    });
    expect((await genesis.api('GET', '/me')).body).toMatchObject({ name: 'admin' });
    const listed = await genesis.api<{ items: CatalogueEntry[] }>('GET', '/backups?limit=500', undefined, asBefore);
    expect(listed.body.items.map((entry) => entry.id)).toEqual(before.entries.map((entry) => entry.id));
    const audit = await genesis.api<{ items: AuditRow[] }>('GET', '/audit?limit=500', undefined, asBefore);
    const hashes = new Map(audit.body.items.map((row) => [row.seq, row.hash]));
    const lost = before.audit.filter((row) => hashes.get(row.seq) !== row.hash);
    // The end of the last copy is written after the state was brought away with it: that row alone cannot be there.
    expect(lost.length).toBeLessThanOrEqual(1);
    const drills = await genesis.api<{ items: DrillRecord[] }>('GET', '/drills', undefined, asBefore);
    expect(drills.body.items).toMatchObject([{ service: 'shop', passed: true }]);
    // The repository was lost with the home: what the copy holds can be restored, but nothing new can build upon it.
    expect(await backUp(genesis, 'incremental')).toMatchObject({ type: 'full', parent: null });
    const oldest = before.entries.at(-1)?.id ?? '';
    const restored = await perform(genesis, 'POST', `/backups/${oldest}/restore`, {
      target: { kind: 'folder' },
      copy: 'elsewhere',
    });
    expect(restored).toMatchObject({ state: 'succeeded' });
    expect(differences(kept.get(oldest) ?? '', restoredRoot(String(restored.result?.['target'])))).toEqual([]);
    await genesis.stop();
  }, 120_000);
});
