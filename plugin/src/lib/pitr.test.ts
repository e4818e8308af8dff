import type { PitrFacts } from '@genesis-dr/exporter/contract';
import {
  baseOf,
  draftOfTarget,
  gapStretches,
  nearestReachable,
  pitrMoment,
  plannedRecovery,
  targetOf,
  windowStretches,
} from './pitr.ts';

const at = (clock: string): string => `2026-11-22T${clock}.000Z`;
const ms = (clock: string): number => Date.parse(at(clock));

const pitr: PitrFacts = {
  windows: [
    { from: at('02:00:10'), to: at('04:00:00'), timeline: 1, repository: 'far' },
    { from: at('02:00:10'), to: at('03:00:00'), timeline: 1, repository: 'repository' },
    { from: at('05:00:00'), to: at('06:00:00'), timeline: 2, repository: 'repository' },
  ],
  gaps: [
    {
      repository: 'repository',
      timeline: 1,
      firstSegment: '000000010000000000000007',
      lastSegment: '000000010000000000000008',
      segments: 2,
      from: at('04:10:00'),
      to: at('04:50:00'),
    },
  ],
  newestRestorableAt: at('06:00:00'),
  oldestRestorableAt: at('02:00:10'),
  segments: 30,
  blockIncremental: 'unsupported',
  version: '2.45',
};

describe('a moment on the timeline of a service that keeps its WAL', () => {
  it('is exact inside a window, of the repository before a copy', () => {
    expect(pitrMoment(pitr, ms('02:30:00'))).toEqual({ kind: 'exact', window: pitr.windows[1] });
    expect(pitrMoment(pitr, ms('03:30:00'))).toEqual({ kind: 'exact', window: pitr.windows[0] });
  });

  it('is told apart inside a gap and outside of everything', () => {
    expect(pitrMoment(pitr, ms('04:30:00'))).toMatchObject({ kind: 'gap', gap: { segments: 2 } });
    expect(pitrMoment(pitr, ms('01:00:00'))).toEqual({ kind: 'outside' });
    expect(pitrMoment({ ...pitr, gaps: [{ ...pitr.gaps[0]!, to: null }] }, ms('09:00:00'))).toMatchObject({
      kind: 'gap',
    });
  });

  it('leads to the nearest moment that can be had', () => {
    expect(nearestReachable(pitr, ms('01:00:00'))).toBe(ms('02:00:10'));
    expect(nearestReachable(pitr, ms('04:20:00'))).toBe(ms('04:00:00'));
    expect(nearestReachable(pitr, ms('05:30:00'))).toBe(ms('05:30:00'));
    expect(nearestReachable({ ...pitr, windows: [] }, ms('05:30:00'))).toBeNull();
  });

  it('begins with the newest backup that had ended by then', () => {
    const point = (id: string, ended: string) => ({
      backupId: id,
      dataAt: at('00:00:00'),
      endedAt: at(ended),
      type: 'full' as const,
      verified: 'never' as const,
    });
    const points = [point('a', '02:00:10'), point('b', '05:00:00')];

    expect(baseOf(points, ms('05:00:00'))?.backupId).toBe('a');
    expect(baseOf(points, ms('05:00:01'))?.backupId).toBe('b');
    expect(baseOf(points, ms('01:00:00'))).toBeNull();
  });

  it('draws windows of several repositories as one where they overlap', () => {
    expect(windowStretches(pitr.windows)).toEqual([
      { fromMs: ms('02:00:10'), toMs: ms('04:00:00') },
      { fromMs: ms('05:00:00'), toMs: ms('06:00:00') },
    ]);
  });

  it('draws a gap without an end up to the edge', () => {
    const range = { fromMs: ms('00:00:00'), toMs: ms('07:00:00') };

    expect(gapStretches([{ ...pitr.gaps[0]!, from: null, to: null }], range)).toEqual([range]);
  });
});

describe('how far to replay', () => {
  it.each([
    [{ type: 'latest', at: '', text: '' }, { type: 'latest' }],
    [
      { type: 'time', at: '2026-11-22T03:00:00+01:00', text: '' },
      { type: 'time', at: at('02:00:00') },
    ],
    [
      { type: 'lsn', at: '', text: ' 0/3a000028 ' },
      { type: 'lsn', lsn: '0/3A000028' },
    ],
    [
      { type: 'xid', at: '', text: '771' },
      { type: 'xid', xid: '771' },
    ],
    [
      { type: 'name', at: '', text: 'before_upgrade' },
      { type: 'name', name: 'before_upgrade' },
    ],
  ] as const)('%j is %j', (draft, target) => {
    expect(targetOf(draft)).toEqual(target);
    expect(targetOf(draftOfTarget(target))).toEqual(target);
  });

  it.each([
    { type: 'time', at: '', text: '' },
    { type: 'lsn', at: '', text: '3A000028' },
    { type: 'xid', at: '', text: '-1' },
    { type: 'name', at: '', text: ' ' },
  ] as const)('%j is not complete', (draft) => {
    expect(targetOf(draft)).toBeNull();
  });

  it('reads what a plan says, and takes nothing for granted', () => {
    expect(plannedRecovery({})).toBeNull();
    expect(plannedRecovery({ recovery: { reachable: false, problem: 'inside a gap', timeline: 'x' } })).toEqual({
      reachable: false,
      problem: 'inside a gap',
      walFrom: null,
      walTo: null,
      timeline: null,
      dataAsOf: null,
      lost: null,
    });
  });
});
