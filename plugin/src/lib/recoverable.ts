import type { BackupType } from '@genesis-dr/exporter/contract';

/** One moment whose data can be had again. */
export interface RecoverablePoint {
  readonly backupId: string;
  /** The moment the restored data stands for (ISO). */
  readonly dataAt: string;
  /** When copying ended (ISO): until then it may have taken in what was written, or deleted, later. */
  readonly endedAt: string;
  readonly type: BackupType;
  /** One that failed its verification is no way back and is not among the points. */
  readonly verified: 'passed' | 'never';
}

/** What "as of" a moment means: the newest kept state that had ended by it. */
export interface Reach {
  readonly point: RecoverablePoint | null;
  /** Seconds between the asked moment and the data; null without a point. */
  readonly behindSeconds: number | null;
  /** The first kept state after the moment. */
  readonly later: RecoverablePoint | null;
}

/** `usable`: oldest first. Binary search: there may be 10,000 of them and it runs while a pointer moves. */
export function reachAt(usable: readonly RecoverablePoint[], asOfMs: number): Reach {
  let low = 0;
  let high = usable.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse((usable[middle] as RecoverablePoint).endedAt) <= asOfMs) low = middle + 1;
    else high = middle;
  }
  const point = usable[low - 1] ?? null;
  return {
    point,
    behindSeconds: point === null ? null : (asOfMs - Date.parse(point.dataAt)) / 1000,
    later: usable[low] ?? null,
  };
}

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export const timelineSpans = ['hour', 'day', 'week', 'month', 'all'] as const;
export type TimelineSpan = (typeof timelineSpans)[number];

const dayMs = 86_400_000;
const spanMs: Readonly<Record<Exclude<TimelineSpan, 'all'>, number>> = {
  hour: dayMs / 24,
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
};

/** The stretch to draw: it ends now; "all" begins at the oldest state (or at `oldestMs`), and an empty timeline shows one day. */
export function rangeOf(
  usable: readonly RecoverablePoint[],
  span: TimelineSpan,
  nowMs: number,
  oldestMs = Number.POSITIVE_INFINITY,
): TimeRange {
  if (span !== 'all') return { fromMs: nowMs - spanMs[span], toMs: nowMs };
  const oldest = usable[0];
  const first = Math.min(oldest === undefined ? Number.POSITIVE_INFINITY : Date.parse(oldest.endedAt), oldestMs);
  const fromMs = Number.isFinite(first) ? Math.min(first, nowMs - 3_600_000) : nowMs - dayMs;
  // A little air on the left, so that the oldest state is not drawn on the edge.
  return { fromMs: fromMs - (nowMs - fromMs) * 0.02, toMs: nowMs };
}

/** The shortest span that shows at least four states, or all there are: a timeline should rarely open empty. */
export function firstSpan(usable: readonly RecoverablePoint[], nowMs: number): TimelineSpan {
  const found = timelineSpans.find((span) => {
    const { fromMs } = rangeOf(usable, span, nowMs);
    return usable.filter((point) => Date.parse(point.endedAt) >= fromMs).length >= Math.min(4, usable.length);
  });
  return found ?? 'all';
}

/** Share of the range, 0 to 1, cut at both ends. */
export function positionOf(range: TimeRange, ms: number): number {
  return Math.min(1, Math.max(0, (ms - range.fromMs) / (range.toMs - range.fromMs)));
}

/** One mark of the drawing; several states that would overlap share one. */
export interface TimelineMark {
  /** 0 to 1 within the range. */
  readonly position: number;
  readonly count: number;
  /** The newest of those that share the mark. */
  readonly point: RecoverablePoint;
}

/** At most `slots` marks however many states there are. */
export function marksOf(usable: readonly RecoverablePoint[], range: TimeRange, slots: number): readonly TimelineMark[] {
  const bySlot = new Map<number, TimelineMark>();
  for (const point of usable) {
    const ms = Date.parse(point.endedAt);
    if (ms < range.fromMs || ms > range.toMs) continue;
    const position = positionOf(range, ms);
    const slot = Math.floor(position * slots);
    bySlot.set(slot, { position, count: (bySlot.get(slot)?.count ?? 0) + 1, point });
  }
  return [...bySlot.values()];
}

/** The state before or after the chosen one, for the arrow keys; null at the ends. */
export function neighbour(usable: readonly RecoverablePoint[], asOfMs: number, step: 1 | -1): RecoverablePoint | null {
  if (step === 1) return reachAt(usable, asOfMs).later;
  const here = reachAt(usable, asOfMs).point;
  return here === null ? null : reachAt(usable, Date.parse(here.endedAt) - 1).point;
}
