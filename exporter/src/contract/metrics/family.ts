import type { IsoTime } from '../observed.ts';
import type { ServiceSnapshot } from '../snapshot.ts';
import type { ServiceReading, SnapshotReading } from './reading.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';
/** What one sample's number means. `timestamp` is Unix seconds, `boolean` is 1 or 0, `info` is always 1. */
export type MetricUnit =
  'seconds' | 'bytes' | 'ratio' | 'hours' | 'minutes' | 'count' | 'timestamp' | 'boolean' | 'info' | 'mixed';

/** Kinds of measured events (store/port.ts MeasuredEvent) that feed counters and histograms. */
export type EventKind =
  | 'backup'
  | 'drill'
  | 'recovery'
  | 'verify'
  | 'copy'
  | 'failover'
  | 'breaker'
  | 'scaling'
  | 'health_check'
  | 'health_check_failure';

/** From one second to a day: backups and recoveries last that long (the client libraries' defaults end at ten seconds). */
export const longBuckets = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400] as const;
/** For HTTP requests, seconds. */
export const requestBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

type Values<L extends readonly string[]> = { -readonly [K in keyof L]: string };
/** A number, or a moment that is shown as Unix seconds. Null and what is not finite give no sample. */
export type SampleValue = number | IsoTime | null;
/** One sample: a value and the label values in the order of the family's own labels. */
export type Emit<L extends readonly string[]> = (value: SampleValue, ...labels: Values<L>) => void;
export type AnyEmit = (value: SampleValue, ...labels: string[]) => void;

interface Described<L extends readonly string[]> {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: MetricUnit;
  /** All label names, in the order in which they are written. */
  readonly labels: L;
  /** The source documents fixed this name although it breaks naming practice; its twin is named here. */
  readonly twin?: string;
}

/** Read from each service of the snapshot at scrape time; `own` are the labels after cluster, service, region. */
export interface ServiceFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'service';
  readonly own: readonly string[];
  read(reading: ServiceReading, emit: AnyEmit): void;
}
/** Read once from the whole snapshot; `own` are the labels after cluster. */
export interface SnapshotFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'snapshot';
  readonly own: readonly string[];
  read(reading: SnapshotReading, emit: AnyEmit): void;
}
/** Counted per service from measured events, seeded from the store at start. `initial`: own label values that begin at 0. */
export interface EventFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'event';
  readonly own: readonly string[];
  readonly event: EventKind;
  /** What an event adds to a counter: 1, or how many seconds it took. */
  readonly adds: 'one' | 'seconds';
  readonly buckets?: readonly number[];
  initial(service: ServiceSnapshot): readonly Readonly<Record<string, string>>[];
}
/** Counted by the running program (requests, errors); starts at 0 with it. */
export interface ProgramFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'program';
  readonly buckets?: readonly number[];
}
/** Read by prom-client or the runtime about this process; has no cluster label. */
export interface ProcessFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'process';
}
/** Settled, but nothing publishes it yet: no samples. */
export interface PlannedFamily<L extends readonly string[] = readonly string[]> extends Described<L> {
  readonly from: 'planned';
}
export type Family = ServiceFamily | SnapshotFamily | EventFamily | ProgramFamily | ProcessFamily | PlannedFamily;

const ofService = ['cluster', 'service', 'region'] as const;
type OfService<L extends readonly string[]> = readonly [...typeof ofService, ...L];

interface ServiceSpec<L extends readonly string[]> {
  readonly help: string;
  readonly unit: MetricUnit;
  readonly labels?: L;
  readonly twin?: string;
  read(reading: ServiceReading, emit: Emit<L>): void;
}
export function serviceGauge<const L extends readonly string[] = []>(
  spec: ServiceSpec<L>,
): ServiceFamily<OfService<L>> {
  const own = spec.labels ?? ([] as unknown as L);
  return {
    ...spec,
    from: 'service',
    type: 'gauge',
    own,
    labels: [...ofService, ...own],
    read: spec.read as ServiceFamily['read'],
  };
}

interface SnapshotSpec<L extends readonly string[]> {
  /** `counter` for totals that are read, not counted here. */
  readonly type?: 'gauge' | 'counter';
  readonly help: string;
  readonly unit: MetricUnit;
  readonly labels?: L;
  read(reading: SnapshotReading, emit: Emit<L>): void;
}
export function snapshotMetric<const L extends readonly string[] = []>(
  spec: SnapshotSpec<L>,
): SnapshotFamily<readonly ['cluster', ...L]> {
  const own = spec.labels ?? ([] as unknown as L);
  return {
    ...spec,
    from: 'snapshot',
    type: spec.type ?? 'gauge',
    own,
    labels: ['cluster', ...own],
    read: spec.read as SnapshotFamily['read'],
  };
}

interface EventSpec<L extends readonly string[]> {
  readonly help: string;
  readonly event: EventKind;
  readonly labels: L;
  readonly twin?: string;
  /** Label sets that begin at 0 for a service, so that increase() sees the first event. */
  initial(service: ServiceSnapshot): readonly Readonly<Record<L[number], string>>[];
}
export function eventCounter<const L extends readonly string[]>(spec: EventSpec<L>): EventFamily<OfService<L>> {
  return {
    ...spec,
    from: 'event',
    type: 'counter',
    unit: 'count',
    adds: 'one',
    own: spec.labels,
    labels: [...ofService, ...spec.labels],
  };
}
/**
 * Seconds spent on events that another counter counts, for their mean: one series where a histogram takes seventeen, which a thousand
 * services feel in Prometheus' memory. For durations whose distribution nobody acts on.
 */
export function eventSeconds<const L extends readonly string[]>(spec: EventSpec<L>): EventFamily<OfService<L>> {
  return { ...eventCounter(spec), unit: 'seconds', adds: 'seconds' };
}
/**
 * One label set of a histogram is 17 series, and a thousand services have them all: only what is scheduled and usually happens begins
 * at 0. That nothing failed and no snapshot was made so far, the counters of the same events say.
 */
function isUsual(labels: Readonly<Record<string, string>>): boolean {
  return labels['result'] !== 'failure' && labels['backup_type'] !== 'snapshot';
}
export function eventHistogram<const L extends readonly string[]>(
  spec: EventSpec<L>,
): EventFamily<OfService<L>> & { readonly type: 'histogram' } {
  return {
    ...spec,
    from: 'event',
    type: 'histogram',
    unit: 'seconds',
    adds: 'seconds',
    buckets: longBuckets,
    own: spec.labels,
    labels: [...ofService, ...spec.labels],
    initial: (service) => spec.initial(service).filter(isUsual),
  };
}

interface ProgramSpec<L extends readonly string[]> {
  readonly help: string;
  readonly labels: L;
}
export function programCounter<const L extends readonly string[]>(
  spec: ProgramSpec<L>,
): ProgramFamily<readonly ['cluster', ...L]> {
  return { from: 'program', type: 'counter', unit: 'count', help: spec.help, labels: ['cluster', ...spec.labels] };
}
export function programHistogram<const L extends readonly string[]>(
  spec: ProgramSpec<L> & { readonly buckets: readonly number[] },
): ProgramFamily<readonly ['cluster', ...L]> & { readonly type: 'histogram' } {
  return {
    from: 'program',
    type: 'histogram',
    unit: 'seconds',
    help: spec.help,
    labels: ['cluster', ...spec.labels],
    buckets: spec.buckets,
  };
}

export function processMetric<const L extends readonly string[] = []>(spec: {
  readonly type?: 'gauge' | 'counter';
  readonly help: string;
  readonly unit: MetricUnit;
  readonly labels?: L;
}): ProcessFamily<L> {
  return {
    from: 'process',
    type: spec.type ?? 'gauge',
    help: spec.help,
    unit: spec.unit,
    labels: spec.labels ?? ([] as unknown as L),
  };
}

export function processHistogram<const L extends readonly string[] = []>(spec: {
  readonly help: string;
  readonly labels: L;
}): ProcessFamily<L> & { readonly type: 'histogram' } {
  return { from: 'process', type: 'histogram', help: spec.help, unit: 'seconds', labels: spec.labels };
}

interface PlannedSpec<L extends readonly string[]> {
  readonly help: string;
  readonly labels: L;
}
type WithCluster<L extends readonly string[]> = readonly ['cluster', ...L];

export const planned = {
  gauge: <const L extends readonly string[]>(
    spec: PlannedSpec<L> & { readonly unit: MetricUnit },
  ): PlannedFamily<WithCluster<L>> => ({
    ...spec,
    from: 'planned',
    type: 'gauge',
    labels: ['cluster', ...spec.labels],
  }),
  counter: <const L extends readonly string[]>(spec: PlannedSpec<L>): PlannedFamily<WithCluster<L>> => ({
    ...spec,
    from: 'planned',
    type: 'counter',
    unit: 'count',
    labels: ['cluster', ...spec.labels],
  }),
  histogram: <const L extends readonly string[]>(
    spec: PlannedSpec<L>,
  ): PlannedFamily<WithCluster<L>> & { readonly type: 'histogram' } => ({
    ...spec,
    from: 'planned',
    type: 'histogram',
    unit: 'seconds',
    labels: ['cluster', ...spec.labels],
  }),
} as const;

/** Every combination of the given label values: {a: ['1','2'], b: ['x']} → [{a:'1',b:'x'},{a:'2',b:'x'}]. */
export function combinations<L extends string>(
  values: Readonly<Record<L, readonly string[]>>,
): Readonly<Record<L, string>>[] {
  let sets: Record<string, string>[] = [{}];
  for (const [label, choices] of Object.entries<readonly string[]>(values)) {
    sets = sets.flatMap((set) => choices.map((choice) => ({ ...set, [label]: choice })));
  }
  return sets as Record<L, string>[];
}

/** Values of the label `result`. */
export const results = ['success', 'failure'] as const;
export type Result = (typeof results)[number];
