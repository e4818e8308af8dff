import type { Store } from './port.ts';
import { accessPromises } from './testing/access.ts';
import { auditPromises } from './testing/audit.ts';
import { backupPromises } from './testing/backups.ts';
import { historyPromises } from './testing/history.ts';
import { liveAlertPromises } from './testing/live-alerts.ts';
import { operationPromises } from './testing/operations.ts';
import { qualityPromises } from './testing/quality.ts';
import { collect, range } from './testing/reading.ts';
import {
  at,
  auditOf,
  operationOf,
  backupOf,
  drillOf,
  eventOf,
  qualityOf,
  profileOf,
  alertOf,
  tokenOf,
} from './testing/rows.ts';

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
    describe('quality of restored data', () => qualityPromises(current));

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
      await store.quality.put(qualityOf({ id: 'q1' }));
      await store.quality.setProfile('app', 'q1', [profileOf('public.orders')]);

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
      expect(await again.quality.get('q1')).toEqual(qualityOf({ id: 'q1' }));
      expect(await again.quality.profile('app')).toEqual([profileOf('public.orders')]);
    });

    it('exports while others write', async () => {
      const [bytes] = await Promise.all([store.export(), ...range(20).map((n) => store.facts.set(`f${n}`, 'x'))]);

      expect(bytes.length).toBeGreaterThan(0);
      expect((await store.facts.list('f')).length).toBe(20);
    });
  });
}
