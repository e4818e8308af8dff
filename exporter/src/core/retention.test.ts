import fc from 'fast-check';
import type { CatalogueEntry } from '../contract/backup.ts';
import { decideRetention } from './retention.ts';
import { daysBefore, entryWith } from './testing.ts';

const now = new Date('2026-03-31T12:00:00Z');
const policy = { fullDays: 30, incrementalDays: 7, fullCount: 10 };

function full(id: string, days: number, fields: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return entryWith({ id, type: 'full', startedAt: daysBefore(now, days), ...fields });
}
function incremental(id: string, parent: string, days: number, fields: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return entryWith({ id, type: 'incremental', parent, startedAt: daysBefore(now, days), ...fields });
}

describe('decideRetention', () => {
  it('expires fulls beyond their days and incrementals beyond theirs', () => {
    const entries = [full('old', 40), incremental('stale', 'old', 8), full('new', 1)];

    expect(decideRetention(entries, policy, now).map((e) => e.id)).toEqual(['stale', 'old']);
  });

  it('keeps an old full as long as a kept incremental builds upon it', () => {
    const entries = [full('old', 40), incremental('young', 'old', 2), full('new', 1)];

    expect(decideRetention(entries, policy, now)).toEqual([]);
  });

  it('counts only full backups, and takes the oldest beyond the count', () => {
    const fulls = Array.from({ length: 12 }, (_, i) => full(`f${i}`, i));
    const snapshot = entryWith({ id: 'snap', type: 'snapshot', keep: true, startedAt: daysBefore(now, 29) });

    expect(decideRetention([...fulls, snapshot], policy, now).map((e) => e.id)).toEqual(['f10', 'f11']);
  });

  it('never takes the newest backup, nor the newest verified one, however old', () => {
    const entries = [full('verified', 90, { verifyResult: 'passed' }), full('newest', 60)];

    expect(decideRetention(entries, policy, now)).toEqual([]);
  });

  it('never takes what is marked keep or in use', () => {
    const entries = [full('kept', 90, { keep: true }), full('used', 80), full('gone', 70), full('new', 1)];

    expect(decideRetention(entries, policy, now, new Set(['used'])).map((e) => e.id)).toEqual(['gone']);
  });

  it('leaves, at every point of the deletion, each remaining backup with all it builds upon', () => {
    const chains = fc.array(
      fc.record({
        days: fc.integer({ min: 0, max: 80 }),
        length: fc.integer({ min: 0, max: 6 }),
        keep: fc.boolean(),
        verified: fc.boolean(),
      }),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(chains, (list) => {
        const entries = list.flatMap((chain, i) => {
          const root = full(`f${i}`, chain.days + 0.5, {
            keep: chain.keep,
            verifyResult: chain.verified ? 'passed' : null,
          });
          return [
            root,
            ...Array.from({ length: chain.length }, (_, n) =>
              incremental(`f${i}i${n}`, n === 0 ? root.id : `f${i}i${n - 1}`, Math.max(0, chain.days - n * 0.1)),
            ),
          ];
        });
        const left = new Set(entries.map((e) => e.id));
        for (const { id } of decideRetention(entries, policy, now)) {
          left.delete(id);
          for (const entry of entries)
            if (left.has(entry.id) && entry.parent !== null) expect(left.has(entry.parent)).toBe(true);
        }
        expect(left.size).toBeGreaterThan(0);
        for (const entry of entries) if (entry.keep) expect(left.has(entry.id)).toBe(true);
      }),
    );
  });
});
