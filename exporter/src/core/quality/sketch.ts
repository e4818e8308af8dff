import type { ColumnProfile, Distribution, TableProfile } from './profile.ts';

/** Points that a stored distribution keeps: the Kolmogorov–Smirnov distance changes by half of a thousandth at most. */
const points = 1000;
/** Categories that a stored profile keeps; a column with more is compared by its distribution. */
const storedCategories = 200;

/** A profile as it is stored: some 10 kB a column, JSON, nothing of a sensitive column but counts. */
export function storedProfile(profile: TableProfile): TableProfile {
  return {
    ...profile,
    columns: profile.columns.map(storedColumn),
    sensitive: null,
  };
}

function storedColumn(column: ColumnProfile): ColumnProfile {
  if (column.sensitive) return { ...column, distribution: null, categories: null };
  const { distribution, categories } = column;
  const few = categories !== null && Object.keys(categories).length <= storedCategories;
  return {
    ...column,
    distribution: distribution === null ? null : { ...distribution, points: quantiles(distribution) },
    categories: few ? categories : null,
  };
}

/** The middle of each of a thousand equal parts; rounded to nine digits, which no test can see. */
function quantiles({ points: ordered }: Distribution): readonly number[] {
  const length = Math.min(points, ordered.length);
  return Array.from({ length }, (_, i) => {
    const value = ordered[Math.floor(((i + 0.5) * ordered.length) / length)] ?? Number.NaN;
    // Infinity is not JSON.
    return Number.isFinite(value) ? Number(value.toPrecision(12)) : Math.sign(value) * Number.MAX_VALUE;
  });
}
