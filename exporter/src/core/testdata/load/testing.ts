import { readFileSync } from 'node:fs';
import type { HistoryPoint } from '../../forecast-series.ts';

/** Loads to forecast: real ones (README.md says whence) and generated ones whose truth is known. */

export interface Load {
  readonly name: string;
  readonly stepSeconds: number;
  /** By whose clocks people made it. */
  readonly timezone: string;
  readonly history: readonly HistoryPoint[];
}

const dayMs = 86_400_000;

export const realLoads = ['electricity', 'road', 'motorway', 'parking', 'shop', 'appliances', 'household'] as const;
/** Stamped in the standard time of California all year: its clocks go forward in the first week. The others are stamped by the clocks on the wall. */
const stampedInStandardTime: Readonly<Record<string, { readonly timezone: string; readonly hours: number }>> = {
  road: { timezone: 'America/Los_Angeles', hours: 8 },
};

/** One line a day: the date, then a value a step; empty: none was measured. */
export function realLoad(name: (typeof realLoads)[number]): Load {
  const days = readFileSync(new URL(`./${name}.csv`, import.meta.url), 'utf8').trimEnd().split('\n');
  const perDay = days[0]!.split(',').length - 1;
  const { timezone, hours } = stampedInStandardTime[name] ?? { timezone: 'UTC', hours: 0 };
  const history = days.flatMap((line) => {
    const [date = '', ...cells] = line.split(',');
    return cells.map((cell, i) => ({
      at: new Date(Date.parse(`${date}T00:00:00Z`) + hours * 3_600_000 + (i * dayMs) / perDay).toISOString(),
      value: cell === '' ? null : Number(cell),
    }));
  });
  return { name, stepSeconds: 86_400 / perDay, timezone, history };
}

/** Numbers from 0 to 1 that are the same on every machine. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A normal number, by the method of Box and Muller. */
export function normalFrom(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

export interface Moment {
  readonly day: number;
  /** Hour of the day, with its fraction. */
  readonly hour: number;
  readonly isWeekend: boolean;
  /** A normal number. */
  readonly noise: number;
  /** Noise that lasts about two hours. */
  readonly drift: number;
  readonly uniform: () => number;
}

/** Busy at daytime: 0 to 1. */
export function daytime(hour: number): number {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * (hour - 3)) / 24);
}

/** Begins on a Monday. Null: missing. */
export function generatedLoad(
  name: string,
  { stepSeconds, days, seed }: { readonly stepSeconds: number; readonly days: number; readonly seed: number },
  valueAt: (moment: Moment) => number | null,
): Load {
  const uniform = numbersFrom(seed);
  const lasting = Math.exp(-stepSeconds / 7200);
  let drift = 0;
  const history = Array.from({ length: (days * 86_400) / stepSeconds }, (_, i) => {
    const day = Math.floor((i * stepSeconds) / 86_400);
    const hour = ((i * stepSeconds) % 86_400) / 3600;
    drift = lasting * drift + Math.sqrt(1 - lasting * lasting) * normalFrom(uniform);
    const moment = { day, hour, isWeekend: day % 7 >= 5, noise: normalFrom(uniform), drift, uniform };
    return { at: new Date(Date.UTC(2026, 2, 2) + i * stepSeconds * 1000).toISOString(), value: valueAt(moment) };
  });
  return { name, stepSeconds, timezone: 'UTC', history };
}

const grid = { stepSeconds: 1800, days: 42 };
const busy = ({ hour, isWeekend }: Moment): number => daytime(hour) * (isWeekend ? 0.5 : 1);

/** 2026-03-02 to 2026-04-13, half an hour a step. */
export function generatedLoads(): readonly Load[] {
  return [
    generatedLoad('day and week', { ...grid, seed: 1 }, (m) => 40 + 100 * busy(m) + 5 * m.noise),
    generatedLoad('with lasting noise', { ...grid, seed: 2 }, (m) => 40 + 100 * busy(m) + 10 * m.drift + 2 * m.noise),
    generatedLoad('trend', { ...grid, seed: 3 }, (m) => 40 + 100 * busy(m) + 2 * (m.day + m.hour / 24) + 5 * m.noise),
    generatedLoad('multiplicative', { ...grid, seed: 4 }, (m) => (20 + 100 * busy(m)) * Math.exp(0.1 * m.noise + 0.1 * m.drift + m.day / 60)),
    generatedLoad('steps up and down', { ...grid, seed: 5 }, (m) => 40 + 60 * busy(m) + (m.day % 12 >= 6 ? 50 : 0) + 5 * m.noise),
    generatedLoad('parts missing', { ...grid, seed: 6 }, (m) =>
      (m.day % 5 === 3 && m.hour >= 9 && m.hour < 17) || m.uniform() < 0.05 ? null : 40 + 100 * busy(m) + 5 * m.noise,
    ),
    generatedLoad('single outliers', { ...grid, seed: 7 }, (m) => (m.uniform() < 0.002 ? 4000 : 40 + 100 * busy(m) + 5 * m.noise)),
    generatedLoad('peak each hour', { ...grid, seed: 8 }, (m) => 40 + 40 * busy(m) + (m.hour % 1 === 0 ? 60 : 0) + 3 * m.noise),
    generatedLoad('counts, nights empty', { ...grid, seed: 9 }, (m) => countFrom(m.uniform, Math.max(0, 8 * (busy(m) - 0.2)))),
    generatedLoad('random walk', { ...grid, seed: 10 }, walk(100, 2)),
    generatedLoad('noise alone', { ...grid, seed: 11 }, (m) => 100 + 10 * m.noise),
    generatedLoad('constant', { ...grid, seed: 12 }, () => 7),
    generatedLoad('zeros', { ...grid, seed: 13 }, () => 0),
  ];
}

/** Of Poisson, by the method of Knuth. */
function countFrom(uniform: () => number, mean: number): number {
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= uniform()) count += 1;
  return Math.max(0, count);
}

function walk(from: number, step: number): (moment: Moment) => number {
  let value = from;
  return ({ noise }) => (value = Math.max(0, value + step * noise));
}
