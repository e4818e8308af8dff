import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Operation } from '../src/contract/operation.ts';
import { auditHash, genesisHash } from '../src/store/audit-hash.ts';
import { backUp, perform, shopConfig } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { onSmallDisk, seenBy } from './support/sandbox.ts';
import { copyTree, leftovers, makeTree } from './support/tree.ts';

afterAll(cleanUp, 60_000);

interface Verdict {
  readonly count: number;
  readonly brokenAt: number | null;
  readonly heads: readonly { readonly source: string; readonly count: number; readonly result: string }[];
  readonly vouchedUpTo: number | null;
  readonly whole: boolean;
}

describe('the audit log, changed in the file while the server is stopped', () => {
  const base = tempFolder('genesis-audit-');
  const home = path.join(base, 'home');
  const state = path.join(home, 'state');
  const kept = path.join(base, 'kept-state');

  beforeAll(async () => {
    const data = path.join(base, 'data');
    makeTree(data, { files: 5, bytesPerFile: 1_000, seed: 'audit' });
    const genesis = await startGenesis({
      home,
      config: shopConfig(data, { service: { copies: [{ name: 'second', path: path.join(base, 'copy') }] } }),
    });
    for (let i = 0; i < 4; i += 1) await genesis.api('POST', '/tokens', { name: `token-${i}`, role: 'viewer' });
    await backUp(genesis);
    await waitUntil('it was copied', async () => {
      const reply = await genesis.api<{ items: Operation[] }>('GET', '/operations?kind=copy&state=succeeded');
      return reply.body.items.length > 0;
    });
    for (let i = 4; i < 6; i += 1) await genesis.api('POST', '/tokens', { name: `token-${i}`, role: 'viewer' });
    await genesis.stop();
    copyTree(state, kept);
  }, 120_000);

  beforeEach(() => {
    rmSync(state, { recursive: true });
    copyTree(kept, state);
  });

  /** The append-only triggers are taken away first, as somebody with the file in hand would. */
  function tamper(change: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(path.join(state, 'genesis.db'));
    for (const { name } of database.prepare("select name from sqlite_schema where type = 'trigger'").all())
      database.exec(`drop trigger "${String(name)}"`);
    change(database);
    database.close();
  }

  async function verdict(): Promise<{ readonly exitCode: number | null; readonly found: Verdict }> {
    const done = await genesisCommand(home, ['audit', 'verify', '--json']);
    return { exitCode: done.exitCode, found: JSON.parse(done.output.slice(done.output.indexOf('{'))) as Verdict };
  }

  it('cannot be changed as long as its triggers stand', () => {
    const database = new DatabaseSync(path.join(state, 'genesis.db'));
    expect(() => database.exec("update audit set actor = 'nobody' where seq = 2")).toThrow();
    expect(() => database.exec('delete from audit where seq = 2')).toThrow();
    database.close();
  });

  it('untouched, is whole, vouched for up to the last head outside, and says that later rows are not', async () => {
    const { exitCode, found } = await verdict();
    expect({ exitCode, whole: found.whole, brokenAt: found.brokenAt }).toEqual({
      exitCode: 0,
      whole: true,
      brokenAt: null,
    });
    const sources = found.heads.map((head) => head.source).join('\n');
    for (const source of ['repository of shop', 'copy second of shop', 'manifest of '])
      expect(sources).toContain(source);
    expect(found.vouchedUpTo).toBe(Math.max(...found.heads.map((head) => head.count)));
    expect(found.vouchedUpTo).toBeLessThan(found.count);
  }, 30_000);

  it('edited, is broken at the edited row', async () => {
    tamper((database) => database.exec("update audit set actor = 'somebody else' where seq = 3"));
    const { exitCode, found } = await verdict();
    expect({ exitCode, brokenAt: found.brokenAt, whole: found.whole }).toEqual({
      exitCode: 1,
      brokenAt: 3,
      whole: false,
    });
    expect(found.vouchedUpTo ?? 0).toBeLessThan(3);
  }, 30_000);

  it('cut in the middle, is broken there', async () => {
    tamper((database) => database.exec('delete from audit where seq between 3 and 4'));
    const { exitCode, found } = await verdict();
    expect(exitCode).toBe(1);
    expect([3, 5]).toContain(found.brokenAt);
  }, 30_000);

  it('cut at the tail, ends before heads that were brought away', async () => {
    tamper((database) => database.exec('delete from audit where seq > 4'));
    const { exitCode, found } = await verdict();
    expect({ exitCode, count: found.count, brokenAt: found.brokenAt }).toEqual({
      exitCode: 1,
      count: 4,
      brokenAt: null,
    });
    expect(found.heads.map((head) => head.result)).toContain('beyond_end');
  }, 30_000);

  it('emptied, ends before heads that were brought away', async () => {
    tamper((database) => database.exec('delete from audit'));
    const { exitCode, found } = await verdict();
    expect({ exitCode, count: found.count, vouchedUpTo: found.vouchedUpTo }).toEqual({
      exitCode: 1,
      count: 0,
      vouchedUpTo: null,
    });
  }, 30_000);

  it('rewritten whole with hashes that fit, differs from the heads outside', async () => {
    tamper(rewriteWhole);
    const { exitCode, found } = await verdict();
    expect({ exitCode, brokenAt: found.brokenAt }).toEqual({ exitCode: 1, brokenAt: null });
    expect(new Set(found.heads.map((head) => head.result))).toEqual(new Set(['differs']));
    expect(found.vouchedUpTo).toBeNull();
  }, 30_000);

  it('says the same in words', async () => {
    tamper((database) => database.exec("update audit set actor = 'somebody else' where seq = 3"));
    const done = await genesisCommand(home, ['audit', 'verify']);
    expect(done.exitCode).toBe(1);
    expect(done.output).toMatch(/BROKEN at row 3/);
  }, 30_000);
});

/** Another actor in the first row, and every hash made anew: a chain without a fault. */
function rewriteWhole(database: DatabaseSync): void {
  database.exec("update audit set actor = 'somebody else' where seq = 1");
  let hash = genesisHash;
  for (const row of database.prepare('select * from audit order by seq').all()) {
    const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
    const details = text('details');
    hash = auditHash(hash, {
      seq: Number(row['seq']),
      at: String(row['at']),
      actor: String(row['actor']),
      role: String(row['role']),
      via: String(row['via']),
      action: String(row['action']),
      service: text('service'),
      target: text('target'),
      result: String(row['result']),
      reason: text('reason'),
      operationId: text('operation_id'),
      remote: text('remote'),
      details: details === null ? null : JSON.parse(details),
    } as Parameters<typeof auditHash>[1]);
    database.prepare('update audit set hash = ? where seq = ?').run(hash, Number(row['seq']));
  }
}

describe('an audit log that cannot be written (the state’s disk, a tmpfs of 24 MiB, is full)', () => {
  const base = tempFolder('genesis-audit-full-');
  const home = path.join(base, 'home');
  const state = path.join(home, 'state');
  let genesis: Genesis;
  let running: Operation;

  beforeAll(async () => {
    const data = path.join(base, 'data');
    makeTree(data, { files: 5, bytesPerFile: 1_000, seed: 'audit' });
    mkdirSync(state, { recursive: true });
    genesis = await startGenesis({
      home,
      config: shopConfig(data, { backup: { limits: { bandwidth: '1MiB' }, verify_after: false } }),
      launcher: onSmallDisk([{ folder: state, size: '24m' }]),
    });
    await backUp(genesis);
    makeTree(path.join(data, 'large'), { files: 20, bytesPerFile: 500_000, seed: 'large' });
    running = (await genesis.api<Operation>('POST', '/backups', { service: 'shop', type: 'full' })).body;
    await waitUntil('the backup copies', async () =>
      (await genesis.api<Operation>('GET', `/operations/${running.id}`)).body.steps.some(
        (step) => step.name === 'copy',
      ),
    );
    fill(path.join(seenBy(genesis.pid, state), 'filler'));
  }, 120_000);

  it.each([
    { route: '/tokens', body: { name: 'new', role: 'viewer' }, answer: [503, 'audit_unwritable'] },
    { route: '/services/shop/pause', body: { seconds: 60, reason: 'a test' }, answer: [503, 'audit_unwritable'] },
    // The journal is written before the audit log, and stands on the same disk.
    { route: '/services/shop/drills', body: {}, answer: [507, 'disk_full'] },
    // What another operation holds is refused for that reason before anything is written.
    { route: '/backups', body: { service: 'shop', type: 'full' }, answer: [409, 'operation_conflict'] },
  ])(
    'refuses POST $route',
    async ({ route, body, answer }) => {
      const reply = await genesis.api<{ code: string }>('POST', route, body);
      expect([reply.status, reply.body.code]).toEqual(answer);
    },
    30_000,
  );

  it('still reads, and still cancels what runs', async () => {
    expect((await genesis.api('GET', '/backups')).status).toBe(200);
    expect((await genesis.api('GET', '/audit')).status).toBe(200);
    expect((await genesis.api('POST', `/operations/${running.id}/cancel`, {})).status).toBe(202);
    await waitUntil('nothing of the backup is left', () => leftovers(path.join(home, 'repository')).length === 0, {
      processes: [genesis.process],
    });
  }, 60_000);

  it('acts again when there is room', async () => {
    rmSync(path.join(seenBy(genesis.pid, state), 'filler'));
    const reply = await genesis.api('POST', '/tokens', { name: 'new', role: 'viewer' });
    expect(reply.status).toBe(201);
    // Its end could not be written while the disk was full; now it is, and the service is free.
    const ended = await waitUntil('the cancelled backup is closed', async () => {
      const reply = await genesis.api<Operation>('GET', `/operations/${running.id}`);
      return reply.body.endedAt === null ? undefined : reply.body;
    });
    expect(['cancelled', 'failed']).toContain(ended.state);
    const after = await perform(genesis, 'POST', '/backups', { service: 'shop', type: 'full' }, { deadlineMs: 60_000 });
    expect(after).toMatchObject({ state: 'succeeded', error: null });
  }, 90_000);
});

/** Takes every page that is left, then every byte. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [65_536, 4_096, 1]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown; // full is what is wanted
      }
    }
  } finally {
    closeSync(fd);
  }
}
