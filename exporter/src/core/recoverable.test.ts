import type { CatalogueEntry } from '../contract/backup.ts';
import { chainOf, gapsOf, recoverable } from './recoverable.ts';
import { entryWith } from './testing.ts';

const at = (minute: number): string => new Date(Date.parse('2026-11-22T00:00:00.000Z') + minute * 60_000).toISOString();
const now = new Date(at(600));

function entryOf(change: Partial<CatalogueEntry> & { readonly id: string; readonly minute: number }): CatalogueEntry {
  const { minute, ...rest } = change;
  const components = [
    {
      name: 'data',
      status: 'completed',
      entries: 1,
      bytes: 10,
      addedBytes: 10,
      storedBytes: 5,
      warnings: 0,
      skipped: {},
      error: null,
    } as const,
  ];
  return entryWith({ service: 'shop', startedAt: at(minute), endedAt: at(minute + 1), components, ...rest });
}
const incremental = (id: string, minute: number, parent: string, change: Partial<CatalogueEntry> = {}) =>
  entryOf({ id, minute, type: 'incremental', parent, ...change });
const all = { from: null, to: null, limit: 100 };

describe('what can be brought back', () => {
  it('lists the points oldest first, each with what it rests on', () => {
    const entries = [incremental('i2', 60, 'i1'), entryOf({ id: 'f', minute: 0 }), incremental('i1', 30, 'f')];

    const { points, dataFrom, dataTo } = recoverable('shop', entries, all, 3600, now);

    expect(points.map(({ backupId, base, chainLength }) => [backupId, base, chainLength])).toEqual([
      ['f', 'f', 1],
      ['i1', 'f', 2],
      ['i2', 'f', 3],
    ]);
    expect([dataFrom, dataTo]).toEqual([at(0), at(60)]);
  });

  it('says why a backup is none: not completed, damaged, or resting on such a one or on one that is gone', () => {
    const entries = [
      entryOf({ id: 'failed', minute: 0, status: 'failed' }),
      entryOf({ id: 'bad', minute: 10, verifyResult: 'failed' }),
      incremental('on-bad', 20, 'bad'),
      incremental('orphan', 30, 'gone'),
      entryOf({ id: 'good', minute: 40, verifyResult: 'passed' }),
    ];

    const { points, unusable } = recoverable('shop', entries, all, 3600, now);

    expect(points).toMatchObject([{ backupId: 'good', verified: 'passed' }]);
    expect(unusable.map(({ backupId, why }) => [backupId, why])).toEqual([
      ['orphan', 'gone, which it builds upon, is not in the catalogue'],
      ['on-bad', 'bad, which it builds upon, cannot be used: its verification failed'],
      ['bad', 'its verification failed'],
      ['failed', 'it did not complete'],
    ]);
  });

  it('names the gaps, the last of them until now', () => {
    const entries = [0, 30, 300].map((minute) => entryOf({ id: `b${minute}`, minute }));

    expect(recoverable('shop', entries, all, 3600, now).gaps).toEqual([
      { from: at(30), to: at(300), seconds: 270 * 60 },
      { from: at(300), to: at(600), seconds: 300 * 60 },
    ]);
    expect(gapsOf([], at(0), 1)).toEqual([]);
  });

  it('keeps to the stretch and the number that were asked for, newest first kept', () => {
    const entries = [0, 10, 20, 30].map((minute) => entryOf({ id: `b${minute}`, minute }));

    const page = recoverable('shop', entries, { from: at(10), to: at(30), limit: 1 }, 3600, now);

    expect(page.points.map(({ backupId }) => backupId)).toEqual(['b20']);
    expect([page.truncated, page.dataFrom, page.dataTo]).toEqual([true, at(0), at(30)]);
    expect(page.gaps).toEqual([]);
  });

  it('knows nothing of a service without backups', () => {
    expect(recoverable('shop', [], all, 3600, now)).toMatchObject({ points: [], gaps: [], dataFrom: null });
  });
});

describe('the chain of a backup', () => {
  const entries = [
    entryOf({ id: 'f', minute: 0 }),
    incremental('i1', 10, 'f'),
    incremental('i2', 20, 'i1'),
    incremental('i3', 30, 'i2'),
    entryOf({ id: 'other', minute: 40 }),
  ];
  const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

  it('is what it builds upon and what builds upon it', () => {
    const { ancestors, dependents, complete } = chainOf(entries[1] as CatalogueEntry, entries);

    expect([ids(ancestors), ids(dependents), complete]).toEqual([['f'], ['i2', 'i3'], true]);
  });

  it('names what is missing, and ends where parents go round in a circle', () => {
    const orphan = incremental('o', 50, 'gone');
    const [a, b] = [incremental('a', 1, 'b'), incremental('b', 2, 'a')];

    expect(chainOf(orphan, [orphan])).toMatchObject({ complete: false, missing: ['gone'], ancestors: [] });
    expect(ids(chainOf(a, [a, b]).ancestors)).toEqual(['b']);
  });
});
