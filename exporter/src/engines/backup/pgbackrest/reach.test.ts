import type { RecoveryTarget } from '../../../contract/postgres.ts';
import { reach, type Reach } from './reach.ts';
import type { Archive } from './segments.ts';
import { archiveWith, fork, isoAt, point, range, scanOf, second, segments } from './test-support.ts';
import type { BackupPoint } from './windows.ts';

const backups = [point('a', 1, 3), point('b', 1, 10, 11)];

function ask(
  target: RecoveryTarget,
  wanted: BackupPoint,
  archive: Archive,
  all: readonly BackupPoint[] = backups,
): Reach {
  return reach({
    target,
    wanted,
    scan: scanOf(archive, all),
    segmentBytes: archive.segmentBytes,
    begunAtMs: archive.begunAtMs,
    nowMs: second(500),
  });
}
const at = (n: number): RecoveryTarget => ({ type: 'time', at: isoAt(n) });
const [a, b] = [backups[0] as BackupPoint, backups[1] as BackupPoint];
const whole = archiveWith(segments(1, range(1, 20)));
const withGap = archiveWith(segments(1, [...range(1, 6), ...range(9, 20)]));

describe('reach', () => {
  it('tells the backup, the WAL, the moment and what would be lost', () => {
    expect(ask(at(100), a, whole)).toMatchObject({
      backup: { id: 'a' },
      isAtTheEdge: false,
      facts: {
        reachable: true,
        problem: null,
        walFrom: '000000010000000000000003',
        walTo: '000000010000000000000014',
        timeline: 1,
        dataAsOf: isoAt(100),
        lost: `what was committed after ${isoAt(100)} until now (${isoAt(500)})`,
      },
    });
  });

  it('takes the backup that was asked for while it can serve, else the newest that can', () => {
    expect(ask(at(150), a, whole).backup?.id).toBe('a');
    expect(ask(at(100), b, whole).backup?.id).toBe('a');
    expect(ask(at(150), a, withGap).backup?.id).toBe('b');
  });

  it.each([
    ['before the first backup is consistent', at(29), whole],
    ['behind the last segment', at(201), whole],
    ['inside a gap', at(80), withGap],
  ])('refuses a moment %s', (_, target, archive) => {
    const found = ask(target, a, archive);

    expect(found.backup).toBeNull();
    expect(found.facts).toMatchObject({ reachable: false, dataAsOf: null });
    expect(found.facts.problem).toMatch(/cannot be reached: /);
  });

  it('marks a moment behind the last segment but one: only that segment tells whether a commit follows', () => {
    expect(ask(at(195), a, whole)).toMatchObject({
      isAtTheEdge: true,
      lastSegments: expect.arrayContaining(['000000010000000000000014']) as string[],
    });
  });

  it('goes to the newest state from any backup that leads there', () => {
    expect(ask({ type: 'latest' }, a, whole).backup?.id).toBe('a');
    expect(ask({ type: 'latest' }, a, withGap).backup?.id).toBe('b');
  });

  it('refuses the newest state where a gap follows every backup, and names it', () => {
    const found = ask({ type: 'latest' }, a, withGap, [a]);

    expect(found.backup).toBeNull();
    expect(found.facts.problem).toMatch(/000000010000000000000007 to 000000010000000000000008/);
    expect(found.facts.problem).toContain(isoAt(60));
  });

  it('refuses the newest state when the server archived more than there is', () => {
    const scan = scanOf(whole, backups, 22);

    expect(
      reach({
        target: { type: 'latest' },
        wanted: a,
        scan,
        segmentBytes: whole.segmentBytes,
        begunAtMs: new Map(),
        nowMs: 0,
      }).facts,
    ).toMatchObject({ reachable: false });
  });

  it('takes only the backup itself for its end, and refuses one that lacks its own WAL', () => {
    expect(ask({ type: 'immediate' }, b, whole)).toMatchObject({
      backup: { id: 'b' },
      facts: { dataAsOf: isoAt(110), walTo: '00000001000000000000000B' },
    });
    const broken = ask({ type: 'immediate' }, b, archiveWith(segments(1, range(1, 10))));
    expect(broken.facts).toMatchObject({ reachable: false });
    expect(broken.facts.problem).toMatch(/B itself lacks 00000001000000000000000B/);
  });

  it('reaches a position that the WAL holds behind the end of a backup', () => {
    const lsn = (text: string): RecoveryTarget => ({ type: 'lsn', lsn: text });

    expect(ask(lsn('0/5000000'), b, whole).backup?.id).toBe('a');
    expect(ask(lsn('0/C000000'), b, whole)).toMatchObject({
      backup: { id: 'b' },
      facts: { walTo: '00000001000000000000000C', dataAsOf: null },
    });
    expect(ask(lsn('0/15000000'), b, whole).facts.reachable).toBe(false);
    expect(ask(lsn('0/1000000'), b, whole).facts.reachable).toBe(false);
    expect(ask(lsn('nonsense'), b, whole).facts.problem).toMatch(/no position/);
  });

  it.each([
    { type: 'xid', xid: '731' },
    { type: 'name', name: 'before_release' },
  ] as const)('leaves %o to the replay and says so', (target) => {
    const found = ask(target, b, whole);

    expect(found.facts).toMatchObject({ reachable: true, dataAsOf: null });
    expect(found.facts.lost).toMatch(/only the replay tells/);
  });

  describe('after a recovery to the past', () => {
    // Timeline 2 was forked off in segment 7 (second 70), and begun at second 130.
    const two = archiveWith(
      [
        ...segments(1, range(1, 12)),
        ...range(7, 9).map((number) => ({ timeline: 2, number, archivedAtMs: second(130 + number) })),
      ],
      [[2, [fork(1, 7)], 130]],
    );

    it('takes the timeline that a moment was lived on', () => {
      expect(ask(at(100), a, two, [a]).facts.timeline).toBe(1);
      expect(ask(at(135), a, two, [a]).facts.timeline).toBe(2);
      expect(ask({ type: 'latest' }, a, two, [a]).facts.timeline).toBe(2);
    });

    it('does not go to the newest state from a backup of the branch that was left', () => {
      const late = point('late', 1, 10);

      expect(ask({ type: 'latest' }, late, two, [late]).facts).toMatchObject({ reachable: false });
      expect(ask({ type: 'latest' }, late, two, [a, late]).backup?.id).toBe('a');
    });
  });
});
