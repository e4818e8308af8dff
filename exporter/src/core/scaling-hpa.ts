/** The algorithm of the HorizontalPodAutoscaler (autoscaling/v2) with the behaviour that it has unless told otherwise, to compare with. */

export interface HpaOptions {
  /** What one instance is to carry. */
  readonly target: number;
  readonly min: number;
  readonly max: number;
  /** Share by which the value may be off its target. */
  readonly tolerance: number;
  readonly downWindowSeconds: number;
  /** Added in one period: so many, or this share of what there is, whichever is more. */
  readonly upInstances: number;
  readonly upShare: number;
  /** Between two evaluations; the rates count for the same 15 s. */
  readonly syncSeconds: number;
}

export const hpaDefaults = {
  tolerance: 0.1,
  downWindowSeconds: 300,
  upInstances: 4,
  upShare: 1,
  syncSeconds: 15,
} as const;

export interface HpaInput {
  /** Work of the whole service in units of the metric; null: not known. */
  readonly work: number | null;
  /** The number that was asked for. */
  readonly current: number;
  readonly ready: number;
  readonly nowMs: number;
}

/** Recommendations of the window, oldest first; one that a later and higher one outlives is left out. */
export type HpaMemory = readonly { readonly atMs: number; readonly replicas: number }[];

/** Pods that are not ready count as idle where there would be more of them, and not at all where there would be fewer. */
function recommended({ work, current, ready }: HpaInput, { target, tolerance }: HpaOptions): number {
  // Without a ready pod there is nothing to measure.
  if (work === null || ready === 0) return current;
  const ratio = work / ready / target;
  if (ratio >= 1 - tolerance && ratio <= 1 + tolerance) return current;
  if (ratio < 1) return Math.ceil(ratio * ready - 1e-9);
  const all = current > ready ? current : ready;
  const shared = work / all / target;
  return shared <= 1 + tolerance ? current : Math.ceil(shared * all - 1e-9);
}

/** Replicas that it would set now, and what it has to remember until next time. Without a value it leaves all as it is. */
export function hpaDesired(
  input: HpaInput,
  memory: HpaMemory,
  options: HpaOptions,
): { readonly desired: number; readonly memory: HpaMemory } {
  const { min, max, downWindowSeconds, upInstances, upShare } = options;
  const { current, nowMs } = input;
  if (input.work === null) return { desired: current, memory };
  const within = (value: number): number => (value > max ? max : value < min ? min : value);
  const raw = within(recommended(input, options));
  const beginMs = nowMs - downWindowSeconds * 1000;
  const next = memory.filter(({ atMs, replicas }) => atMs > beginMs && replicas > raw);
  next.push({ atMs: nowMs, replicas: raw });
  if (raw <= current) {
    const highest = next[0]?.replicas ?? raw;
    return { desired: within(highest < current ? highest : current), memory: next };
  }
  const allowed = Math.max(current + upInstances, Math.ceil(current * (1 + upShare)));
  return { desired: within(Math.min(raw, allowed)), memory: next };
}
