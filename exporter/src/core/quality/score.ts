import type { QualityReport } from '../../contract/quality.ts';

export type PartName = keyof QualityReport['parts'];
/** Scores of a table, 0 to 1; null: there was nothing to compare. */
export type TableParts = Readonly<Record<Exclude<PartName, 'distribution' | 'correlation'>, number>> & {
  readonly distribution: number | null;
  readonly correlation: number | null;
};

/** How much each part counts. */
export const partWeights = {
  completeness: 0.2,
  uniqueness: 0.1,
  validity: 0.2,
  distribution: 0.25,
  correlation: 0.1,
  volume: 0.15,
} as const satisfies Readonly<Record<PartName, number>>;

export const partNames = Object.keys(partWeights) as readonly PartName[];

/** Half the mean and half the worst: one lost column does not hide behind many good ones. 0 for nothing. */
export function blend(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return (mean + Math.min(...values)) / 2;
}

/** One score of all parts: half their weighted mean, half the worst. */
export function scoreOf(parts: Readonly<Record<PartName, number | null>>): number {
  let [sum, weights, worst] = [0, 0, 1];
  for (const name of partNames) {
    const value = parts[name];
    if (value === null) continue;
    sum += value * partWeights[name];
    weights += partWeights[name];
    worst = Math.min(worst, value);
  }
  return weights === 0 ? 0 : (sum / weights + worst) / 2;
}
