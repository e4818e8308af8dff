import type { Store } from '../port.ts';
import { at, alertOf } from './rows.ts';

export function liveAlertPromises(store: () => Store): void {
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
