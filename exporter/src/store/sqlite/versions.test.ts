import { jest } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { schemaChanges, type SchemaChange } from '../migrations.ts';
import { auditOf } from '../testing/rows.ts';
import { openReadOnly, openStore } from './open.ts';
import { errorOf, openForTest, testOptions } from './testing.ts';

// Every write waits for the disk, and a busy one takes its time.
jest.setTimeout(60_000);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genesis-state-'));
  path = join(folder, 'state', 'genesis.db');
});
afterEach(() => rm(folder, { recursive: true }));

describe('the versions of a state', () => {
  const released = schemaChanges.length;
  const addColor: SchemaChange = {
    name: '9998_color',
    up: async (db) => {
      await db.schema.alterTable('facts').addColumn('color', 'text').execute();
    },
  };
  const failing: SchemaChange = {
    name: '9999_failing',
    up: async (db) => {
      await db.schema.createTable('half').addColumn('id', 'text').execute();
      throw new Error('the change failed');
    },
  };

  it('are upgraded after a copy was made, and the copy leads back', async () => {
    const old = await openForTest(path);
    await old.facts.set('a', 'old');
    await old.close();
    const store = await openForTest(path, { changes: [...schemaChanges, addColor] });
    await store.facts.set('a', 'new');
    await store.close();

    const refused = errorOf(await openStore(testOptions(path)));

    const copy = `${path}.before-${released + 1}`;
    expect(refused.code).toBe('state_too_new');
    expect(refused.message).toBe(
      `state ${path} has version ${released + 1}, this program knows versions up to ${released}; the copy from before that upgrade is ${copy}`,
    );
    expect(errorOf(await openReadOnly(testOptions(path))).code).toBe('state_too_new');
    renameSync(copy, path);
    const back = await openForTest(path);
    expect(await back.facts.get('a')).toBe('old');
    await back.close();
  });

  it('lead from the first release to this one with everything in it', async () => {
    const first = await openForTest(path, { changes: schemaChanges.slice(0, 1) });
    await first.facts.set('a', 'old');
    await first.close();

    const store = await openForTest(path);

    expect(await store.facts.get('a')).toBe('old');
    expect(await store.maintenance.list()).toEqual([]);
    await store.close();
    expect(existsSync(`${path}.before-${released}`)).toBe(true);
  });

  it('learn size and duration of the backups made before they could be ordered by them', async () => {
    await (await openForTest(path, { changes: schemaChanges.slice(0, 2) })).close();
    const database = new DatabaseSync(path);
    const insert = database.prepare(
      "insert into backups (id, service, type, status, started_at, stored_bytes, record, keep, copies) values (?, 'shop', 'full', 'completed', ?, 1, ?, 0, '[]')",
    );
    const count = 1203; // more than the change reads at once
    database.exec('begin');
    for (let n = 0; n < count; n += 1) {
      const id = `backup_${String(n).padStart(4, '0')}`;
      const startedAt = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
      const endedAt = new Date(Date.parse(startedAt) + ((n * 7) % count) * 1000).toISOString();
      insert.run(id, startedAt, JSON.stringify({ id, service: 'shop', bytes: (n * 11) % count, startedAt, endedAt }));
    }
    database.exec('commit');
    database.close();

    const store = await openForTest(path);

    const longest = await store.backups.list({ sort: '-durationSeconds', limit: 1 });
    const largest = await store.backups.list({ sort: '-bytes', limit: 1 });
    expect([longest.total, largest.items[0]?.bytes]).toEqual([count, count - 1]);
    const { startedAt = '', endedAt = '' } = longest.items[0] ?? {};
    expect(Date.parse(endedAt) - Date.parse(startedAt)).toBe((count - 1) * 1000);
    await store.close();
  });

  it('say so when no copy is there, and when a reader needs an upgrade first', async () => {
    await (await openForTest(path, { changes: [...schemaChanges, addColor] })).close();
    expect(errorOf(await openStore(testOptions(path))).message).toMatch(/no copy from before that upgrade is here$/);
    await rm(path);
    await (await openForTest(path)).close();
    const reader = await openReadOnly(testOptions(path, { changes: [...schemaChanges, addColor] }));
    expect(errorOf(reader)).toEqual({
      code: 'state_too_old',
      message: `state ${path} has version ${released}, this program needs ${released + 1}`,
    });
    expect(readdirSync(dirname(path)).filter((name) => name.includes('before'))).toEqual([]);
  });

  it('stay where they were when a change fails half-way', async () => {
    const old = await openForTest(path);
    await old.facts.set('a', 'old');
    await old.close();

    const failed = errorOf(await openStore(testOptions(path, { changes: [...schemaChanges, addColor, failing] })));

    expect(failed.message).toMatch(/the change failed/);
    const store = await openForTest(path);
    expect(await store.facts.get('a')).toBe('old');
    await store.close();
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare("select name from sqlite_schema where name = 'half'").all()).toEqual([]);
    database.close();
  });
});

describe('the files of a state', () => {
  it('are readable by their owner alone', async () => {
    const store = await openForTest(path);
    await store.facts.set('a', '1');
    const modes = readdirSync(dirname(path)).map((name) => statSync(join(dirname(path), name)).mode & 0o777);

    expect(modes).toEqual(modes.map(() => 0o600));
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await store.close();
    chmodSync(path, 0o644);
    await (await openForTest(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('do not keep what a crash left of an export or of a copy', async () => {
    await (await openForTest(path)).close();
    const leftovers = [`${path}.export-1-1`, `${path}.before-2.half`];
    for (const leftover of leftovers) writeFileSync(leftover, 'x');
    writeFileSync(`${path}.before-1`, 'kept');

    await (await openForTest(path)).close();

    expect(leftovers.filter((leftover) => existsSync(leftover))).toEqual([]);
    expect(existsSync(`${path}.before-1`)).toBe(true);
  });

  it('export as one file that opens as a state of its own', async () => {
    const store = await openForTest(path);
    for (let n = 0; n < 50; n += 1) await store.audit.append(auditOf({ details: { filler: 'x'.repeat(2_000) } }));

    const bytes = await store.export();
    await store.audit.append(auditOf());
    const left = readdirSync(dirname(path)).filter((name) => name.includes('export'));
    await store.close();

    expect(left).toEqual([]);
    const moved = join(folder, 'elsewhere', 'genesis.db');
    mkdirSync(dirname(moved));
    writeFileSync(moved, bytes);
    const copy = await openForTest(moved);
    expect(await copy.audit.verify([])).toMatchObject({ count: 50, brokenAt: null });
    await copy.close();
  });
});
