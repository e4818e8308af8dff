import { forecastModels, type ForecastModel } from '../contract/forecast.ts';
import { holtWinters, lengthAt, naiveAt, problemOf, type Forecasts, type Problem } from './forecast-models.ts';
import { ridge } from './forecast-ridge.ts';
import { dayMs, endOf, timeOf, type Series } from './forecast-series.ts';

/** Rolling-origin backtest: every candidate forecasts stretches of the history that it had not seen, and the best one is taken. Pure. */

/** A prime: origins at equal distances then fall on many hours of the day, whatever the length of the history. */
const mostOrigins = 47;
/** Of the horizon of one origin: neighbours tell the same. */
const mostTargets = 96;
/** A model has to be so much better than the best naive one; else it is chance, and the naive one is taken. */
const leastGain = 0.98;
/** Weights of models in a mean are so many parts of one. */
const quarters = 4;
const floorModel = 'seasonal_naive';

/** Forecasts the values at these times from what was known at the origin of this number, in shares of the scale. */
type Basic = (origin: number, times: Float64Array) => Float64Array;

interface Part {
  readonly model: ForecastModel;
  readonly at: Basic;
}

/** A weighted mean of models: it errs less than most of them. */
type Candidate = readonly (Part & { readonly weight: number })[];

/** One origin, with what it forecast and what came. In shares of the scale. */
export interface Trial {
  readonly atMs: number;
  readonly times: Float64Array;
  readonly forecast: Float64Array;
  /** NaN: not known. */
  readonly actual: Float64Array;
}

export interface Backtest {
  readonly model: ForecastModel;
  readonly trials: readonly Trial[];
  /** Mean absolute error of the chosen and of the better seasonal naive (day, week) at the history's own step; NaN: nothing to compare. */
  readonly error: number;
  readonly naiveError: number;
  /** From all of the history. */
  readonly ahead: (times: Float64Array) => Float64Array;
}

export function backtest(series: Series, horizonMs: number, lastMs: number): Backtest {
  const { bins } = series;
  const origins = originsOf(bins.values.length);
  const aheadBins = Math.ceil(Math.max(horizonMs, lastMs - endOf(bins)) / bins.stepMs) + 1;
  const problem = problemOf(series, origins, aheadBins);
  const windows = origins.slice(0, -1).map((origin) => targetsOf(series, timeOf(bins, origin), horizonMs));
  const { plain, smooth } = naives(series, problem);
  const score = scoreOn(windows);
  const naiveError = Math.min(...plain.map((part) => score([{ ...part, weight: 1 }])));
  const floor = least([...[...plain, ...smooth].map((part) => mixOf([part], [1])), mixOf(smooth, smooth.map(() => 1 / smooth.length))], score); // prettier-ignore
  const mixed = least(mixesOf([...smooth, ...modelsOf(series, problem)]), score);
  const chosen = mixed.error < leastGain * floor.error ? mixed : floor;
  return {
    model: heaviest(chosen.candidate),
    trials: windows.map(({ times, actual }, o) => ({
      atMs: timeOf(bins, origins[o]!),
      ...{ times, actual, forecast: meanOf(chosen.candidate, o, times) },
    })),
    ...{ error: chosen.error, naiveError },
    ahead: (times) => meanOf(chosen.candidate, origins.length - 1, times),
  };
}

interface Window {
  readonly times: Float64Array;
  readonly actual: Float64Array;
}

/** Those that are known, thinned out evenly: in a history with gaps every so-manieth could always be one. */
function targetsOf({ judged, scale }: Series, fromMs: number, lengthMs: number): Window {
  const first = Math.ceil((fromMs - judged.startMs) / judged.stepMs);
  const whole = Math.ceil(lengthMs / judged.stepMs);
  const count = Math.min(whole, judged.values.length - first);
  const known: number[] = [];
  for (let i = first; i < first + count; i += 1) if (!Number.isNaN(judged.values[i])) known.push(i);
  const stride = Math.max(1, Math.ceil((whole * known.length) / count / mostTargets));
  const indexes = known.filter((_, n) => n % stride === 0);
  return {
    times: Float64Array.from(indexes, (i) => timeOf(judged, i)),
    actual: Float64Array.from(indexes, (i) => judged.values[i]! / scale),
  };
}

/** Mean absolute error of a candidate over the windows. Each part forecasts each window once, however many candidates it is in. */
function scoreOn(windows: readonly Window[]): (candidate: Candidate) => number {
  const known = windows.map(({ actual }) => [...actual.keys()].filter((i) => !Number.isNaN(actual[i])));
  const size = known.reduce((sum, { length }) => sum + length, 0);
  const flat = (of: (o: number) => Float64Array): Float64Array => {
    const all = new Float64Array(size);
    let end = 0;
    known.forEach((indexes, o) => {
      const values = of(o);
      for (const i of indexes) all[end++] = values[i]!;
    });
    return all;
  };
  const actual = flat((o) => windows[o]!.actual);
  const forecasts = new Map<Basic, Float64Array>();
  return (candidate) => {
    const rest = actual.slice();
    for (const { at, weight } of candidate) {
      let forecast = forecasts.get(at);
      if (forecast === undefined) {
        forecast = flat((o) => at(o, windows[o]!.times));
        forecasts.set(at, forecast);
      }
      for (let i = 0; i < size; i += 1) rest[i]! -= weight * forecast[i]!;
    }
    return rest.reduce((sum, off) => sum + Math.abs(off), 0) / size;
  };
}

/** Numbers of bins that are known: from half of the history on, the whole of it last. */
function originsOf(bins: number): number[] {
  const first = Math.ceil(bins / 2);
  const count = Math.min(mostOrigins, bins - first);
  return [...Array.from({ length: count }, (_, k) => first + Math.floor((k * (bins - first)) / count)), bins];
}

function mixOf(parts: readonly Part[], weights: readonly number[]): Candidate {
  return parts.map((part, i) => ({ ...part, weight: weights[i]! })).filter(({ weight }) => weight > 0);
}

/** All ways to share out the weight in quarters. */
function mixesOf(parts: readonly Part[]): Candidate[] {
  const shares = (left: number, places: number): number[][] =>
    places === 1
      ? [[left]]
      : Array.from({ length: left + 1 }, (_, i) => shares(left - i, places - 1).map((rest) => [i, ...rest])).flat();
  return shares(quarters, parts.length).map((row) => mixOf(parts, row.map((n) => n / quarters))); // prettier-ignore
}

/** The model that is most of it; where two are as much, the better one. */
function heaviest(candidate: Candidate): ForecastModel {
  const weights = forecastModels.map((model) =>
    candidate.reduce((sum, part) => sum + (part.model === model ? part.weight : 0), 0),
  );
  return forecastModels[weights.lastIndexOf(Math.max(...weights))]!;
}

function meanOf(candidate: Candidate, origin: number, times: Float64Array): Float64Array {
  const mean = new Float64Array(times.length);
  for (const { at, weight } of candidate) at(origin, times).forEach((value, i) => (mean[i]! += weight * value));
  return mean;
}

function least(candidates: readonly Candidate[], score: (candidate: Candidate) => number) {
  const first = { candidate: candidates[0]!, error: score(candidates[0]!) };
  return candidates.slice(1).reduce((best, candidate) => {
    const error = score(candidate);
    return error < best.error ? { candidate, error } : best;
  }, first);
}

/** A day before, and from two weeks on a week before: each value for itself, and means over bins, which know less of chance. */
function naives(series: Series, problem: Problem): { plain: Part[]; smooth: Part[] } {
  const { bins, clean, scale, offsetAt } = series;
  const untilMs = (origin: number): number => timeOf(bins, problem.origins[origin]!);
  const seasons = bins.values.length * bins.stepMs >= 14 * dayMs ? [dayMs, 7 * dayMs] : [dayMs];
  const plain = seasons.map((season): Part => {
    const before = naiveAt(clean, offsetAt, season);
    return { model: floorModel, at: (origin, times) => times.map((ms) => before(ms, untilMs(origin)) / scale) };
  });
  const smooth = seasons.map((season): Part => {
    const before = naiveAt(problem.bins, offsetAt, season);
    const rows = problem.origins.map((origin, o) =>
      Float64Array.from({ length: lengthAt(problem, o) }, (_, h) => before(timeOf(bins, origin + h), untilMs(o))),
    );
    return { model: floorModel, at: between(series, problem, rows) };
  });
  return { plain, smooth };
}

function modelsOf(series: Series, problem: Problem): Part[] {
  const smoothed: Part = { model: 'holt_winters', at: between(series, problem, holtWinters(problem)) };
  const rows = ridge(problem);
  return rows === null ? [smoothed] : [smoothed, { model: 'ridge', at: between(series, problem, rows) }];
}

/** Values at any time from values of bins, each of which stands for the middle of the values in it. */
function between({ bins, seen }: Series, { origins }: Problem, rows: Forecasts): Basic {
  const middle = (bins.stepMs - seen.stepMs) / 2;
  return (origin, times) => {
    const row = rows[origin]!;
    const startMs = timeOf(bins, origins[origin]!) + middle;
    return times.map((ms) => {
      const place = Math.min(row.length - 1, Math.max(0, (ms - startMs) / bins.stepMs));
      const left = Math.floor(place);
      const right = Math.min(row.length - 1, left + 1);
      return row[left]! + (place - left) * (row[right]! - row[left]!);
    });
  };
}
