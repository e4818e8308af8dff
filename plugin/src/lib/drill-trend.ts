import type { DrillRecord } from '@genesis-dr/exporter/contract';

type Drill = Pick<DrillRecord, 'service' | 'startedAt' | 'passed' | 'rtoSeconds' | 'rpoSeconds'>;

/** One measured value; drills that failed before they measured have none and leave a hole. */
export interface TrendPoint {
  readonly atMs: number;
  readonly seconds: number | null;
  readonly passed: boolean;
}

/** Oldest first, of one service. */
export function trendOf(
  drills: readonly Drill[],
  service: string,
  measure: 'rtoSeconds' | 'rpoSeconds',
): readonly TrendPoint[] {
  return drills
    .filter((drill) => drill.service === service)
    .map((drill) => ({ atMs: Date.parse(drill.startedAt), seconds: drill[measure], passed: drill.passed }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

export interface TrendShape {
  /** Runs of neighbouring measured points as SVG coordinates: a hole splits the line, it is never bridged. */
  readonly lines: readonly (readonly { readonly x: number; readonly y: number }[])[];
  readonly dots: readonly { readonly x: number; readonly y: number | null; readonly point: TrendPoint }[];
  /** Top of the scale, seconds; the bottom is zero. */
  readonly maxSeconds: number;
  /** Height of the objective's line; null without an objective or when it lies above the scale. */
  readonly targetY: number | null;
}

/**
 * The drawing of a trend in a box of `width` x `height`. The scale begins at zero, so that a small change looks small. An
 * objective that is far above everything measured would flatten the line, so then it is left to the words beside it.
 */
export function trendShape(
  points: readonly TrendPoint[],
  target: number | null,
  box: { readonly width: number; readonly height: number },
): TrendShape {
  const highest = Math.max(0, ...points.flatMap(({ seconds }) => (seconds === null ? [] : [seconds])));
  const showsTarget = target !== null && target <= 4 * highest;
  const maxSeconds = Math.max(highest, showsTarget ? target : 0, Number.MIN_VALUE) * 1.1;
  const first = points[0]?.atMs ?? 0;
  const spanMs = Math.max(1, (points.at(-1)?.atMs ?? 0) - first);
  const yOf = (seconds: number): number => box.height * (1 - seconds / maxSeconds);
  const dots = points.map((point) => ({
    x: points.length === 1 ? box.width / 2 : (box.width * (point.atMs - first)) / spanMs,
    y: point.seconds === null ? null : yOf(point.seconds),
    point,
  }));
  const lines: { x: number; y: number }[][] = [[]];
  for (const { x, y } of dots) {
    if (y === null) lines.push([]);
    else lines.at(-1)?.push({ x, y });
  }
  return {
    lines: lines.filter((line) => line.length > 1),
    dots,
    maxSeconds,
    targetY: showsTarget ? yOf(target) : null,
  };
}

export interface DrillSummary {
  readonly run: number;
  readonly passed: number;
  readonly newestRtoSeconds: number | null;
  readonly newestRpoSeconds: number | null;
}

/** What the shown drills of a service say together; the newest measured values, not the newest drill's. */
export function summaryOf(drills: readonly Drill[], service: string): DrillSummary {
  const own = drills
    .filter((drill) => drill.service === service)
    .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
  return {
    run: own.length,
    passed: own.filter(({ passed }) => passed).length,
    newestRtoSeconds: own.find(({ passed }) => passed)?.rtoSeconds ?? null,
    newestRpoSeconds: own.find(({ passed }) => passed)?.rpoSeconds ?? null,
  };
}
