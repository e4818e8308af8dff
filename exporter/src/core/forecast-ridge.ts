import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { dayMs } from './forecast-series.ts';
import { lengthAt, meanError, type Forecasts, type Problem } from './forecast-models.ts';

/** Ridge regression on the calendar: waves of the day and of the week, days of the week, trend. Pure. */

const weekMs = 7 * dayMs;
const hourMs = 3_600_000;
/** Share of the number of rows: how strongly terms are held near zero. */
const penalties = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
/** After so many days a row counts half. */
const halfLives = [3, 12];
/** The level may go on rising for a while, a line through two weeks does not for long. */
const trendPenalty = 10;
/** Every third origin is enough to choose a setting, at a third of the work. */
const choosing = 3;

interface Features {
  readonly rows: Matrix;
  /** Weight of the penalty of each term. */
  readonly penalty: Float64Array;
}

function featuresOf({ bins, wall, ahead }: Problem): Features {
  const end = bins.values.length;
  const dayWaves = Math.min(12, Math.round(dayMs / bins.stepMs / 2) - 1);
  const terms = (i: number): number[] => {
    const day = (2 * Math.PI * (wall[i]! % dayMs)) / dayMs;
    // 1970 began on a Thursday.
    const weekday = (Math.floor(wall[i]! / dayMs) + 4) % 7;
    const isWeekend = Number(weekday === 0 || weekday === 6);
    const row = [1, ((i - end) * bins.stepMs) / weekMs];
    for (let k = 1; k <= dayWaves; k += 1) row.push(Math.sin(k * day), Math.cos(k * day));
    for (let d = 0; d < 7; d += 1) row.push(Number(d === weekday));
    for (let k = 1; k <= Math.min(6, dayWaves); k += 1)
      row.push(isWeekend * Math.sin(k * day), isWeekend * Math.cos(k * day));
    return row;
  };
  const rows = new Matrix(Array.from({ length: end + ahead }, (_, i) => terms(i)));
  const penalty = new Float64Array(rows.columns).fill(1);
  penalty[0] = 1e-6;
  penalty[1] = trendPenalty;
  return { rows, penalty };
}

/** Sums over the rows of a stretch of bins: X'X and X'y. */
interface Sums {
  readonly from: number;
  readonly to: number;
  readonly square: Matrix;
  readonly cross: Matrix;
  readonly rows: number;
}

function sumsOf(values: Float64Array, rows: Matrix, from: number, to: number): Sums {
  const known: number[] = [];
  for (let i = from; i < to; i += 1) if (!Number.isNaN(values[i])) known.push(i);
  const p = rows.columns;
  if (known.length === 0) return { from, to, square: Matrix.zeros(p, p), cross: Matrix.zeros(p, 1), rows: 0 };
  const x = new Matrix(known.map((i) => rows.getRow(i)));
  const y = Matrix.columnVector(known.map((i) => values[i]!));
  const turned = x.transpose();
  return { from, to, square: turned.mmul(x), cross: turned.mmul(y), rows: known.length };
}

/** Stretches that end at each origin and are at most a day long, so that age can weigh them. */
function stretchesOf({ bins, origins }: Problem): readonly (readonly [number, number])[] {
  const perDay = Math.round(dayMs / bins.stepMs);
  const cuts = new Set<number>(origins);
  for (let i = 0; i < bins.values.length; i += perDay) cuts.add(i);
  const ordered = [...cuts].sort((a, b) => a - b);
  return ordered.slice(1).map((to, i) => [ordered[i]!, to] as const);
}

/** Terms at each origin; null: there was nothing to fit to. */
type Fit = readonly (Matrix | null)[];

interface Setting {
  readonly halfLifeDays: number;
  readonly penalty: number;
}

function fitsOf(
  { origins, bins }: Problem,
  features: Features,
  sums: readonly Sums[],
  halfLifeDays: number,
  penalties: readonly number[],
): Fit[] {
  const p = features.rows.columns;
  const square = Matrix.zeros(p, p);
  const cross = Matrix.zeros(p, 1);
  const fits = penalties.map(() => [] as (Matrix | null)[]);
  let [rows, next] = [0, 0];
  for (const origin of origins) {
    for (; next < sums.length && sums[next]!.to <= origin; next += 1) {
      const stretch = sums[next]!;
      const kept = 0.5 ** (((stretch.to - stretch.from) * bins.stepMs) / (halfLifeDays * dayMs));
      square.mul(kept).add(stretch.square);
      cross.mul(kept).add(stretch.cross);
      rows = rows * kept + stretch.rows;
    }
    penalties.forEach((penalty, k) =>
      fits[k]!.push(rows === 0 ? null : solve(square, cross, features.penalty, penalty * rows)),
    );
  }
  return fits;
}

/** Holds the terms by the penalty, in place: a copy costs more than the solution. Null: there is none. */
function solve(square: Matrix, cross: Matrix, penalty: Float64Array, strength: number): Matrix | null {
  const free = square.diagonal();
  penalty.forEach((weight, i) => square.set(i, i, free[i]! + strength * weight + 1e-9));
  const decomposed = new CholeskyDecomposition(square);
  free.forEach((value, i) => square.set(i, i, value));
  return decomposed.isPositiveDefinite() ? decomposed.solve(cross) : null;
}

/** The setting that did best at some of the origins, with what the last hour was off by carried on as far as it used to last. */
export function ridge(problem: Problem): Forecasts | null {
  const features = featuresOf(problem);
  const sums = stretchesOf(problem).map(([from, to]) => sumsOf(problem.bins.values, features.rows, from, to));
  const { halfLifeDays, penalty } = settingOf(problem, features, sums);
  const [fit] = fitsOf(problem, features, sums, halfLifeDays, [penalty]);
  return forecastsOf(problem, features, fit!);
}

function settingOf({ origins, ...rest }: Problem, features: Features, sums: readonly Sums[]): Setting {
  const some = { ...rest, origins: origins.filter((_, i) => i % choosing === 0 || i + 1 === origins.length) };
  let best: Setting = { halfLifeDays: halfLives.at(-1)!, penalty: penalties.at(-1)! };
  let least = Infinity;
  for (const halfLifeDays of halfLives) {
    fitsOf(some, features, sums, halfLifeDays, penalties).forEach((fit, i) => {
      const forecasts = forecastsOf(some, features, fit);
      const error = forecasts === null ? NaN : meanError(some, forecasts);
      if (!(error < least)) return;
      best = { halfLifeDays, penalty: penalties[i]! };
      least = error;
    });
  }
  return best;
}

function forecastsOf(problem: Problem, { rows }: Features, weights: Fit): Forecasts | null {
  const { bins, origins, ahead } = problem;
  const final = weights.at(-1) ?? null;
  if (final === null) return null;
  const recent = Math.max(1, Math.round(hourMs / bins.stepMs / 2));
  // What lasts for more than a day is a level, and the terms hold it.
  const lasting = lastingOf(
    residualsOf(problem, rows, final),
    recent,
    Math.min(ahead, Math.round(dayMs / bins.stepMs)),
  );
  return origins.map((origin, o) => {
    const w = weights[o] ?? final;
    const off = recentOff(residualsOf(problem, rows, w, origin - 4 * recent, origin), recent);
    return Float64Array.from(
      { length: lengthAt(problem, o) },
      (_, h) => at(rows, origin + h, w) + off * (lasting[h] ?? 0),
    );
  });
}

function at(rows: Matrix, i: number, weights: Matrix): number {
  let sum = 0;
  for (let j = 0; j < rows.columns; j += 1) sum += rows.get(i, j) * weights.get(j, 0);
  return sum;
}

function residualsOf(
  { bins }: Problem,
  rows: Matrix,
  weights: Matrix,
  from = 0,
  to = bins.values.length,
): Float64Array {
  const start = Math.max(0, from);
  return Float64Array.from({ length: to - start }, (_, i) => bins.values[start + i]! - at(rows, start + i, weights));
}

/** Mean of the last residuals, the newest the heaviest; 0: none is known. */
function recentOff(residuals: Float64Array, recent: number): number {
  let [sum, weight] = [0, 0];
  for (let i = residuals.length - 1, w = 1; i >= 0; i -= 1, w *= 1 - 1 / (recent + 1)) {
    if (Number.isNaN(residuals[i])) continue;
    sum += w * residuals[i]!;
    weight += w;
  }
  return weight === 0 ? 0 : sum / weight;
}

/** How much of what it is off by is still there so many bins later, 0 to 1: by regression over the history. */
function lastingOf(residuals: Float64Array, recent: number, ahead: number): Float64Array {
  const offs = residuals.map((_, i) => recentOff(residuals.subarray(Math.max(0, i - 4 * recent), i), recent));
  return Float64Array.from({ length: ahead }, (_, h) => {
    let [both, own] = [0, 0];
    for (let i = 1; i + h < residuals.length; i += 1) {
      const product = residuals[i + h]! * offs[i]!;
      if (Number.isNaN(product)) continue;
      both += product;
      own += offs[i]! * offs[i]!;
    }
    return own > 0 ? Math.min(1, Math.max(0, both / own)) : 0;
  });
}
