import { chiSquareSurvival } from './cephes.ts';
import { kolmogorovSurvival } from './kolmogorov.ts';

/** Statistical tests of two samples, as SciPy computes them. Checked against recorded results of SciPy (testdata/). */

export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
  /** 0 (alike) to 1 (nothing in common), whatever the sample size. */
  readonly effect: number;
}

/** One side of a Kolmogorov–Smirnov test. */
export interface Ordered {
  /** Ascending; all values of the sample, or points that stand for as many of them each. */
  readonly points: ArrayLike<number>;
  /** Values of the sample. */
  readonly count: number;
}

/**
 * Two-sided two-sample Kolmogorov–Smirnov test: SciPy's `ks_2samp(a, b, method='asymp')`, which takes the distribution of one sample of
 * round(m n / (m + n)) values. The effect is D itself. Both sides need a value; a pair of single values has the p-value 1.
 */
export function kolmogorovSmirnov(a: Ordered, b: Ordered): TestResult {
  const statistic = largestGap(a.points, b.points);
  const size = roundHalfEven((a.count * b.count) / (a.count + b.count));
  return { statistic, pValue: size < 1 ? 1 : kolmogorovSurvival(size, statistic), effect: statistic };
}

/** Largest distance of the two step functions. */
function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= value) i += 1;
    while (j < b.length && b[j]! <= value) j += 1;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

/** As NumPy rounds: 2.5 is 2, 3.5 is 4. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Chi-square test of a table of two rows, without correction: SciPy's `chi2_contingency([a, b], correction=False)`. Columns without any
 * count are left out. The effect is Cramér's V. Both rows need a count; a single column has the statistic 0 and the p-value 1.
 */
export function chiSquare(a: readonly number[], b: readonly number[]): TestResult {
  const columns = a.map((count, i) => [count, b[i] ?? 0] as const).filter(([x, y]) => x + y > 0);
  const inA = columns.reduce((sum, [x]) => sum + x, 0);
  const inB = columns.reduce((sum, [, y]) => sum + y, 0);
  const all = inA + inB;
  const statistic = columns.reduce((sum, [x, y]) => {
    const [expectedA, expectedB] = [((x + y) * inA) / all, ((x + y) * inB) / all];
    return sum + (x - expectedA) ** 2 / expectedA + (y - expectedB) ** 2 / expectedB;
  }, 0);
  const freedom = columns.length - 1;
  if (freedom < 1) return { statistic: 0, pValue: 1, effect: 0 };
  const pValue = statistic === 0 ? 1 : chiSquareSurvival(freedom, statistic);
  return { statistic, pValue, effect: Math.min(1, Math.sqrt(statistic / all)) };
}
