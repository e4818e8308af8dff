import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { auditHash, compareHeads, genesisHash, type HeadComparison } from '../audit-hash.ts';
import type { AuditEntry, AuditHead } from '../port.ts';
import { auditOf } from '../testing/rows.ts';
import { openForTest } from './testing.ts';

// Every write waits for the disk, and a busy one takes its time.
jest.setTimeout(60_000);

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
