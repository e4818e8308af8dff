import type { Decision, KnownForecast, LoadPoint, ScalingRecord } from './scaling-api.ts';

/**
 * The drawing of load and instances over one time axis, in pixels of a box as wide as its place. Pure. Holes split a line, they are
 * never bridged: what was not measured is not drawn as if it had been.
 */

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Less than this of the past would be drawn as if much had happened. */
const leastPastMs = 900_000;

/**
 * From the chosen hours before now, or from the first value where there is none before it, until as far ahead as the forecast tells,
 * but not so far that the past gets no room.
 */
export function spanOf(
  hours: number,
  nowMs: number,
  forecast: KnownForecast | null,
  firstAt: string | null = null,
): TimeSpan {
  const known = firstAt === null ? Infinity : Math.max(leastPastMs, nowMs - Date.parse(firstAt));
  const past = Math.min(hours * 3_600_000, known);
  const last = forecast?.points.at(-1)?.at;
  const ahead = last === undefined ? 0 : Math.min(Date.parse(last) - nowMs, Math.max(past / 3, 3_600_000));
  return { fromMs: nowMs - past, toMs: nowMs + Math.max(ahead, 0) };
}

export type Scale = (value: number) => number;

export function scaleOf(from: number, to: number, start: number, end: number): Scale {
  const span = to === from ? 1 : to - from;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** A round number at or above the highest value, and the marks between zero and it. */
export function ticksOf(highest: number, most: number, whole = false): readonly number[] {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * (1 - 1e-9)) ?? rough;
  const size = whole ? Math.max(1, Math.ceil(step)) : step;
  const count = Math.max(1, Math.ceil(highest / size - 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * size).toPrecision(12)));
}

const steps = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800] as const;

/** Longer spans are labelled by days, not by hours. */
export const labelsAreDaysMs = 2 * 86_400_000;

/** Round moments of the axis, milliseconds. `offsetMs` is that of the zone in which they have to be round. */
export function timeTicks({ fromMs, toMs }: TimeSpan, most: number, offsetMs: number): readonly number[] {
  // Where the labels are days, two of the same day would stand beside each other.
  const least = toMs - fromMs > labelsAreDaysMs ? 86_400 : 0;
  const rough = Math.max(least, (toMs - fromMs) / 1000 / Math.max(1, most));
  const stepMs = (steps.find((one) => one >= rough) ?? 172_800) * 1000;
  const first = Math.ceil((fromMs + offsetMs) / stepMs) * stepMs - offsetMs;
  const ticks: number[] = [];
  for (let at = first; at <= toMs; at += stepMs) ticks.push(at);
  return ticks;
}

export interface Place {
  readonly x: number;
  /** Null: not known there. */
  readonly y: number | null;
}

/** One SVG path; each hole begins a new line. A value alone between two holes is a short dash, so that it can be seen. */
export function linePath(places: readonly Place[]): string {
  return runsOf(places)
    .map((run) => {
      const [first] = run;
      if (run.length === 1 && first !== undefined) return `M${at(first.x - 1)} ${at(first.y)}h2`;
      return run.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('');
    })
    .join('');
}

/** A line in steps: a value holds until the next one, the last one until `endX`. */
export function stepPath(places: readonly Place[], endX: number): string {
  return stepRuns(places, endX)
    .map(({ run, end }) => `${stepLine(run)}H${at(end)}`)
    .join('');
}

/** The area below a line in steps. */
export function stepArea(places: readonly Place[], endX: number, baseY: number): string {
  return stepRuns(places, endX)
    .map(({ run, end }) => `${stepLine(run)}H${at(end)}V${at(baseY)}H${at(run[0]?.x ?? 0)}Z`)
    .join('');
}

interface Known {
  readonly x: number;
  readonly y: number;
}

function stepLine(run: readonly Known[]): string {
  return run.map(({ x, y }, index) => (index === 0 ? `M${at(x)} ${at(y)}` : `H${at(x)}V${at(y)}`)).join('');
}

function stepRuns(places: readonly Place[], endX: number): readonly { run: readonly Known[]; end: number }[] {
  const found: { run: Known[]; end: number }[] = [];
  let isOpen = false;
  for (const { x, y } of places) {
    const open = isOpen ? found.at(-1) : undefined;
    if (open !== undefined) open.end = x;
    isOpen = y !== null;
    if (y === null) continue;
    if (open === undefined) found.push({ run: [{ x, y }], end: x });
    else open.run.push({ x, y });
  }
  const last = found.at(-1);
  if (isOpen && last !== undefined) last.end = endX;
  return found;
}

function runsOf(places: readonly Place[]): readonly (readonly Known[])[] {
  const runs: Known[][] = [[]];
  for (const { x, y } of places) {
    if (y === null) runs.push([]);
    else runs.at(-1)?.push({ x, y });
  }
  return runs.filter((run) => run.length > 0);
}

/** Between lower and upper, there and back. */
export function bandPath(
  points: readonly { readonly x: number; readonly low: number; readonly high: number }[],
): string {
  if (points.length < 2) return '';
  const there = points.map(({ x, high }, index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(high)}`);
  const back = points.toReversed().map(({ x, low }) => `L${at(x)} ${at(low)}`);
  return `${there.join('')}${back.join('')}Z`;
}

function at(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}

/** Stretches without a value, in moments. */
export function holesOf(points: readonly LoadPoint[], span: TimeSpan): readonly TimeSpan[] {
  const holes: { fromMs: number; toMs: number }[] = [];
  let open: { fromMs: number; toMs: number } | null = null;
  for (const point of within(points, span)) {
    const ms = Date.parse(point.at);
    if (open !== null) open.toMs = ms;
    if (point.value !== null) open = null;
    else if (open === null) holes.push((open = { fromMs: ms, toMs: ms }));
  }
  return holes.filter(({ fromMs, toMs }) => toMs > fromMs);
}

export function within<P extends { readonly at: string }>(
  points: readonly P[],
  { fromMs, toMs }: TimeSpan,
): readonly P[] {
  return points.filter(({ at: moment }) => Date.parse(moment) >= fromMs && Date.parse(moment) <= toMs);
}

export type MarkKind = 'up' | 'down' | 'failed' | 'freeze' | 'would';

/** Something that was done or decided, at its moment. */
export interface Mark {
  readonly atMs: number;
  readonly kind: MarkKind;
  readonly reason: string;
  readonly before: number;
  readonly wanted: number;
}

/** What was done, and what would have been done where nothing acts. Holds are not drawn: they are what is between the marks. */
export function marksOf(
  records: readonly ScalingRecord[],
  decisions: readonly Decision[],
  span: TimeSpan,
): readonly Mark[] {
  const done = records.map(({ startedAt, action, succeeded, reason, before, wanted }): Mark => ({
    atMs: Date.parse(startedAt),
    kind: succeeded ? (action === 'scale_up' ? 'up' : 'down') : 'failed',
    reason,
    before,
    wanted,
  }));
  const decided = decisions.flatMap((decision): Mark[] => {
    const { action, act, at: moment, reasons, current, desired } = decision;
    if (action === 'hold' || (action !== 'freeze' && act)) return [];
    const kind = action === 'freeze' ? 'freeze' : 'would';
    return [{ atMs: Date.parse(moment), kind, reason: reasons[0] ?? '', before: current, wanted: desired }];
  });
  return [...done, ...decided]
    .filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs)
    .toSorted((a, b) => a.atMs - b.atMs);
}

const importance: Readonly<Record<MarkKind, number>> = { failed: 4, freeze: 3, up: 2, down: 1, would: 0 };

/** Marks that would lie on each other are one: the most important of them, with how many it stands for. */
export function thinned(
  marks: readonly Mark[],
  xOf: Scale,
  leastPx: number,
): readonly { readonly mark: Mark; readonly x: number; readonly count: number }[] {
  const shown: { mark: Mark; x: number; count: number }[] = [];
  for (const mark of marks) {
    const x = xOf(mark.atMs);
    const last = shown.at(-1);
    if (last === undefined || x - last.x >= leastPx) {
      shown.push({ mark, x, count: 1 });
      continue;
    }
    last.count += 1;
    if (importance[mark.kind] > importance[last.mark.kind]) last.mark = mark;
  }
  return shown;
}

/** Index of the point nearest to a moment; -1: there is none. */
export function nearest(points: readonly { readonly at: string }[], ms: number): number {
  let best = -1;
  let distance = Infinity;
  points.forEach(({ at: moment }, index) => {
    const far = Math.abs(Date.parse(moment) - ms);
    if (far < distance) [best, distance] = [index, far];
  });
  return best;
}

/** The highest of all that is drawn; 0: nothing is known. */
export function highestOf(...lists: readonly (readonly (number | null | undefined)[])[]): number {
  let highest = 0;
  for (const list of lists) for (const value of list) if (typeof value === 'number' && value > highest) highest = value;
  return highest;
}
