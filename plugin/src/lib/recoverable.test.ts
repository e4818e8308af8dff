import { firstSpan, marksOf, neighbour, rangeOf, reachAt, type RecoverablePoint } from './recoverable.ts';

const hourMs = 3_600_000;
const now = Date.parse('2026-11-22T12:00:00Z');

function pointAt(hoursAgo: number): RecoverablePoint {
  const dataAt = new Date(now - hoursAgo * hourMs).toISOString();
  return { backupId: `b${hoursAgo}`, dataAt, endedAt: dataAt, type: 'incremental', verified: 'passed' };
}

describe('what can be reached', () => {
  it('as of a moment is the newest state at or before it, and says how far behind the data is', () => {
    const usable = [pointAt(4), pointAt(2)];

    expect(reachAt(usable, now - 3 * hourMs)).toEqual({ point: pointAt(4), behindSeconds: 3600, later: pointAt(2) });
    expect(reachAt(usable, now - 2 * hourMs).behindSeconds).toBe(0);
    expect(reachAt(usable, now).later).toBeNull();
  });

  it('leaves out a state that was still being copied at the moment: it may hold what was deleted after it', () => {
    const copying = { ...pointAt(2), endedAt: pointAt(1).dataAt };

    expect(reachAt([pointAt(4), copying], now - 1.5 * hourMs)).toMatchObject({ point: pointAt(4), later: copying });
    expect(reachAt([pointAt(4), copying], now - hourMs)).toMatchObject({ point: copying, behindSeconds: 3600 });
  });

  it('is nothing before the oldest state: the next one is named, never silently taken', () => {
    expect(reachAt([pointAt(4)], now - 5 * hourMs)).toEqual({ point: null, behindSeconds: null, later: pointAt(4) });
    expect(reachAt([], now)).toEqual({ point: null, behindSeconds: null, later: null });
  });
});

describe('the drawn timeline', () => {
  it('opens on the shortest span that shows four states, or all of them', () => {
    expect(firstSpan([pointAt(0.5), pointAt(0.2)], now)).toBe('hour');
    expect(firstSpan([pointAt(5), pointAt(3)], now)).toBe('day');
    expect(firstSpan([100, 90, 80, 3].map(pointAt), now)).toBe('week');
    expect(firstSpan([pointAt(10_000), pointAt(3)], now)).toBe('all');
  });

  it('has a range with a length also when there is nothing or only a state of this moment', () => {
    for (const points of [[], [pointAt(0)]]) {
      const range = rangeOf(points, 'all', now);

      expect(range.toMs - range.fromMs).toBeGreaterThanOrEqual(hourMs);
    }
  });

  it('draws no more marks than there is room for, and counts those that share one', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => pointAt((10_000 - index) / 100));
    const marks = marksOf(many, rangeOf(many, 'all', now), 200);

    expect(marks.length).toBeLessThanOrEqual(201);
    expect(marks.reduce((sum, mark) => sum + mark.count, 0)).toBe(10_000);
  });

  it('steps from state to state with the arrow keys and stops at the ends', () => {
    const usable = [pointAt(4), pointAt(2)];
    const at = (hours: number) => now - hours * hourMs;

    expect(neighbour(usable, at(4), 1)?.backupId).toBe('b2');
    expect(neighbour(usable, at(2), 1)).toBeNull();
    expect(neighbour(usable, at(2), -1)?.backupId).toBe('b4');
    expect(neighbour(usable, at(4), -1)).toBeNull();
  });
});
