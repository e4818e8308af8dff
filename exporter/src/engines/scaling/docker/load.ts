import type { Outcome } from '../../../contract/errors.ts';
import type { ScalingReading } from '../../../contract/scaling.ts';
import type { DockerApi } from './api.ts';
import { isDead, type Seen } from './containers.ts';
import type { Container, Stats } from './objects.ts';

/**
 * How loaded containers are. The product counts the time of the processor; a share needs two looks, so the first one tells none. Only what
 * was read is known: Podman answers for a container that has ended with nothing at all.
 */

/** One look at one container. */
interface Sample {
  /** By the clock of the host. */
  readonly atMs: number;
  readonly cpuNs: number;
  /** Processors of the host. */
  readonly processors: number | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
}

/** Mean between two looks. */
interface Busy {
  readonly atMs: number;
  readonly processors: number;
}

export interface Kept {
  readonly base: Sample;
  readonly newest: Sample;
  readonly busy: Busy | null;
}

/** By id of the container. */
export type Loads = Map<string, Kept>;

/** Usage over what may be used, each in its unit; null: not known. */
export interface Usage {
  readonly cpu: number | null;
  readonly memory: number | null;
}

/** Shorter windows tell more of chance than of load. */
const leastWindowMs = 5_000;
/** An answer takes milliseconds; each is work for the host. */
const atOnce = 8;
const answerWithinMs = 5_000;
const allWithinMs = 15_000;
/** No machine has so much: the kernel's word for no limit. */
const unlimitedBytes = 2 ** 60;
/** The first two looks at a new container tell nothing yet. */
const youngMs = 120_000;

/** Looks at those that run, and keeps what it saw; who has gone is forgotten. Never fails: who cannot be looked at is unknown. */
export async function readLoads(
  api: DockerApi,
  seen: readonly Seen[],
  loads: Loads,
  signal: AbortSignal,
): Promise<void> {
  const running = seen.filter((one) => !isDead(one)).map(({ container }) => container.Id);
  for (const id of loads.keys()) if (!running.includes(id)) loads.delete(id);
  const waiting = [...running];
  const all = AbortSignal.any([signal, AbortSignal.timeout(allWithinMs)]);
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const read = await api.stats(id, AbortSignal.any([all, AbortSignal.timeout(answerWithinMs)]));
      keep(loads, id, sampleOf(read));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, work));
}

function keep(loads: Loads, id: string, sample: Sample | null): void {
  // What was known before is of another time by now.
  if (sample === null) return void loads.delete(id);
  const next = afterSample(loads.get(id) ?? null, sample);
  loads.set(id, next);
}

/** Pure. */
export function afterSample(kept: Kept | null, sample: Sample): Kept {
  // It was started anew, or the clock was set back: what it counts begins anew.
  if (kept === null || sample.cpuNs < kept.newest.cpuNs || sample.atMs < kept.newest.atMs)
    return { base: sample, newest: sample, busy: null };
  const windowMs = sample.atMs - kept.base.atMs;
  if (windowMs < leastWindowMs) return { ...kept, newest: sample };
  const processors = (sample.cpuNs - kept.base.cpuNs) / (windowMs * 1e6);
  return { base: sample, newest: sample, busy: { atMs: sample.atMs, processors } };
}

/** Null: it has not said it. Pure. */
export function sampleOf(read: Outcome<Stats>): Sample | null {
  if (!read.ok) return null;
  const { read: at, cpu_stats: cpu, memory_stats: memory } = read.value;
  const atMs = Date.parse(at);
  const cpuNs = cpu.cpu_usage.total_usage;
  // Before its first second Docker says the year 1.
  if (!(atMs > 0) || cpuNs < 0) return null;
  // Pages of files that may go at any time are no load; cgroup v2 and v1 name them differently, Podman not at all.
  const cache = memory?.stats?.inactive_file ?? memory?.stats?.total_inactive_file ?? 0;
  const used = memory?.usage ?? null;
  const limit = memory?.limit ?? null;
  return {
    atMs,
    cpuNs,
    processors: cpu.online_cpus ?? cpu.cpu_usage.percpu_usage?.length ?? null,
    memoryBytes: used === null ? null : Math.max(0, used - cache),
    memoryLimitBytes: limit === null || limit <= 0 || limit >= unlimitedBytes ? null : limit,
  };
}

/** Processors that a container may have: its own limit, else those of the host. Null: nobody says. Pure. */
export function processorsOf({ HostConfig: host }: Container, ofHost: number | null): number | null {
  const [nano, quota, period] = [host['NanoCpus'], host['CpuQuota'], host['CpuPeriod']].map(positive);
  if (nano) return nano / 1e9;
  if (quota) return quota / (period ?? 100_000);
  const pinned = countOfSet(host['CpusetCpus']);
  return pinned ?? (ofHost !== null && ofHost > 0 ? ofHost : null);
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

/** `0-2,5` is four. */
function countOfSet(set: unknown): number | null {
  if (typeof set !== 'string' || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(set)) return null;
  return set.split(',').reduce((sum, part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return sum + Math.max(0, last - first + 1);
  }, 0);
}

/** As shares of what it may take; null: not known. Pure. */
export function usageOf(container: Container, kept: Kept | undefined): Usage {
  if (kept === undefined) return { cpu: null, memory: null };
  const { newest, busy } = kept;
  const most = processorsOf(container, newest.processors);
  const limit = positive(container.HostConfig['Memory']) ?? newest.memoryLimitBytes;
  return {
    cpu: busy === null || most === null ? null : busy.processors / most,
    memory: newest.memoryBytes === null || limit === null ? null : newest.memoryBytes / limit,
  };
}

/** The share of the processor is what the least loaded is chosen by. */
export function withLoads(seen: readonly Seen[], loads: Loads): readonly Seen[] {
  return seen.map((one) => {
    const load = isDead(one) ? null : usageOf(one.container, loads.get(one.container.Id)).cpu;
    return { ...one, instance: { ...one.instance, load } };
  });
}

/**
 * Mean share of the ready containers. One that has run for a while and is not known makes it missing: what is not known is not left out.
 * As old as the oldest look that it rests on. Pure.
 */
export function shareOf(kind: 'cpu' | 'memory', seen: readonly Seen[], loads: Loads, now: Date): ScalingReading {
  const at = now.toISOString();
  const shares: number[] = [];
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const { container, instance } of seen) {
    if (instance.state !== 'ready') continue;
    const kept = loads.get(container.Id);
    const share = usageOf(container, kept)[kind];
    if (share === null || kept === undefined) {
      if (Math.abs(+now - Date.parse(instance.startedAt ?? '')) < youngMs) continue;
      return { at, known: false, why: 'missing', detail: `${kind} of ${instance.name} is not known (yet)` };
    }
    shares.push(share);
    oldestMs = Math.min(oldestMs, kind === 'cpu' ? (kept.busy?.atMs ?? 0) : kept.newest.atMs);
  }
  if (shares.length === 0)
    return { at, known: false, why: 'missing', detail: `no ready container tells its ${kind} yet` };
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return { at: new Date(oldestMs).toISOString(), known: true, value: mean };
}
