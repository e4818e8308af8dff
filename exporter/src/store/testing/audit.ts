import fc from 'fast-check';
import { auditHash, genesisHash } from '../audit-hash.ts';
import type { NewAuditEntry, Store } from '../port.ts';
import { range, collect, everyPage } from './reading.ts';
import { at, auditOf } from './rows.ts';

export function auditPromises(store: () => Store): void {
  it('chains every row to the one before, also when a hundred are written at once', async () => {
    const heads = await Promise.all(
      range(100).map((n) => store().audit.append(auditOf({ action: `a${n}`, at: at(n) }))),
    );
    const rows = (await everyPage((cursor) => store().audit.list({ limit: 30, ...cursor }))).reverse();

    expect(heads.map((head) => head.count)).toEqual(range(100).map((n) => n + 1));
    expect(rows.map((row) => row.action)).toEqual(range(100).map((n) => `a${n}`));
    expect((await store().audit.list({ seq: 42 })).items.map((row) => row.action)).toEqual(['a41']);
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
