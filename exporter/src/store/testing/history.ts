import type { MeasuredEvent, Store } from '../port.ts';
import { range, everyPage } from './reading.ts';
import { at, drillOf, eventOf } from './rows.ts';

export function historyPromises(store: () => Store): void {
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
