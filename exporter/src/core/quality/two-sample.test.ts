import { readFileSync } from 'node:fs';
import { kolmogorovSurvival } from './kolmogorov.ts';
import { chiSquare, kolmogorovSmirnov, type Ordered } from './two-sample.ts';

type Rule = { count: number; step: number; modulus: number; scale: number; shift: number };
interface Reference<Sample> {
  readonly name: string;
  readonly a: Sample;
  readonly b: Sample;
  readonly statistic: number;
  readonly pValue: number;
}

/** Written by testdata/scipy-references.py. */
const scipy = JSON.parse(readFileSync(new URL('./testdata/scipy-1.17.1.json', import.meta.url), 'utf8')) as {
  readonly ks: readonly Reference<readonly number[] | Rule>[];
  readonly chi: readonly Reference<readonly number[]>[];
  readonly survival: readonly { readonly n: number; readonly x: number; readonly value: number }[];
};

function ordered(sample: readonly number[] | Rule): Ordered {
  const values =
    'count' in sample
      ? Float64Array.from(
          { length: sample.count },
          (_, i) => sample.shift + (sample.scale * (((i + 1) * sample.step) % sample.modulus)) / sample.modulus,
        )
      : Float64Array.from(sample);
  return { points: values.sort(), count: values.length };
}

const tolerance = 1e-6;

describe('statistics against SciPy', () => {
  it.each(scipy.ks.map((reference) => [reference.name, reference] as const))('ks_2samp: %s', (_, reference) => {
    const { statistic, pValue, effect } = kolmogorovSmirnov(ordered(reference.a), ordered(reference.b));

    expect(Math.abs(statistic - reference.statistic)).toBeLessThan(tolerance);
    expect(Math.abs(pValue - reference.pValue)).toBeLessThan(tolerance);
    expect(effect).toBe(statistic);
  });

  it.each(scipy.chi.map((reference) => [reference.name, reference] as const))(
    'chi2_contingency: %s',
    (_, reference) => {
      const { statistic, pValue } = chiSquare(reference.a, reference.b);

      expect(Math.abs(statistic - reference.statistic)).toBeLessThan(tolerance);
      expect(Math.abs(pValue - reference.pValue)).toBeLessThan(tolerance);
    },
  );

  it('kstwo.sf over sizes from 1 to 50,000, in every region of the methods', () => {
    const wrong = scipy.survival.filter(({ n, x, value }) => Math.abs(kolmogorovSurvival(n, x) - value) > 1e-9);

    expect(scipy.survival.length).toBeGreaterThan(250);
    expect(wrong).toEqual([]);
  });

  it('has at least ten references of each test', () => {
    expect(Math.min(scipy.ks.length, scipy.chi.length)).toBeGreaterThanOrEqual(10);
  });
});

describe('kolmogorovSmirnov()', () => {
  it('takes a thousand points for a whole sample: D moves by at most half a thousandth', () => {
    const rule = { step: 15_485_863, modulus: 1_000_003, scale: 1, shift: 0 };
    const [a, b] = [ordered({ ...rule, count: 50_000 }), ordered({ ...rule, count: 50_000, shift: 0.07 })];
    const sketch = {
      count: a.count,
      points: Array.from({ length: 1000 }, (_, i) => a.points[Math.floor((i + 0.5) * 50)] ?? 0),
    };

    const exact = kolmogorovSmirnov(a, b);
    const bySketch = kolmogorovSmirnov(sketch, b);

    expect(Math.abs(bySketch.statistic - exact.statistic)).toBeLessThanOrEqual(0.0005);
  });

  it('finds no evidence in a pair of single values', () => {
    expect(kolmogorovSmirnov({ points: [1], count: 1 }, { points: [2], count: 1 })).toEqual({
      statistic: 1,
      pValue: 1,
      effect: 1,
    });
  });
});

describe('chiSquare()', () => {
  it('measures by Cramér’s V: 0 where alike, 1 where nothing is in common, whatever the size', () => {
    expect(chiSquare([10, 20], [1000, 2000]).effect).toBeCloseTo(0, 12);
    expect(chiSquare([7, 0], [0, 900]).effect).toBeCloseTo(1, 12);
  });

  it('knows probabilities too small for a number as 0', () => {
    expect(chiSquare([1e6, 1], [1, 1e6]).pValue).toBe(0);
    expect(kolmogorovSurvival(50_000, 0.085)).toBe(0);
    expect(kolmogorovSurvival(1000, 0.6)).toBeLessThan(1e-300);
  });

  it('has nothing to say of one category', () => {
    expect(chiSquare([5, 0], [9, 0])).toEqual({ statistic: 0, pValue: 1, effect: 0 });
  });
});
