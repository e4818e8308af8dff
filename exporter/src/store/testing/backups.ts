import fc from 'fast-check';
import { backupOrders, type BackupOrder } from '../../contract/backup.ts';
import type { Store } from '../port.ts';
import { everyPage, expectCode } from './reading.ts';
import { at, backupOf } from './rows.ts';

export function backupPromises(store: () => Store): void {
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
