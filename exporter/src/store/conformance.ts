import fc from 'fast-check';
import { backupOrders, type BackupOrder, type BackupRecord } from '../contract/backup.ts';
import { OpError } from '../contract/errors.ts';
import type { DrillRecord } from '../contract/operation.ts';
import { auditHash, genesisHash } from './audit-hash.ts';
import type { MeasuredEvent, NewAuditEntry, NewOperation, Page, Store, StoredAlert, TokenRow } from './port.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Closes the store and opens the same state again. */
  reopen(): Promise<Store>;
  /** Closes what is open and removes the state. */
  cleanup(): Promise<void>;
}

/** What every store promises, whichever database it stands on. `open` gives a new, empty state each time. */
export function storeConformance(name: string, open: () => Promise<OpenedStore>): void {
  describe(`store on ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.cleanup());
    const current = (): Store => store;

    describe('backups', () => backupPromises(current));
    describe('operations', () => operationPromises(current));
    describe('drills and events', () => historyPromises(current));
    describe('audit', () => auditPromises(current));
    describe('tokens, pauses, maintenance and facts', () => accessPromises(current));
    describe('alerts defined at run time', () => liveAlertPromises(current));

    it('finds everything again after it was closed and opened', async () => {
      await store.backups.put(backupOf({ id: 'b1' }));
      await store.operations.begin(operationOf({ id: 'o1', idempotencyKey: 'k' }));
      await store.drills.put(drillOf({ id: 'd1' }));
      await store.events.add(eventOf({ service: 'app' }));
      const head = await store.audit.append(auditOf({ action: 'backup' }));
      await store.tokens.add(tokenOf({ id: 't1' }));
      await store.pauses.set({ service: 'app', by: 'ada', reason: 'move', since: at(0), until: at(60) });
      await store.maintenance.set({ service: 'app', by: 'ada', reason: 'disks', since: at(0), until: at(60) });
      await store.facts.set('last_run:app:full', at(1));
      await store.liveAlerts.put(alertOf({ id: 'alert_1' }));

      const again = await opened.reopen();

      expect((await again.backups.get('b1'))?.id).toBe('b1');
      expect((await again.operations.begin(operationOf({ id: 'o2', idempotencyKey: 'k' }))).operation.id).toBe('o1');
      expect((await again.drills.get('d1'))?.id).toBe('d1');
      expect((await collect(again.events.all())).length).toBe(1);
      expect(await again.audit.head()).toEqual(head);
      expect((await again.tokens.list()).map((token) => token.id)).toEqual(['t1']);
      expect((await again.pauses.list()).map((pause) => pause.service)).toEqual(['app']);
      expect((await again.maintenance.list()).map((window) => window.reason)).toEqual(['disks']);
      expect(await again.facts.get('last_run:app:full')).toBe(at(1));
      expect(await again.liveAlerts.list()).toEqual([alertOf({ id: 'alert_1' })]);
    });

    it('exports while others write', async () => {
      const [bytes] = await Promise.all([store.export(), ...range(20).map((n) => store.facts.set(`f${n}`, 'x'))]);

      expect(bytes.length).toBeGreaterThan(0);
      expect((await store.facts.list('f')).length).toBe(20);
    });
  });
}

function backupPromises(store: () => Store): void {
  it('keeps what was learned later when the record is put again', async () => {
    await store().backups.put(backupOf({ id: 'b1', storedBytes: 1 }));
    await store().backups.setKeep('b1', true, 'before the move');
    await store().backups.setVerified('b1', at(5), 'passed');
    await store().backups.setDrilled('b1', at(6));
    await store().backups.setCopies('b1', ['offsite', 'usb']);

    await store().backups.put(backupOf({ id: 'b1', storedBytes: 2 }));

    expect(await store().backups.get('b1')).toEqual({
      ...backupOf({ id: 'b1', storedBytes: 2 }),
      keep: true,
      note: 'before the move',
      verifiedAt: at(5),
      verifyResult: 'passed',
      drilledAt: at(6),
      copies: ['offsite', 'usb'],
    });
  });

  it('knows nothing that was not learned', async () => {
    await store().backups.put(backupOf({ id: 'b1' }));

    expect(await store().backups.get('b1')).toMatchObject({
      keep: false,
      note: null,
      verifiedAt: null,
      verifyResult: null,
      copies: [],
    });
    expect(await store().backups.get('b2')).toBeNull();
  });

  it('refuses to learn about a backup that it does not have', async () => {
    await expectCode(store().backups.setVerified('gone', at(1), 'passed'), 'backup_unknown');
    await store().backups.remove('gone');
  });

  it('filters by every field, and gives a service its own newest first', async () => {
    await store().backups.put(backupOf({ id: 'b1', service: 'a', type: 'full', startedAt: at(1) }));
    await store().backups.put(
      backupOf({ id: 'b2', service: 'a', type: 'incremental', status: 'failed', startedAt: at(2) }),
    );
    await store().backups.put(backupOf({ id: 'b3', service: 'b', type: 'full', startedAt: at(3) }));
    await store().backups.setVerified('b1', at(9), 'failed');
    await store().backups.setKeep('b3', true, null);
    const ids = async (filter: Parameters<Store['backups']['list']>[0]): Promise<string[]> =>
      (await store().backups.list(filter)).items.map((item) => item.id);

    expect(await ids({})).toEqual(['b3', 'b2', 'b1']);
    expect(await ids({ service: 'a' })).toEqual(['b2', 'b1']);
    expect(await ids({ type: 'full', sort: 'startedAt' })).toEqual(['b1', 'b3']);
    expect(await ids({ status: 'failed' })).toEqual(['b2']);
    expect(await ids({ verified: 'failed' })).toEqual(['b1']);
    expect(await ids({ verified: 'never' })).toEqual(['b3', 'b2']);
    expect(await ids({ keep: true })).toEqual(['b3']);
    expect((await store().backups.ofService('a')).map((item) => item.id)).toEqual(['b2', 'b1']);
    await store().backups.remove('b3');
    expect(await ids({ keep: true })).toEqual([]);
  });

  it('finds by a part of the texts, by how a component or the checksum begins, and counts what matches on all pages', async () => {
    const checksum = 'ab12cd34'.repeat(8);
    await store().backups.put(backupOf({ id: 'backup_1', service: 'Shop', startedAt: at(1), checksum }));
    const counts = { entries: 0, bytes: 0, addedBytes: 0, storedBytes: 0, warnings: 0, skipped: {}, error: null };
    const components = [{ name: 'models-eu', status: 'completed', ...counts }] as const;
    await store().backups.put(backupOf({ id: 'backup_2', service: 'files', startedAt: at(2), components }));
    await store().backups.put(backupOf({ id: 'backup_3', service: '50%_off', startedAt: at(3) }));
    await store().backups.setKeep('backup_2', true, 'before the MOVE');
    await store().backups.setDrilled('backup_2', at(9));
    const found = async (filter: Parameters<Store['backups']['list']>[0]): Promise<string> =>
      (await store().backups.list(filter)).items.map((item) => item.id.slice(-1)).join('');

    expect(await found({ q: 'shop' })).toBe('1');
    expect(await found({ q: 'the move' })).toBe('2');
    expect(await found({ q: 'BACKUP_' })).toBe('321');
    expect(await found({ q: '%_O' })).toBe('3');
    expect(await found({ q: '\\' })).toBe('');
    expect(await found({ q: 'AB12CD34ab' })).toBe('1');
    expect(await found({ q: 'Models' })).toBe('2');
    expect(await found({ q: 'odels' })).toBe('');
    expect(await found({ q: '12cd34ab' })).toBe('');
    expect(await found({ drilled: true })).toBe('2');
    expect(await found({ drilled: false })).toBe('31');
    expect(await found({ from: at(2), to: at(3) })).toBe('2');
    expect((await store().backups.list({ limit: 1 })).total).toBe(3);
    expect((await store().backups.list({ limit: 1, q: 'files' })).total).toBe(1);
  });

  it('orders by size, duration and service', async () => {
    const put = (id: string, service: string, bytes: number, minutes: number): Promise<void> =>
      store().backups.put(backupOf({ id, service, bytes, startedAt: at(1), endedAt: at(1 + minutes) }));
    await put('b1', 'b', 5, 30);
    await put('b2', 'a', 10, 2);
    await put('b3', 'a', 7, 11);
    const ordered = async (sort: BackupOrder): Promise<string> =>
      (await store().backups.list({ sort })).items.map((item) => item.id).join(' ');

    expect(await ordered('bytes')).toBe('b1 b3 b2');
    expect(await ordered('-durationSeconds')).toBe('b1 b3 b2');
    expect(await ordered('service')).toBe('b2 b3 b1');
    expect(await ordered('-service')).toBe('b1 b3 b2');
    for (const sort of backupOrders) {
      const pages = await everyPage((cursor) => store().backups.list({ sort, limit: 1, ...cursor }));
      expect(pages.map((item) => item.id).join(' ')).toBe(await ordered(sort));
    }
  });

  it('shows every row exactly once and in order, whatever is added between two pages', async () => {
    let run = 0;
    const rows = fc.array(fc.record({ minute: fc.nat(4), bytes: fc.nat(3) }), { minLength: 1, maxLength: 12 });
    const sort = fc.constantFrom('startedAt', '-startedAt', 'storedBytes', '-storedBytes');
    await fc.assert(
      fc.asyncProperty(rows, sort, fc.integer({ min: 1, max: 7 }), async (made, order, limit) => {
        const service = `s${(run += 1)}`;
        const put = (id: string, row: { minute: number; bytes: number }): Promise<void> =>
          store().backups.put(backupOf({ id, service, startedAt: at(row.minute), storedBytes: row.bytes }));
        for (const [n, row] of made.entries()) await put(`${service}-${String(n).padStart(3, '0')}`, row);
        const before = await everyPage((cursor) =>
          store().backups.list({ service, sort: order, limit: 500, ...cursor }),
        );

        let added = 0;
        const seen = await everyPage(async (cursor) => {
          const page = await store().backups.list({ service, sort: order, limit, ...cursor });
          await put(
            `${service}-x${(added += 1)}`,
            order.startsWith('-') ? { minute: 9, bytes: 9 } : { minute: -9, bytes: -9 },
          );
          return page;
        });

        expect(before.length).toBe(made.length);
        expect(seen.map((item) => item.id)).toEqual(before.map((item) => item.id));
        const values = before.map((item) => (order.endsWith('Bytes') ? item.storedBytes : Date.parse(item.startedAt)));
        expect(values).toEqual([...values].sort((a, b) => (order.startsWith('-') ? b - a : a - b)));
      }),
      { numRuns: 8 },
    );
  });

  it('refuses a cursor that is not its own', async () => {
    await store().backups.put(backupOf({ id: 'b1' }));
    await store().backups.put(backupOf({ id: 'b2' }));
    const { next } = await store().backups.list({ limit: 1 });

    await expectCode(store().backups.list({ cursor: 'nonsense' }), 'bad_request');
    await expectCode(store().backups.list({ sort: 'storedBytes', cursor: String(next) }), 'bad_request');
    expect((await store().backups.list({ limit: 1, cursor: String(next) })).next).toBeNull();
  });
}

function operationPromises(store: () => Store): void {
  it('begins a thousand concurrent requests with one key once', async () => {
    const answers = await Promise.all(
      range(1000).map((n) => store().operations.begin(operationOf({ id: `o${n}`, idempotencyKey: 'same' }))),
    );

    expect(answers.filter((answer) => answer.created).length).toBe(1);
    expect(new Set(answers.map((answer) => answer.operation.id)).size).toBe(1);
    expect(answers.every((answer) => answer.sameRequest)).toBe(true);
    expect((await store().operations.list({})).items.length).toBe(1);
  });

  it('tells a repeat from another request under the same key, and keys of different actors apart', async () => {
    const ada = { name: 'ada', role: 'admin', via: 'token' } as const;
    await store().operations.begin(operationOf({ id: 'o1', idempotencyKey: 'k', requestHash: 'h1' }));

    const other = await store().operations.begin(operationOf({ id: 'o2', idempotencyKey: 'k', requestHash: 'h2' }));
    const hers = await store().operations.begin(operationOf({ id: 'o3', idempotencyKey: 'k', actor: ada }));
    const first = await store().operations.begin(operationOf({ id: 'o4' }));
    const second = await store().operations.begin(operationOf({ id: 'o5' }));

    expect(other).toMatchObject({ created: false, sameRequest: false, operation: { id: 'o1' } });
    expect([hers.created, first.created, second.created]).toEqual([true, true, true]);
    expect(await store().operations.byKey('ada', 'k')).toMatchObject({ operation: { id: 'o3' }, requestHash: 'hash' });
    expect(await store().operations.byKey('ada', 'never')).toBeNull();
  });

  it('journals an operation from its intent to its end', async () => {
    const running = { name: 'copy files', state: 'running', startedAt: at(1), endedAt: null, detail: null } as const;
    const done = { ...running, state: 'succeeded', endedAt: at(2), detail: '3 files' } as const;
    const swap = { name: 'a later step', state: 'running', startedAt: at(1), endedAt: null, detail: null } as const;
    const { operation } = await store().operations.begin(operationOf({ id: 'o1' }));
    expect(operation).toMatchObject({ state: 'queued', startedAt: null, endedAt: null, steps: [], progress: null });

    await store().operations.start('o1', at(1));
    await store().operations.step('o1', running);
    await store().operations.step('o1', swap);
    await store().operations.step('o1', done);
    await store().operations.start('o1', at(3)); // resumed after a crash
    expect((await store().operations.unfinished()).map((item) => item.id)).toEqual(['o1']);
    await store().operations.finish('o1', {
      state: 'succeeded',
      endedAt: at(4),
      result: { backupId: 'b1' },
      error: null,
    });

    expect(await store().operations.get('o1')).toMatchObject({
      state: 'succeeded',
      startedAt: at(1),
      endedAt: at(4),
      steps: [done, swap],
      result: { backupId: 'b1' },
      error: null,
      params: { type: 'full' },
      actor: { name: 'system', role: 'system', via: 'schedule' },
    });
    expect(await store().operations.unfinished()).toEqual([]);
  });

  it('ends an operation once, and knows no operation that was never begun', async () => {
    const end = { state: 'interrupted', endedAt: at(2), result: null, error: null } as const;
    await store().operations.begin(operationOf({ id: 'o1' }));
    await store().operations.finish('o1', { ...end, error: { code: 'interrupted', message: 'm', hint: 'h' } });

    await expectCode(store().operations.finish('o1', { ...end, state: 'succeeded' }), 'operation_finished');
    await expectCode(store().operations.start('o1', at(3)), 'operation_finished');
    await expectCode(store().operations.finish('o9', end), 'operation_unknown');
    expect(await store().operations.get('o9')).toBeNull();
    expect((await store().operations.get('o1'))?.error).toEqual({ code: 'interrupted', message: 'm', hint: 'h' });
  });

  it('lists newest first, filtered, page by page with the steps of each', async () => {
    for (const n of range(5)) {
      await store().operations.begin(
        operationOf({ id: `o${n}`, service: n === 2 ? 'b' : 'a', createdAt: at(n < 3 ? 0 : 1) }),
      );
      await store().operations.step(`o${n}`, {
        name: `s${n}`,
        state: 'running',
        startedAt: at(1),
        endedAt: null,
        detail: null,
      });
    }
    await store().operations.start('o4', at(2));

    const pages = await everyPage((cursor) => store().operations.list({ limit: 2, ...cursor }));

    expect(pages.map((item) => item.id)).toEqual(['o4', 'o3', 'o2', 'o1', 'o0']);
    expect(pages.map((item) => item.steps[0]?.name)).toEqual(['s4', 's3', 's2', 's1', 's0']);
    expect((await store().operations.list({ service: 'b' })).items.map((item) => item.id)).toEqual(['o2']);
    expect((await store().operations.list({ state: 'running', kind: 'backup' })).items.map((item) => item.id)).toEqual([
      'o4',
    ]);
    expect((await store().operations.list({ kind: 'drill' })).items).toEqual([]);
    expect((await store().operations.list({ limit: 1 })).total).toBe(5);
    expect((await store().operations.list({ from: at(1) })).items.map((item) => item.id)).toEqual(['o4', 'o3']);
    expect((await store().operations.list({ to: at(1), service: 'a' })).total).toBe(2);
    expect((await store().operations.list({ actor: 'nobody' })).total).toBe(0);
    await store().operations.finish('o4', { state: 'succeeded', endedAt: at(3), result: null, error: null });
    expect((await store().operations.list({ active: true })).total).toBe(4);
    expect((await store().operations.list({ active: false })).items.map((item) => item.id)).toEqual(['o4']);
  });
}

function historyPromises(store: () => Store): void {
  it('gives drills back as they were put, newest first', async () => {
    for (const n of range(3)) await store().drills.put(drillOf({ id: `d${n}`, startedAt: at(n) }));
    await store().drills.put(drillOf({ id: 'd1', startedAt: at(1), passed: false, differences: ['a/b'] }));

    const pages = await everyPage((cursor) => store().drills.list({ service: 'app', limit: 2, ...cursor }));

    expect(pages.map((drill) => drill.id)).toEqual(['d2', 'd1', 'd0']);
    expect(await store().drills.get('d1')).toEqual(
      drillOf({ id: 'd1', startedAt: at(1), passed: false, differences: ['a/b'] }),
    );
    expect(await store().drills.get('d9')).toBeNull();
    expect((await store().drills.list({ service: 'other' })).items).toEqual([]);
    const ids = async (filter: Parameters<Store['drills']['list']>[0]): Promise<string[]> =>
      (await store().drills.list(filter)).items.map((drill) => drill.id);
    await store().drills.put(drillOf({ id: 'd3', startedAt: at(3), operationId: 'op_"quoted"_%' }));
    expect(await ids({ passed: false })).toEqual(['d1']);
    expect(await ids({ passed: true })).toEqual(['d3', 'd2', 'd0']);
    expect(await ids({ operationId: 'op_"quoted"_%' })).toEqual(['d3']);
    expect(await ids({ operationId: 'op_"quoted"_x' })).toEqual([]);
  });

  it('reads every event of all time in the order of writing, while others write', async () => {
    const events = range(230).map((n) => eventOf({ service: `s${n}`, durationSeconds: n % 2 === 0 ? null : n / 4 }));
    await Promise.all(events.map((event) => store().events.add(event)));

    const read: MeasuredEvent[] = [];
    for await (const chunk of store().events.all()) {
      read.push(...chunk);
      await store().facts.set('seeded', String(read.length)); // the connection is free between two chunks
    }

    expect(read).toEqual(events);
  });
}

function auditPromises(store: () => Store): void {
  it('chains every row to the one before, also when a hundred are written at once', async () => {
    const heads = await Promise.all(
      range(100).map((n) => store().audit.append(auditOf({ action: `a${n}`, at: at(n) }))),
    );
    const rows = (await everyPage((cursor) => store().audit.list({ limit: 30, ...cursor }))).reverse();

    expect(heads.map((head) => head.count)).toEqual(range(100).map((n) => n + 1));
    expect(rows.map((row) => row.action)).toEqual(range(100).map((n) => `a${n}`));
    let previous = genesisHash;
    for (const { hash, ...row } of rows) {
      expect(hash).toBe(auditHash(previous, row));
      previous = hash;
    }
    expect(await store().audit.head()).toEqual({ count: 100, hash: previous, at: at(99) });
    const verified = await store().audit.verify([1, 100, 101]);
    expect(verified).toEqual({
      count: 100,
      brokenAt: null,
      hashes: new Map([
        [1, heads[0]?.hash],
        [100, previous],
      ]),
    });
  });

  it('is empty at first', async () => {
    expect(await store().audit.head()).toBeNull();
    expect(await store().audit.verify([1])).toEqual({ count: 0, brokenAt: null, hashes: new Map() });
  });

  it('verifies whatever text and details it was given', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const anything = fc.record({
      actor: text,
      target: fc.option(text),
      reason: fc.option(text),
      details: fc.option(fc.dictionary(text, fc.jsonValue())),
    });
    const lone: NewAuditEntry = auditOf({
      actor: 'half \ud800 pair \0 end',
      details: { '\udc00': '\ud800\0', at: new Date(0), n: -0, u: undefined },
    });
    await store().audit.append(lone);

    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 8, maxLength: 8 }), async (rows) => {
        await Promise.all(rows.map((fields) => store().audit.append(auditOf(fields))));
      }),
      { numRuns: 10 },
    );

    expect(await store().audit.verify([])).toMatchObject({ count: 81, brokenAt: null });
  });

  it('filters by action, actor, service and result', async () => {
    await store().audit.append(auditOf({ action: 'backup', actor: 'ada', service: 'a', result: 'intent' }));
    await store().audit.append(auditOf({ action: 'restore', actor: 'ada', service: 'b', result: 'denied' }));
    await store().audit.append(auditOf({ action: 'backup', actor: 'bob', service: 'b', result: 'failed' }));
    const seqs = async (filter: Parameters<Store['audit']['list']>[0]): Promise<number[]> =>
      (await store().audit.list(filter)).items.map((row) => row.seq);

    expect(await seqs({ action: 'backup' })).toEqual([3, 1]);
    expect(await seqs({ actor: 'ada' })).toEqual([2, 1]);
    expect(await seqs({ service: 'b' })).toEqual([3, 2]);
    expect(await seqs({ result: 'denied' })).toEqual([2]);
    await store().audit.append(auditOf({ action: 'verify', at: at(90), reason: 'Disk SWAP', operationId: 'op_9' }));
    expect(await seqs({ operationId: 'op_9' })).toEqual([4]);
    expect(await seqs({ q: 'disk s' })).toEqual([4]);
    expect(await seqs({ from: at(90) })).toEqual([4]);
    expect(await seqs({ to: at(90), result: 'denied' })).toEqual([2]);
    const every = (await collect(store().audit.all({}))).flat();
    expect(every.map((entry) => entry.seq)).toEqual([1, 2, 3, 4]);
    expect((await collect(store().audit.all({ q: 'verify' }))).flat().map((entry) => entry.seq)).toEqual([4]);
  });
}

function accessPromises(store: () => Store): void {
  it('allows one live token a name; a revoked or expired one gives its name back', async () => {
    await store().tokens.add(tokenOf({ id: 't1', hash: 'h1', expiresAt: at(10) }));
    await expectCode(store().tokens.add(tokenOf({ id: 't2', hash: 'h2' })), 'bad_request');
    await store().tokens.add(tokenOf({ id: 't3', hash: 'h3', createdAt: at(10) }));

    expect(await store().tokens.revoke('t3', at(11))).toBe(true);
    expect(await store().tokens.revoke('t3', at(12))).toBe(false);
    expect(await store().tokens.revoke('t9', at(12))).toBe(false);
    await store().tokens.add(tokenOf({ id: 't4', hash: 'h4', createdAt: at(13) }));

    expect((await store().tokens.list()).map((token) => token.id)).toEqual(['t1', 't3', 't4']);
    expect(await store().tokens.byHash('h3')).toEqual(
      tokenOf({ id: 't3', hash: 'h3', createdAt: at(10), revokedAt: at(11) }),
    );
    expect(await store().tokens.byHash('unknown')).toBeNull();
  });

  it('adds one of two tokens of the same name that are asked for at once', async () => {
    const both = await Promise.allSettled(['t1', 't2'].map((id) => store().tokens.add(tokenOf({ id, hash: id }))));

    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('writes the last use of a token at most once a minute', async () => {
    await store().tokens.add(tokenOf({ id: 't1', hash: 'h1' }));
    const lastUse = async (): Promise<string | null | undefined> => (await store().tokens.byHash('h1'))?.lastUsedAt;

    await store().tokens.touch('t1', at(1));
    await store().tokens.touch('t1', at(1.5));
    expect(await lastUse()).toBe(at(1));
    await store().tokens.touch('t1', at(2));
    expect(await lastUse()).toBe(at(2));
  });

  it('holds one pause a service', async () => {
    const pause = { service: 'app', by: 'ada', reason: 'move', since: at(0), until: at(60) };
    await store().pauses.set(pause);
    await store().pauses.set({ ...pause, until: at(90) });

    expect(await store().pauses.list()).toEqual([{ ...pause, until: at(90) }]);
    await store().pauses.clear('app');
    expect(await store().pauses.list()).toEqual([]);
  });

  it('holds one maintenance window a service, apart from its pause', async () => {
    const window = { service: 'app', by: 'ada', reason: 'disks', since: at(0), until: at(60) };
    await store().maintenance.set(window);
    await store().maintenance.set({ ...window, service: 'aaa' });
    await store().maintenance.set({ ...window, by: 'bob', reason: 'more disks', since: at(1), until: at(90) });

    expect(await store().maintenance.list()).toEqual([
      { ...window, service: 'aaa' },
      { service: 'app', by: 'bob', reason: 'more disks', since: at(1), until: at(90) },
    ]);
    expect(await store().pauses.list()).toEqual([]);
    await store().maintenance.clear('app');
    await store().maintenance.clear('never-there');
    expect((await store().maintenance.list()).map(({ service }) => service)).toEqual(['aaa']);
  });

  it('lists facts by prefix, taking every character for itself', async () => {
    for (const name of ['run:b', 'run:a', 'RUN:c', 'run%', 'r_n:x', 'é😀:1']) await store().facts.set(name, '1');
    await store().facts.set('run:a', '2');

    expect(await store().facts.list('run:')).toEqual([
      { name: 'run:a', value: '2' },
      { name: 'run:b', value: '1' },
    ]);
    expect((await store().facts.list('r_n')).map((fact) => fact.name)).toEqual(['r_n:x']);
    expect((await store().facts.list('é😀:')).length).toBe(1);
    expect((await store().facts.list('')).length).toBe(6);
    await store().facts.remove('run:a');
    expect(await store().facts.get('run:a')).toBeNull();
  });
}

/** The minute `n` of the tests' day. */
export function at(minute: number): string {
  return new Date(Date.UTC(2026, 10, 22, 2) + minute * 60_000).toISOString();
}

export function auditOf(fields: Partial<NewAuditEntry> = {}): NewAuditEntry {
  return {
    at: at(0),
    actor: 'ada',
    role: 'operator',
    via: 'token',
    action: 'backup',
    service: 'app',
    target: null,
    result: 'intent',
    reason: null,
    operationId: null,
    remote: '127.0.0.1',
    details: { type: 'full' },
    ...fields,
  };
}

export function operationOf(fields: Partial<NewOperation> & { readonly id: string }): NewOperation {
  return {
    kind: 'backup',
    service: 'app',
    params: { type: 'full' },
    actor: { name: 'system', role: 'system', via: 'schedule' },
    reason: null,
    idempotencyKey: null,
    requestHash: 'hash',
    createdAt: at(0),
    ...fields,
  };
}

function backupOf(fields: Partial<BackupRecord> & { readonly id: string }): BackupRecord {
  return {
    service: 'app',
    engine: 'archive',
    type: 'full',
    parent: null,
    status: 'completed',
    startedAt: at(0),
    endedAt: at(1),
    components: [],
    entries: 3,
    bytes: 2 ** 40,
    addedBytes: 5,
    storedBytes: 4,
    checksum: 'c',
    encrypted: false,
    keyFingerprint: null,
    warnings: [],
    warningCount: 0,
    ...fields,
  };
}

function drillOf(fields: Partial<DrillRecord> & { readonly id: string }): DrillRecord {
  return {
    service: 'app',
    testType: 'restore',
    backupId: 'b1',
    operationId: 'o1',
    startedAt: at(0),
    endedAt: at(1),
    passed: true,
    rtoSeconds: 1.5,
    rpoSeconds: 60,
    entriesCompared: 3,
    bytesCompared: 9,
    differences: [],
    check: null,
    source: 'primary',
    failure: null,
    ...fields,
  };
}

function eventOf(fields: Partial<MeasuredEvent> & { readonly service: string }): MeasuredEvent {
  return {
    kind: 'backup',
    at: at(0),
    labels: { backup_type: 'full', result: 'success' },
    durationSeconds: null,
    ...fields,
  };
}

function liveAlertPromises(store: () => Store): void {
  it('keeps definitions in the order in which they were made, with the newest memory', async () => {
    const [first, second] = [alertOf({ id: 'alert_b' }), alertOf({ id: 'alert_a', createdAt: at(1) })];
    await store().liveAlerts.put(second);
    await store().liveAlerts.put(first);
    const memory = { ...first.memory, active: true, held: true, triggeredAt: at(5), changes: [at(4), at(5)] };

    await store().liveAlerts.remember('alert_b', memory);

    expect(await store().liveAlerts.list()).toEqual([{ ...first, memory }, second]);
  });

  it('replaces an alert of the same id, and keeps its place', async () => {
    await store().liveAlerts.put(alertOf({ id: 'alert_1' }));
    await store().liveAlerts.put(alertOf({ id: 'alert_2', createdAt: at(1) }));
    const changed = alertOf({ id: 'alert_1', threshold: 0.5, tags: { service: 'app' } });

    await store().liveAlerts.put(changed);

    expect((await store().liveAlerts.list())[0]).toEqual(changed);
  });

  it('forgets what was removed, also when its state is told later', async () => {
    await store().liveAlerts.put(alertOf({ id: 'alert_1' }));
    await store().liveAlerts.remove('alert_1');
    await store().liveAlerts.remove('never-there');

    await store().liveAlerts.remember('alert_1', alertOf({ id: 'alert_1' }).memory);

    expect(await store().liveAlerts.list()).toEqual([]);
  });
}

function alertOf(fields: Partial<StoredAlert['definition']> & { readonly id: string }): StoredAlert {
  const definition = {
    metric: 'genesis_system_cpu_usage_ratio',
    tags: {},
    condition: '>' as const,
    threshold: 0.8,
    severity: 'warning' as const,
    message: 'busy; "quoted"',
    createdAt: at(0),
    createdBy: 'ada',
    ...fields,
  };
  const memory = {
    active: false,
    held: null,
    flapping: false,
    triggeredAt: null,
    resolvedAt: null,
    series: null,
    changes: [],
  };
  return { definition, memory };
}

function tokenOf(fields: Partial<TokenRow> & { readonly id: string }): TokenRow {
  return {
    name: 'ci',
    role: 'operator',
    hash: 'h',
    createdAt: at(0),
    createdBy: 'ada',
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
    ...fields,
  };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n);
}

async function collect<T>(chunks: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

async function everyPage<T>(page: (cursor: { readonly cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: { readonly cursor?: string } = {};
  for (;;) {
    const { items, next } = await page(cursor);
    all.push(...items);
    if (next === null) return all;
    cursor = { cursor: next };
  }
}

async function expectCode(promise: Promise<unknown>, code: OpError['code']): Promise<void> {
  const thrown: unknown = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(OpError);
  expect((thrown as OpError).code).toBe(code);
}
