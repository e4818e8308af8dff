import type { ColumnKind, ColumnReport, ColumnTest } from '../../contract/quality.ts';
import { firstWhere } from './ordered.ts';
import type { ColumnProfile } from './profile.ts';
import type { QualitySettings, StatedKind, ValueRange } from './settings.ts';
import { chiSquare, kolmogorovSmirnov, type TestResult } from './two-sample.ts';

export interface ComparedColumn {
  readonly report: ColumnReport;
  /** Scores, 0 to 1; distribution null: there was nothing to test. */
  readonly completeness: number;
  readonly validity: number;
  readonly distribution: number | null;
  /** The effect, 0 where chance explains the difference. */
  readonly divergence: number;
}

export interface ColumnContext {
  readonly settings: QualitySettings;
  readonly stated: StatedKind | undefined;
  readonly range: ValueRange | undefined;
  /** Half width of the interval of a ratio; smaller differences are chance. */
  readonly sampleError: number;
}

/** Both sides have the column. */
export function compareColumn(source: ColumnProfile, restored: ColumnProfile, context: ColumnContext): ComparedColumn {
  const kind = kindOf(source, context);
  const missingBefore = ratio(source.missing, source.missing + source.present);
  const missingNow = ratio(restored.missing, restored.missing + restored.present);
  const test = testOf(source, restored, kind, context.settings);
  const isRanged = source.form === 'numeric' && (kind === 'numeric' || context.range !== undefined);
  const outOfRange = isRanged ? countOutside(restored, rangeOf(source, context)) : 0;
  const wrong = outOfRange + restored.invalid;
  const completeness = 1 - beyondChance(missingNow - missingBefore, context.sampleError);
  const validity = 1 - ratio(wrong, restored.present + restored.invalid);
  const isChance = test === null || test.pValue > context.settings.significance;
  const divergence = isChance ? 0 : test.effect;
  const distribution = test === null ? null : 1 - divergence;
  const moved = source.distribution !== null && restored.distribution !== null && test !== null;
  const isNumber = 'numeric' === source.form || 'time' === source.form;
  return {
    completeness,
    validity,
    distribution,
    divergence,
    report: {
      name: source.name,
      kind,
      score: completeness * validity * (distribution ?? 1),
      missingRatio: missingNow,
      missingRatioSource: missingBefore,
      distinct: restored.distinct,
      meanDifference: moved && isNumber ? difference(source.distribution.mean, restored.distribution.mean) : null,
      standardDeviationDifference:
        moved && isNumber ? difference(source.distribution.deviation, restored.distribution.deviation) : null,
      outOfRange: wrong,
      test,
      findings: findingsOf({
        missingBefore,
        missingNow,
        completeness,
        outOfRange,
        invalid: restored.invalid,
        test,
        stated: context.stated,
      }),
    },
  };
}

/** What was stated counts first, then the type in the database, then how many values the source has. */
function kindOf(source: ColumnProfile, { settings, stated }: ColumnContext): ColumnKind {
  if (stated !== undefined) return stated;
  if (source.form === 'boolean' || source.form === 'time' || source.form === 'other') return source.form;
  if (source.categories !== null && source.distinct < settings.categories) return 'categorical';
  return source.form === 'numeric' ? 'numeric' : source.form === 'categorical' ? 'categorical' : 'text';
}

/** Categories by chi-square, numbers and times by their values, texts by their lengths. Null: one side has no value to compare. */
function testOf(
  source: ColumnProfile,
  restored: ColumnProfile,
  kind: ColumnKind,
  settings: QualitySettings,
): ColumnTest | null {
  if (source.present === 0 || restored.present === 0) return null;
  const byCategory = kind === 'categorical' || kind === 'boolean';
  const judged = (test: ColumnTest['test'], { statistic, pValue, effect }: TestResult): ColumnTest => ({
    test,
    statistic,
    pValue,
    effect,
    matches: pValue > settings.significance || effect < settings.effect,
  });
  if (byCategory && source.categories !== null && restored.categories !== null) {
    const names = [...new Set([...Object.keys(source.categories), ...Object.keys(restored.categories)])];
    const counts = (of: Readonly<Record<string, number>>) =>
      names.map((name) => (Object.hasOwn(of, name) ? of[name]! : 0));
    return judged('chi_square', chiSquare(counts(source.categories), counts(restored.categories)));
  }
  if (source.distribution === null || restored.distribution === null) return null;
  return judged('kolmogorov_smirnov', kolmogorovSmirnov(source.distribution, restored.distribution));
}

/** The stated range; else what the source has, a tenth of its width wider, because a sample does not have the extremes. */
function rangeOf({ distribution }: ColumnProfile, { range }: ColumnContext): ValueRange {
  if (range !== undefined) return range;
  if (distribution === null || distribution.count < 100) return { min: null, max: null };
  const { points } = distribution;
  const [least, greatest] = [points[0]!, points[points.length - 1]!];
  const margin = (greatest - least) / 10;
  return Number.isFinite(margin) ? { min: least - margin, max: greatest + margin } : { min: null, max: null };
}

function countOutside({ distribution }: ColumnProfile, { min, max }: ValueRange): number {
  if (distribution === null) return 0;
  const { points, count } = distribution;
  let outside = 0;
  if (min !== null) outside += firstAtLeast(points, min);
  if (max !== null) outside += points.length - firstAbove(points, max);
  return Math.round((outside / points.length) * count);
}

function firstAtLeast(points: ArrayLike<number>, value: number): number {
  return firstWhere(points, (point) => point >= value);
}

function firstAbove(points: ArrayLike<number>, value: number): number {
  return firstWhere(points, (point) => point > value);
}

function difference(before: number | null, now: number | null): number | null {
  return before === null || now === null ? null : now - before;
}

interface Seen {
  readonly missingBefore: number;
  readonly missingNow: number;
  readonly completeness: number;
  readonly outOfRange: number;
  readonly invalid: number;
  readonly test: ColumnTest | null;
  readonly stated: StatedKind | undefined;
}

function findingsOf({ missingBefore, missingNow, completeness, outOfRange, invalid, test, stated }: Seen): string[] {
  const findings: string[] = [];
  if (completeness < 1) findings.push(`${percent(missingNow)} are missing, ${percent(missingBefore)} in the source`);
  if (invalid > 0) findings.push(`${invalid} values are not ${stated ?? 'of their kind'}`);
  if (outOfRange > 0) findings.push(`${outOfRange} values are out of range`);
  if (test !== null && !test.matches) {
    const measure = test.test === 'chi_square' ? 'Cramér’s V' : 'D';
    findings.push(
      `distributed unlike the source: ${measure} ${test.effect.toFixed(3)}, p ${test.pValue.toPrecision(2)}`,
    );
  }
  return findings;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** The difference where it is more than the samples' own error, else 0. */
function beyondChance(difference: number, error: number): number {
  return Math.abs(difference) > error ? Math.min(1, Math.abs(difference)) : 0;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
