import fc from 'fast-check';
import { expectSeconds } from './expectation.ts';

const took = (seconds: number, bytes: number | null = null) => ({ seconds, bytes });

it('does not guess where nothing like it was done before', () => {
  expect(expectSeconds([], 1000)).toEqual({ known: false, why: 'nothing like it has succeeded here before' });
});

it('takes the median of the newest five', () => {
  const history = [10, 12, 11, 100, 9, 5000].map((seconds) => took(seconds));

  expect(expectSeconds(history, null)).toEqual({ known: true, seconds: 11, source: 'median of the last 5' });
  expect(expectSeconds([took(7)], null)).toEqual({ known: true, seconds: 7, source: 'median of the last one' });
  expect(expectSeconds([took(4), took(8)], 5)).toMatchObject({ seconds: 6 });
});

it('scales by size only where sizes are known and differ much, and never far', () => {
  const mib = 1024 * 1024;
  const history = [took(10, 100 * mib), took(20, 200 * mib), took(30, 300 * mib)];

  expect(expectSeconds(history, 250 * mib)).toMatchObject({ seconds: 20, source: 'median of the last 3' });
  expect(expectSeconds(history, 1000 * mib)).toMatchObject({
    seconds: 100,
    source: 'median of the last 3, for this size',
  });
  expect(expectSeconds(history, 20_000 * mib)).toEqual({
    known: false,
    why: 'only much smaller ones have succeeded here before',
  });
  expect(expectSeconds([...history, took(9)], 1000 * mib)).toMatchObject({ source: 'median of the last 4' });
});

it('takes small ones as they were: starting up is what takes long there', () => {
  expect(expectSeconds([took(1.5, 20_000)], 10 * 1024 * 1024)).toMatchObject({ seconds: 1.5 });
});

it('never says less than nothing', () => {
  const history = fc.array(
    fc.record({ seconds: fc.float({ min: 0, max: 1e6, noNaN: true }), bytes: fc.option(fc.nat()) }),
  );
  fc.assert(
    fc.property(history, fc.option(fc.nat()), (measured, bytes) => {
      const expected = expectSeconds(measured, bytes);
      if (expected.known) expect(expected.seconds >= 0 && Number.isFinite(expected.seconds)).toBe(true);
      if (measured.length === 0) expect(expected.known).toBe(false);
    }),
  );
});
