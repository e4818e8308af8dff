import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../contract/errors.ts';
import { auditHash, compareHeads, genesisHash, type HeadComparison } from '../audit-hash.ts';
import { auditOf, operationOf } from '../conformance.ts';
import { schemaChanges, type SchemaChange } from '../migrations.ts';
import type { AuditEntry, AuditHead, Store } from '../port.ts';
import { openReadOnly, openStore } from './open.ts';
import { openForTest, testOptions } from './testing.ts';

// Every write waits for the disk, and a busy one takes its time.
jest.setTimeout(60_000);

const child = fileURLToPath(new URL('./append-until-killed.ts', import.meta.url));

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genesis-state-'));
  path = join(folder, 'state', 'genesis.db');
});
afterEach(() => rm(folder, { recursive: true }));

/** Edits the closed file as somebody would who may write it: the guards are dropped first. */
function tamper(...statements: readonly string[]): void {
  const database = new DatabaseSync(path);
  database.exec('drop trigger audit_no_update; drop trigger audit_no_delete');
  for (const statement of statements) database.exec(statement);
  database.close();
}

function errorOf(outcome: Outcome<Store>): { readonly code: string; readonly message: string } {
  if (outcome.ok) throw new Error('the state was opened');
  return { code: outcome.error.code, message: outcome.error.message };
}

describe('an audit log that somebody changed', () => {
  let heads: AuditHead[];
  beforeEach(async () => {
    const store = await openForTest(path);
    heads = [];
    for (let n = 1; n <= 10; n += 1) heads.push(await store.audit.append(auditOf({ action: `a${n}` })));
    await store.close();
  });

  async function judge(): Promise<HeadComparison & { readonly count: number; readonly brokenAt: number | null }> {
    const store = await openForTest(path);
    const kept = heads.filter((head) => [2, 6, 10].includes(head.count));
    const chain = await store.audit.verify(kept.map((head) => head.count));
    await store.close();
    return { ...chain, ...compareHeads(chain, kept) };
  }
  const verdicts = (result: HeadComparison): string[] => result.heads.map((item) => item.verdict);

  it('is found whole when nobody touched it', async () => {
    expect(await judge()).toMatchObject({ count: 10, brokenAt: null, intact: true, provenUpTo: 10, unknownFrom: 11 });
  });

  it('is found broken at an edited row', async () => {
    tamper("update audit set actor = 'nobody' where seq = 4");
    expect(await judge()).toMatchObject({ count: 10, brokenAt: 4, intact: false, provenUpTo: 2, unknownFrom: 3 });
  });

  it('is found broken at a row whose details are no JSON any more', async () => {
    tamper("update audit set details = '{' where seq = 4");
    expect(await judge()).toMatchObject({ brokenAt: 4, intact: false });
  });

  it('is found broken where rows were cut from the middle, also when the rest was renumbered', async () => {
    tamper('delete from audit where seq in (4, 5)');
    expect(await judge()).toMatchObject({ count: 8, brokenAt: 4, intact: false });
    const database = new DatabaseSync(path);
    database.exec('drop trigger audit_no_update; update audit set seq = seq - 2 where seq > 5');
    database.close();
    expect(await judge()).toMatchObject({ count: 8, brokenAt: 4, intact: false });
  });

  it('is found cut at the tail by a head kept elsewhere', async () => {
    tamper('delete from audit where seq > 7');
    const result = await judge();
    expect(result).toMatchObject({ count: 7, brokenAt: null, intact: false, provenUpTo: 6, unknownFrom: 7 });
    expect(verdicts(result)).toEqual(['matches', 'matches', 'beyond_end']);
  });

  it('is found rewritten whole by a head kept elsewhere, though its own chain holds', async () => {
    const store = await openForTest(path);
    const rows = (await store.audit.list({ limit: 10 })).items.toReversed();
    await store.close();
    tamper(...rechained(rows.map((row) => ({ ...row, actor: row.seq === 5 ? 'nobody' : row.actor }))));

    const result = await judge();

    expect(result).toMatchObject({ count: 10, brokenAt: null, intact: false, provenUpTo: 2, unknownFrom: 3 });
    expect(verdicts(result)).toEqual(['matches', 'differs', 'differs']);
  });

  it('is found broken when its tail was cut while the program ran', async () => {
    const store = await openForTest(path);
    await store.audit.append(auditOf());
    tamper('delete from audit where seq > 9');
    await store.audit.append(auditOf());

    expect(await store.audit.verify([])).toMatchObject({ count: 10, brokenAt: 10 });
    await store.close();
  });

  it('stays one chain when two programs append to it', async () => {
    const stores = [await openForTest(path), await openForTest(path)];
    for (let n = 0; n < 20; n += 1) await stores[n % 2]?.audit.append(auditOf());

    expect(await stores[0]?.audit.verify([])).toMatchObject({ count: 30, brokenAt: null });
    for (const store of stores) await store.close();
  });

  it('cannot be changed through an open state', async () => {
    const store = await openForTest(path);
    const database = new DatabaseSync(path);
    expect(() => database.exec("update audit set actor = 'nobody'")).toThrow('the audit log is append-only');
    expect(() => database.exec('delete from audit')).toThrow('the audit log is append-only');
    database.close();
    await store.close();
  });
});

function rechained(rows: readonly AuditEntry[]): string[] {
  let previous = genesisHash;
  return rows.map(({ hash: _old, ...row }) => {
    previous = auditHash(previous, row);
    return `update audit set actor = '${row.actor}', hash = '${previous}' where seq = ${row.seq}`;
  });
}

describe('a state whose disk fails', () => {
  interface Line {
    readonly count?: number;
    readonly hash?: string;
    readonly begun?: string;
    readonly refused?: string;
    readonly head?: number;
  }

  async function runChild(command: string, args: readonly string[], killAfterLines: number): Promise<Line[]> {
    const running = spawn(command, [...args, child, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    running.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > killAfterLines) running.kill('SIGKILL');
    });
    await once(running, 'close');
    const whole = output.slice(0, output.lastIndexOf('\n')).split('\n');
    return whole.map((line) => JSON.parse(line) as Line);
  }

  it('has every row and operation that was promised before kill -9', async () => {
    const lines = await runChild(process.execPath, ['--disable-warning=ExperimentalWarning'], 120);

    const store = await openForTest(path);
    const counts = lines.flatMap((line) => (line.count === undefined ? [] : [line.count]));
    const { count, brokenAt, hashes } = await store.audit.verify(counts);
    expect(counts.length).toBeGreaterThan(60);
    expect(counts.filter((n) => hashes.get(n) !== lines.find((line) => line.count === n)?.hash)).toEqual([]);
    expect(brokenAt).toBeNull();
    expect(count - counts.length).toBeLessThanOrEqual(1); // at most the row whose line was not out yet
    for (const { begun } of lines)
      if (begun !== undefined) expect((await store.operations.get(begun))?.state).toBe('queued');
    await store.close();
  });

  it('refuses to audit when the file cannot grow, and keeps what it promised before', async () => {
    // A limit on the size of files (blocks of 512 or 1024 bytes) stands for the full disk, without needing root.
    const script = 'ulimit -f 2000; exec "$0" "$@"';
    const lines = await runChild(
      '/bin/sh',
      ['-c', script, process.execPath, '--disable-warning=ExperimentalWarning'],
      Infinity,
    );

    const end = lines.at(-1);
    const promised = lines.filter((line) => line.count !== undefined).length;
    expect(promised).toBeGreaterThan(10);
    expect(['audit_unwritable', 'io_failed', 'disk_full']).toContain(end?.refused);
    expect(end?.head).toBe(promised);
    const store = await openForTest(path);
    expect(await store.audit.verify([])).toMatchObject({ count: promised, brokenAt: null });
    await store.close();
  });

  it('refuses to write when its file was removed or replaced while it was open', async () => {
    const store = await openForTest(path);
    await store.audit.append(auditOf());
    renameSync(path, `${path}.away`);

    await expect(store.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
    await expect(store.audit.append(auditOf())).rejects.toThrow(/was removed while genesis runs/);
    await expect(store.operations.begin(operationOf({ id: 'o1' }))).rejects.toMatchObject({ code: 'io_failed' });
    writeFileSync(path, '');
    await expect(store.audit.append(auditOf())).rejects.toThrow(/was replaced by another file/);
    renameSync(`${path}.away`, path);
    expect(await store.audit.append(auditOf())).toMatchObject({ count: 2 });
    await store.close();
  });

  it('refuses to audit after it was closed', async () => {
    const store = await openForTest(path);
    await store.facts.set('a', '1');
    await store.close();
    await store.close();

    await expect(store.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
  });
});

describe('a state that cannot be opened', () => {
  it('is refused when it is damaged, and left as it is', async () => {
    const store = await openForTest(path);
    for (let n = 0; n < 200; n += 1) await store.facts.set(`fact${n}`, 'x'.repeat(200));
    await store.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xaa, 8 * 4096, 12 * 4096));

    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    expect(errorOf(await openReadOnly(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    truncateSync(path, 5 * 4096);
    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
  });

  it('is refused when it is something else', async () => {
    mkdirSync(dirname(path));
    writeFileSync(path, 'this is a letter, not a database. '.repeat(50));
    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    await rm(path);
    const other = new DatabaseSync(path);
    other.exec('create table invoices (id text)');
    other.close();
    expect(errorOf(await openStore(testOptions(path)))).toEqual({
      code: 'state_corrupt',
      message: `${path} is a database, but not a state of genesis`,
    });
  });

  it('is refused when its place cannot be used', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(errorOf(await openStore(testOptions(join(folder, 'file', 'genesis.db')))).code).toBe('home_unusable');
    mkdirSync(path, { recursive: true });
    expect(errorOf(await openStore(testOptions(path))).code).toBe('home_unusable');
  });

  it('is only read where nothing may be written', async () => {
    expect(errorOf(await openReadOnly(testOptions(path)))).toEqual({
      code: 'home_unusable',
      message: `there is no state at ${path}`,
    });
    const store = await openForTest(path);
    await store.facts.set('a', '1');
    await store.close();

    const opened = await openReadOnly(testOptions(path));

    if (!opened.ok) throw opened.error;
    expect(await opened.value.facts.get('a')).toBe('1');
    await expect(opened.value.facts.set('a', '2')).rejects.toMatchObject({ code: 'io_failed' });
    await expect(opened.value.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
    await opened.value.close();
  });
});

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
