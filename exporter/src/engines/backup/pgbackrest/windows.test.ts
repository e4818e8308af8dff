import { archiveWith, fork, isoAt, point, range, scanOf, segments } from './test-support.ts';
import { windowsOf, type Scan } from './windows.ts';

function factsOf(scan: Scan) {
  return windowsOf([scan], { repository: 'repository', segments: 0, version: '2.45', blockIncremental: 'unsupported' });
}

describe('windowsOf', () => {
  it('is one window from the first consistent backup to the last segment', () => {
    const facts = factsOf(scanOf(archiveWith(segments(1, range(1, 20))), [point('a', 1, 3), point('b', 1, 10, 11)]));

    expect(facts.windows).toEqual([{ from: isoAt(30), to: isoAt(200), timeline: 1, repository: 'repository' }]);
    expect(facts).toMatchObject({ gaps: [], oldestRestorableAt: isoAt(30), newestRestorableAt: isoAt(200) });
  });

  it('does not miss WAL from before the oldest backup', () => {
    expect(scanOf(archiveWith(segments(1, [1, 3, 4])), [point('a', 1, 3)]).gaps).toEqual([]);
  });

  it('ends the window at a gap and begins again with the next backup', () => {
    const facts = factsOf(
      scanOf(archiveWith(segments(1, [...range(3, 6), ...range(9, 20)])), [point('a', 1, 3), point('b', 1, 12)]),
    );

    expect(facts.gaps).toEqual([
      {
        repository: 'repository',
        timeline: 1,
        firstSegment: '000000010000000000000007',
        lastSegment: '000000010000000000000008',
        segments: 2,
        from: isoAt(60),
        to: isoAt(90),
      },
    ]);
    expect(facts.windows.map(({ from, to }) => [from, to])).toEqual([
      [isoAt(30), isoAt(60)],
      [isoAt(120), isoAt(200)],
    ]);
  });

  it('does not call WAL behind a gap recoverable while no backup follows it', () => {
    const facts = factsOf(scanOf(archiveWith(segments(1, [...range(3, 6), ...range(9, 20)])), [point('a', 1, 3)]));

    expect(facts.newestRestorableAt).toBe(isoAt(60));
  });

  it('rolls over the boundary of log files without seeing a gap', () => {
    expect(scanOf(archiveWith(segments(1, range(250, 260))), [point('a', 1, 251)]).gaps).toEqual([]);
  });

  it('tells a backup that lacks its own first or last segment, and opens no window with it', () => {
    const scan = scanOf(archiveWith(segments(1, range(4, 9))), [
      point('a', 1, 3, 4),
      point('b', 1, 9, 10),
      point('c', 1, 6),
    ]);

    expect(scan.broken).toEqual([
      { id: 'a', missing: '000000010000000000000003' },
      { id: 'b', missing: '00000001000000000000000A' },
    ]);
    expect(scan.runs.flatMap(({ backups }) => backups.map(({ id }) => id))).toEqual(['c']);
    expect(scan.gaps).toEqual([
      expect.objectContaining({ firstSegment: '000000010000000000000003', from: null, to: isoAt(40) }),
      expect.objectContaining({ firstSegment: '00000001000000000000000A', from: isoAt(90), to: null }),
    ]);
  });

  it('tells the last segment as missing when the server says that it archived it', () => {
    const archive = archiveWith(segments(1, range(3, 6)));

    expect(scanOf(archive, [point('a', 1, 3)], 8).gaps).toEqual([
      expect.objectContaining({ firstSegment: '000000010000000000000007', segments: 2, to: null }),
    ]);
    expect(scanOf(archive, [point('a', 1, 3)], 6).gaps).toEqual([]);
  });

  it('has no window without a backup, and none without WAL', () => {
    expect(factsOf(scanOf(archiveWith(segments(1, range(1, 9))), [])).windows).toEqual([]);
    expect(factsOf(scanOf(archiveWith([]), [point('a', 1, 3)]))).toMatchObject({
      windows: [],
      newestRestorableAt: null,
      oldestRestorableAt: null,
    });
  });
});

describe('timelines', () => {
  const promoted = archiveWith([...segments(1, range(3, 6)), ...segments(2, range(7, 9))], [[2, [fork(1, 7)], 75]]);

  it('goes on over a promotion: the new timeline’s file holds what the old one’s last would', () => {
    const scan = scanOf(promoted, [point('a', 1, 3)]);

    expect(scan.gaps).toEqual([]);
    expect(factsOf(scan).windows).toEqual([{ from: isoAt(30), to: isoAt(90), timeline: 2, repository: 'repository' }]);
  });

  it('tells WAL that the old primary never archived before it was lost', () => {
    const archive = archiveWith([...segments(1, range(3, 4)), ...segments(2, range(7, 9))], [[2, [fork(1, 7)], 75]]);

    expect(scanOf(archive, [point('a', 1, 3)]).gaps).toEqual([
      expect.objectContaining({ timeline: 1, firstSegment: '000000010000000000000005', segments: 2 }),
    ]);
  });

  it('has both ways where the old timeline went on after a recovery to the past', () => {
    const archive = archiveWith([...segments(1, range(3, 12)), ...segments(2, range(7, 9))], [[2, [fork(1, 7)], 130]]);
    const facts = factsOf(scanOf(archive, [point('a', 1, 3)]));

    expect(facts.windows.map(({ timeline, to }) => [timeline, to])).toEqual([
      [1, isoAt(120)],
      [2, isoAt(90)],
    ]);
    expect(facts.gaps).toEqual([]);
  });

  it('does not count a backup on a branch that the newest timeline does not go along', () => {
    const archive = archiveWith([...segments(1, range(3, 12)), ...segments(2, range(7, 9))], [[2, [fork(1, 7)], 130]]);
    const scan = scanOf(archive, [point('a', 1, 3), point('late', 1, 10)]);
    const second = scan.runs.find(({ lineage }) => lineage.timeline === 2);

    expect(second?.backups.map(({ id }) => id)).toEqual(['a']);
  });

  it('calls a timeline whose history is missing unreachable from before', () => {
    const archive = archiveWith([...segments(1, range(3, 6)), ...segments(2, range(7, 9))]);

    expect(factsOf(scanOf(archive, [point('a', 1, 3)])).newestRestorableAt).toBe(isoAt(60));
  });
});
