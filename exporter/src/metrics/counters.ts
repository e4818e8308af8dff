import { Counter, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../contract/errors.ts';
import {
  authFailureKinds,
  metricCatalogue,
  type AuthFailureKind,
  type EventFamily,
  type MetricName,
  type ProgramFamily,
} from '../contract/metrics/index.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import type { MeasuredEvent } from '../store/port.ts';
import { samplesOf } from './process.ts';

type Labels = Record<string, string>;
type Measure =
  | { readonly kind: 'counter'; readonly counter: Counter }
  | { readonly kind: 'histogram'; readonly histogram: Histogram };
/** What counting needs to know of a service. */
export type CountedService = Pick<ServiceSnapshot, 'name' | 'region' | 'engine' | 'abilities' | 'copies' | 'health'>;

/** A histogram of so many services is about a quarter of a MiB: one turn of the event loop. */
const servicesJoined = 128;

const all = Object.entries(metricCatalogue) as [MetricName, (typeof metricCatalogue)[MetricName]][];
const eventFamilies = all.flatMap(([name, f]): [MetricName, EventFamily][] =>
  f.from === 'event' ? [[name, f as EventFamily]] : [],
);
const programFamilies = all.flatMap(([name, f]): [MetricName, ProgramFamily][] =>
  f.from === 'program' ? [[name, f]] : [],
);

/** The counters of one service in a registry of their own: samples are kept until something is counted, and all goes with the service. */
interface ServiceCounters {
  readonly service: CountedService;
  readonly identity: string;
  readonly registry: Registry;
  readonly measures: ReadonlyMap<MetricName, Measure>;
  readonly samples: Map<MetricName, Buffer>;
  /** Events counted so far. */
  counted: number;
}

/** Counters and histograms: of services from measured events, of the program from what it does. All values live in memory. */
export interface Counters {
  /**
   * Makes the counted services those of the snapshot: new ones begin at 0 in every label set, gone ones vanish, those whose region,
   * engine or copies changed begin anew. Returns the names that began: seed them.
   */
  initialise(services: readonly CountedService[]): readonly string[];
  /**
   * Counts events of the past. `only` limits it to some services; `before` (ISO time) to what is not also recorded live, for
   * seeding while the program runs.
   */
  seed(
    chunks: AsyncIterable<readonly MeasuredEvent[]>,
    options?: { readonly only?: readonly string[]; readonly before?: string },
  ): Promise<void>;
  record(event: MeasuredEvent): void;
  removeService(name: string): void;
  countRequest(
    labels: { readonly method: string; readonly route: string; readonly status: string },
    seconds: number,
  ): void;
  countAuthFailure(kind: AuthFailureKind): void;
  /** `component`: the collector, operation kind or `api` that it happened in; a small fixed set. */
  countError(code: ErrorCode, component: string): void;
  countAuditWriteFailure(): void;
  /** Samples of one event family, service by service, without its head. */
  ofServices(name: MetricName): AsyncIterable<Buffer>;
  /** Samples of one program family, without its head. */
  ofProgram(name: MetricName): Promise<Buffer>;
}

export function createCounters(options: { readonly cluster: string }): Counters {
  const { cluster } = options;
  const services = new Map<string, ServiceCounters>();
  // By family, services joined to large pieces: most families count nothing between two scrapes.
  const joined = new Map<MetricName, readonly Buffer[]>();
  let changes = 0;
  const program = createProgramCounters(cluster);

  const record = (event: MeasuredEvent): void => {
    const counters = services.get(event.service);
    if (counters === undefined) return;
    changes += 1;
    for (const name of count(cluster, counters, event)) joined.delete(name);
  };
  const removeService = (name: string): void => {
    changes += 1;
    joined.clear();
    services.delete(name);
  };
  return {
    ...program,
    initialise(wanted) {
      const names = new Set(wanted.map((s) => s.name));
      for (const name of services.keys()) if (!names.has(name)) removeService(name);
      const begun: string[] = [];
      for (const service of wanted) {
        if (services.get(service.name)?.identity === identityOf(service)) continue;
        removeService(service.name);
        services.set(service.name, createServiceCounters(cluster, service));
        begun.push(service.name);
      }
      return begun;
    },
    async seed(chunks, { only, before } = {}) {
      const wanted = only === undefined ? null : new Set(only);
      for await (const chunk of chunks) {
        for (const event of chunk) {
          if (wanted?.has(event.service) === false || (before !== undefined && event.at >= before)) continue;
          record(event);
        }
      }
    },
    record,
    removeService,
    async *ofServices(name) {
      const kept = joined.get(name);
      if (kept !== undefined) {
        yield* kept;
        return;
      }
      const before = changes;
      const pieces: Buffer[] = [];
      for await (const piece of joinServices([...services.values()], name)) {
        pieces.push(piece);
        yield piece;
      }
      // What was counted meanwhile may be missing in these: do not keep them.
      if (changes === before) joined.set(name, pieces);
    },
  };
}

function identityOf(service: CountedService): string {
  return JSON.stringify([service.region, service.engine, service.copies.map((c) => c.name), service.health !== null]);
}

function createServiceCounters(cluster: string, service: CountedService): ServiceCounters {
  const registry = new Registry();
  const measures = new Map<MetricName, Measure>();
  for (const [name, family] of eventFamilies) {
    const measure = createMeasure(registry, name, family);
    measures.set(name, measure);
    for (const labels of family.initial(service as ServiceSnapshot)) {
      zero(measure, { cluster, service: service.name, region: service.region, ...labels });
    }
  }
  return { service, identity: identityOf(service), registry, measures, samples: new Map(), counted: 0 };
}

function createMeasure(registry: Registry, name: MetricName, family: EventFamily | ProgramFamily): Measure {
  const base = { name, help: family.help, labelNames: [...family.labels], registers: [registry] };
  return family.type === 'histogram'
    ? { kind: 'histogram', histogram: new Histogram({ ...base, buckets: [...(family.buckets ?? [])] }) }
    : { kind: 'counter', counter: new Counter(base) };
}

function zero(measure: Measure, labels: Labels): void {
  if (measure.kind === 'counter') measure.counter.inc(labels, 0);
  else measure.histogram.zero(labels);
}

/** Returns the families whose samples changed. */
function count(cluster: string, counters: ServiceCounters, event: MeasuredEvent): readonly MetricName[] {
  const { service } = counters;
  // A copy that is not configured any more must not come back as a series.
  if (event.labels['replica'] !== undefined && !service.copies.some((c) => c.name === event.labels['replica']))
    return [];
  const changed: MetricName[] = [];
  for (const [name, family] of eventFamilies) {
    if (family.event !== event.kind) continue;
    const measure = counters.measures.get(name);
    // The region is today's, so that a series goes on when a service was moved; the other labels tell what happened then.
    const labels: Labels = { cluster, service: service.name, region: service.region };
    for (const label of family.own)
      labels[label] = event.labels[label] ?? (label === 'engine' ? service.engine : 'unknown');
    const added = family.adds === 'one' ? 1 : event.durationSeconds;
    if (added === null) continue;
    if (measure?.kind === 'counter') measure.counter.inc(labels, added);
    else measure?.histogram.observe(labels, added);
    counters.samples.delete(name);
    changed.push(name);
  }
  counters.counted += 1;
  return changed;
}

/** Samples of one family in pieces of `servicesJoined` services, each copied once. */
async function* joinServices(services: readonly ServiceCounters[], name: MetricName): AsyncGenerator<Buffer> {
  for (let first = 0; first < services.length; first += servicesJoined) {
    const samples: Buffer[] = [];
    for (const counters of services.slice(first, first + servicesJoined))
      samples.push(counters.samples.get(name) ?? (await renderService(counters, name)));
    yield Buffer.concat(samples);
  }
}

async function renderService(counters: ServiceCounters, name: MetricName): Promise<Buffer> {
  const before = counters.counted;
  const samples = await samplesOf(counters.registry, name);
  // An event that was counted meanwhile may be missing in these: do not keep them.
  if (counters.counted === before) counters.samples.set(name, samples);
  return samples;
}

type ProgramCounters = Pick<
  Counters,
  'countRequest' | 'countAuthFailure' | 'countError' | 'countAuditWriteFailure' | 'ofProgram'
>;

function createProgramCounters(cluster: string): ProgramCounters {
  const registry = new Registry();
  const measures = new Map(
    programFamilies.map(([name, family]) => [name, createMeasure(registry, name, family)] as const),
  );
  const add = (name: MetricName, labels: Labels, seconds?: number): void => {
    const measure = measures.get(name);
    if (measure?.kind === 'counter') measure.counter.inc({ cluster, ...labels });
    else if (seconds !== undefined) measure?.histogram.observe({ cluster, ...labels }, seconds);
  };
  const auditFailures = measures.get('genesis_audit_write_failures_total');
  if (auditFailures !== undefined) zero(auditFailures, { cluster });
  const gates = measures.get('genesis_auth_failures_total');
  if (gates !== undefined) for (const kind of authFailureKinds) zero(gates, { cluster, kind });
  return {
    countRequest({ method, route, status }, seconds) {
      add('genesis_http_requests_total', { method, route, status });
      add('genesis_http_request_duration_seconds', { method, route }, seconds);
    },
    countAuthFailure: (kind) => add('genesis_auth_failures_total', { kind }),
    countError: (code, component) => add('genesis_errors_total', { code, component }),
    countAuditWriteFailure: () => add('genesis_audit_write_failures_total', {}),
    ofProgram: (name) => samplesOf(registry, name),
  };
}
