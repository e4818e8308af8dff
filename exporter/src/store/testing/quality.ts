import type { Store } from '../port.ts';
import { range, everyPage } from './reading.ts';
import { at, qualityOf, profileOf } from './rows.ts';

export function qualityPromises(store: () => Store): void {
  it('gives the reports of a service newest first, by pages, and the newest without its columns', async () => {
    for (const n of range(5)) await store().quality.put(qualityOf({ id: `q${n}`, at: at(n) }));
    await store().quality.put(qualityOf({ id: 'other', service: 'shop', at: at(9) }));

    const reports = await everyPage((cursor) => store().quality.list({ service: 'app', limit: 2, ...cursor }));

    expect(reports.map(({ id }) => id)).toEqual(['q4', 'q3', 'q2', 'q1', 'q0']);
    expect((await store().quality.list({})).items[0]?.id).toBe('other');
    expect(await store().quality.latest('app')).toEqual({
      ...qualityOf({ id: 'q4', at: at(4) }),
      tables: [{ name: 'public.orders', score: 0.9, divergence: 0.1, privacyRisk: null }],
    });
    expect(await store().quality.latest('none')).toBeNull();
    expect(await store().quality.get('none')).toBeNull();
  });

  it('keeps the newest four hundred reports of a service', async () => {
    for (const n of range(403)) await store().quality.put(qualityOf({ id: `q${n}`, at: at(n) }));
    await store().quality.put(qualityOf({ id: 'other', service: 'shop', at: at(0) }));

    expect(await store().quality.get('q2')).toBeNull();
    expect((await store().quality.get('q3'))?.id).toBe('q3');
    expect((await store().quality.get('other'))?.id).toBe('other');
  });

  it('has one profile a service, the last', async () => {
    await store().quality.setProfile('app', 'q1', [profileOf('public.a')]);
    await store().quality.setProfile('app', 'q2', [profileOf('public.b')]);

    expect(await store().quality.profile('app')).toEqual([profileOf('public.b')]);
    expect(await store().quality.profile('shop')).toBeNull();
  });
}
