import { movedBy, notAfter } from './scaling-times.ts';

const now = new Date('2026-03-02T12:00:00.000Z');
const at = (minutes: number): string => new Date(+now + minutes * 60_000).toISOString();
const kept = { lastUpAt: at(-5), lastDownAt: null, lastByMetric: { cpu: at(-3) }, other: 1 };

it('moves with the clock that was set', () => {
  expect(movedBy(kept, -3_600_000)).toEqual({
    ...{ lastUpAt: at(-65), lastDownAt: null, lastByMetric: { cpu: at(-63) }, other: 1 },
  });
});

it('is no later than now, beyond what clocks differ', () => {
  expect(notAfter(kept, now)).toBe(kept);
  const close = { ...kept, lastUpAt: at(0.5) };
  expect(notAfter(close, now)).toBe(close);
  expect(notAfter({ ...kept, lastDownAt: at(60) }, now)).toEqual({ ...kept, lastDownAt: at(0) });
  expect(notAfter({ ...kept, lastByMetric: { cpu: at(60) } }, now)).toEqual({ ...kept, lastByMetric: { cpu: at(0) } });
});
