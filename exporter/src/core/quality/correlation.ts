import type { SampleColumn } from './sample.ts';

/** Pearson's coefficients of the numeric columns. */
export interface Correlation {
  readonly columns: readonly string[];
  /** Of each pair (0,1), (0,2) … (1,2) …; null where one of the two is constant or fewer than three rows have both. */
  readonly coefficients: readonly (number | null)[];
}

/** Columns in a matrix, at most: 780 pairs. */
const maxColumns = 40;

export function correlationOf(columns: readonly SampleColumn[]): Correlation {
  const numeric = columns.flatMap((c) => ('values' in c && c.form === 'numeric' ? [c] : [])).slice(0, maxColumns);
  const coefficients: (number | null)[] = [];
  numeric.forEach((a, i) => {
    for (const b of numeric.slice(i + 1)) coefficients.push(pearson(a.values, b.values));
  });
  return { columns: numeric.map((c) => c.name), coefficients };
}

/** Over rows that have both values. */
function pearson(a: Float64Array, b: Float64Array): number | null {
  let [count, meanA, meanB, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i]!, b[i]!];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    count += 1;
    const fromA = x - meanA;
    const fromB = y - meanB;
    meanA += fromA / count;
    meanB += fromB / count;
    aa += fromA * (x - meanA);
    bb += fromB * (y - meanB);
    ab += fromA * (y - meanB);
  }
  if (count < 3 || aa <= 0 || bb <= 0) return null;
  const r = ab / Math.sqrt(aa * bb);
  return Number.isFinite(r) ? Math.max(-1, Math.min(1, r)) : null;
}

/** Absolute differences of the coefficients, pair by pair, of the pairs that both sides have; each 0 to 2. */
export function correlationDifferences(source: Correlation, restored: Correlation): readonly number[] {
  const before = byPair(source);
  const after = byPair(restored);
  const differences: number[] = [];
  for (const [pair, r] of before) {
    const now = after.get(pair);
    if (now === undefined || (r === null && now === null)) continue;
    // A column that has become constant has lost what it had in common with the other.
    differences.push(Math.abs((r ?? 0) - (now ?? 0)));
  }
  return differences;
}

function byPair({ columns, coefficients }: Correlation): Map<string, number | null> {
  const pairs = new Map<string, number | null>();
  let at = 0;
  columns.forEach((a, i) => {
    for (const b of columns.slice(i + 1)) {
      pairs.set(JSON.stringify([a, b].sort()), coefficients[at] ?? null);
      at += 1;
    }
  });
  return pairs;
}
