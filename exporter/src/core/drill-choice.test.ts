import type { CatalogueEntry } from '../contract/backup.ts';
import type { PitrFacts } from '../contract/postgres.ts';
import { ago } from '../contract/testing.ts';
import { backupBefore, chooseDrillTarget, targetInWords, type DrillWish } from './drill-choice.ts';
import { entryWith } from './testing.ts';

const entry = (id: string, startedAgo: number, change: Partial<CatalogueEntry> = {}): CatalogueEntry =>
  entryWith({ id, startedAt: ago(startedAgo), endedAt: ago(startedAgo - 10), ...change });
const entries = [entry('newest', 600), entry('middle', 3600), entry('oldest', 7200)];
const windows: PitrFacts = {
  windows: [{ from: ago(7190), to: ago(30), timeline: 1, repository: 'repository' }],
  gaps: [],
  newestRestorableAt: ago(30),
  oldestRestorableAt: ago(7190),
  segments: 10,
  blockIncremental: 'unsupported',
  version: '2.45',
};
const wish = (change: Partial<DrillWish> = {}): DrillWish => ({
  wanted: null,
  recovery: null,
  windows,
  variety: 0.25,
  dice: [0.9, 0.5],
  ...change,
});

describe('chooseDrillTarget', () => {
  it('takes the newest state most of the time', () => {
    expect(chooseDrillTarget(entries, wish())).toMatchObject({ entry: { id: 'newest' }, recovery: { type: 'latest' } });
  });

  it('takes a second inside the window by turns, with the backup before it', () => {
    for (const place of [0, 0.2, 0.4, 0.6, 0.8, 0.99]) {
      const { entry: chosen, recovery } = chooseDrillTarget(entries, wish({ dice: [0.1, place] }));
      if (recovery.type !== 'time') throw new Error(`took ${targetInWords(recovery)}`);
      expect(recovery.at > ago(7191) && recovery.at < ago(85)).toBe(true);
      expect(chosen?.id).toBe(backupBefore(entries, recovery.at)?.id);
    }
  });

  it('takes an older backup by turns where there is no window', () => {
    const { entry: chosen, recovery } = chooseDrillTarget(entries, wish({ windows: null, dice: [0.1, 0.99] }));
    expect(chosen?.id).toBe('oldest');
    expect(recovery).toEqual({ type: 'immediate' });
  });

  it('takes what was asked for, and nothing else', () => {
    const at = ago(3000);
    expect(chooseDrillTarget(entries, wish({ wanted: 'middle', dice: [0, 0] })).entry?.id).toBe('middle');
    expect(chooseDrillTarget(entries, wish({ wanted: 'gone', dice: [0, 0] })).entry).toBeNull();
    expect(chooseDrillTarget(entries, wish({ recovery: { type: 'time', at }, dice: [0, 0] }))).toMatchObject({
      entry: { id: 'middle' },
      recovery: { type: 'time', at },
    });
  });

  it('never takes a backup that cannot be used', () => {
    const damaged = [entry('newest', 600, { verifyResult: 'failed' }), entry('middle', 3600)];
    expect(chooseDrillTarget(damaged, wish()).entry?.id).toBe('middle');
    expect(backupBefore(damaged, ago(0))?.id).toBe('middle');
    expect(backupBefore(entries, ago(7189.5))).toBeNull();
  });

  it('has a word for every target', () => {
    expect(
      [
        { type: 'latest' } as const,
        { type: 'immediate' } as const,
        { type: 'time', at: 't' } as const,
        { type: 'lsn', lsn: '0/1' } as const,
        { type: 'xid', xid: '7' } as const,
        { type: 'name', name: 'n' } as const,
      ].map(targetInWords),
    ).toEqual(['latest', 'immediate', 'time t', 'lsn 0/1', 'xid 7', 'name n']);
  });
});
