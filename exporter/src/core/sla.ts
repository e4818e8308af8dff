import {
  levelLimits,
  readService,
  type LastKnownOfServices,
  type LevelLimits,
  type ServiceReading,
} from '../contract/metrics/reading.ts';
import type { Observed } from '../contract/observed.ts';
import {
  documentedSlas,
  knownReading,
  unknownReading,
  type DocumentedSla,
  type Reading,
  type SlaAnswers,
  type SlaReport,
  type SlaStatus,
} from '../contract/sla.ts';
import { slaNames, type ServiceSnapshot, type SlaName, type Snapshot } from '../contract/snapshot.ts';
import { onlyValue, type PromSample } from './prometheus-answer.ts';

/** Service levels, from the snapshot (now) and the records of the generated rules (30 days). Pure. */

/** The records that the generated rules write; each has the labels cluster, service and sla. */
export const slaRecords = {
  compliance: 'service_sla:genesis_sla_ok:avg30d',
  coverage: 'service_sla:genesis_sla_coverage:ratio30d',
  budgetRemaining: 'service_sla:genesis_sla_error_budget_remaining:ratio30d',
} as const;

/** Windows over which the share of broken minutes is recorded, each a record of its own. */
export const burnWindows = ['1h', '6h', '1d', '3d'] as const;

function burnRecord(window: string): string {
  return `service_sla:genesis_sla_error:ratio${window}`;
}

/** Text between double quotes in PromQL. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** All three records in one query, so that they are of one moment. */
export function slaQuery(cluster: string, service: string | null): string {
  return recordsQuery(Object.values(slaRecords), cluster, service);
}

/** Apart from the others: a fleet's answer may be too large, and compliance must not be lost with it. */
export function burnQuery(cluster: string, service: string | null): string {
  return recordsQuery(burnWindows.map(burnRecord), cluster, service);
}

function recordsQuery(records: readonly string[], cluster: string, service: string | null): string {
  const names = records.join('|');
  const ofService = service === null ? '' : `,service=${quoted(service)}`;
  return `{__name__=~"${names}",cluster=${quoted(cluster)}${ofService}}`;
}

/** How one level stands now. `compliant: null`: not known; `current: null`: there is no value, and `reason` says why. */
export interface SlaNow {
  readonly current: number | null;
  readonly compliant: boolean | null;
  readonly reason: string | null;
}

function notKnown(reason: string): SlaNow {
  return { current: null, compliant: null, reason };
}

/** What never happened is no number, but it is known that the promise is broken. */
function never(reason: string): SlaNow {
  return { current: null, compliant: false, reason };
}

function atMost(current: number, target: number): SlaNow {
  return { current, compliant: current <= target, reason: null };
}

/** Why a level of the reading is null: it could not be read, or that was too long ago to be called current. */
function whyUnread(seen: Observed<unknown>, what: string): string {
  if (!seen.known) return `${what} cannot be read: ${seen.error.message}`;
  return `${what} was last read at ${seen.at}: too long ago`;
}

function secondsSince(at: string, now: number): number {
  return Math.max(0, (now - Date.parse(at)) / 1000);
}

/** A copy, or a standby of a database. */
interface Follower {
  readonly name: string;
  /** Null: it could not be read. */
  readonly seen: { readonly connected: boolean; readonly lagSeconds: number | null } | null;
}

function followersOf({ copies, replication, service }: ServiceReading): readonly Follower[] {
  const ofCopies = copies.map(({ name, facts }): Follower => {
    if (facts === null) return { name: `copy ${name}`, seen: null };
    // What a disconnected copy lacks is known at the most, never that it lacks nothing.
    const lagSeconds = facts.connected || facts.lagSeconds > 0 ? facts.lagSeconds : null;
    return { name: `copy ${name}`, seen: { connected: facts.connected, lagSeconds } };
  });
  if (service.replication === null) return ofCopies;
  if (replication === null) return [...ofCopies, { name: 'the replication of the database', seen: null }];
  return [...ofCopies, ...replication.replicas.map((r): Follower => ({ name: `standby ${r.name}`, seen: r }))];
}

/** One that cannot be reached keeps no promise, whatever it lacked when it was last seen. One that could not be read may. */
function replicationNow(reading: ServiceReading, target: number): SlaNow {
  const followers = followersOf(reading);
  if (followers.length === 0) return notKnown('no copy is configured');
  const lags = followers.flatMap(({ seen }) => seen?.lagSeconds ?? []);
  const worst = lags.length === 0 ? null : Math.max(...lags);
  const names = (of: (follower: Follower) => boolean): string =>
    followers
      .filter(of)
      .map(({ name }) => name)
      .join(', ');
  const gone = names(({ seen }) => seen?.connected === false);
  if (gone !== '') return { current: worst, compliant: false, reason: `${gone} is disconnected` };
  if (worst !== null && worst > target) return atMost(worst, target);
  const unread = names(({ seen }) => seen === null);
  if (unread !== '') return notKnown(`${unread} cannot be read`);
  const untold = names(({ seen }) => seen?.lagSeconds === null);
  if (untold !== '' || worst === null) return notKnown(`the lag of ${untold} is not known`);
  return atMost(worst, target);
}

const readers: Readonly<Record<SlaName, (reading: ServiceReading, target: number) => SlaNow>> = {
  backup_sla: ({ backups, service, now }, target) => {
    if (backups === null) return notKnown(whyUnread(service.backups, 'the catalogue'));
    return backups.newest === null
      ? never('there is no backup yet')
      : atMost(secondsSince(backups.newest.endedAt, now), target);
  },
  replication_sla: replicationNow,
  readiness_sla: ({ readiness, service }, target) => {
    if (readiness === null) return notKnown(`readiness was last judged at ${service.readiness.at}: too long ago`);
    return { current: readiness.score, compliant: readiness.score >= target, reason: null };
  },
  test_frequency_sla: ({ drills, service, now }, target) => {
    if (drills === null) return notKnown(whyUnread(service.drills, 'the history of drills'));
    return drills.lastPassedAt === null
      ? never('no drill has passed yet')
      : atMost(secondsSince(drills.lastPassedAt, now), target);
  },
  rpo_sla: ({ rpoSeconds, service }, target) => {
    if (rpoSeconds !== null) return atMost(rpoSeconds, target);
    const nothingRestorable = service.rpoSeconds.known && service.rpoSeconds.value === null;
    return nothingRestorable
      ? never('nothing can be restored yet')
      : notKnown(whyUnread(service.rpoSeconds, 'the catalogue'));
  },
  rto_sla: ({ rtoSeconds, service }, target) => {
    if (rtoSeconds !== null) return atMost(rtoSeconds, target);
    const neverMeasured = service.rtoSeconds.known && service.rtoSeconds.value === null;
    return notKnown(
      neverMeasured
        ? 'no drill has passed yet, so nobody knows how long it takes'
        : whyUnread(service.rtoSeconds, 'the history of drills'),
    );
  },
};

/** What was read before does not count: these are the values of now. */
const nothingRemembered: LastKnownOfServices = new Map();

/** How the levels of a service stand at `now` (Unix milliseconds); readings older than the metrics would show count as unknown. */
export function slaNow(service: ServiceSnapshot, limits: LevelLimits, now: number): Readonly<Record<SlaName, SlaNow>> {
  const reading = readService(service, nothingRemembered, limits, now);
  const entries = slaNames.map((sla) => [sla, readers[sla](reading, service.objectives[sla])] as const);
  return Object.fromEntries(entries) as Record<SlaName, SlaNow>;
}

type History = Pick<SlaStatus, 'compliance' | 'coverage' | 'budgetRemaining'>;
type Samples = readonly PromSample[];

function byService(samples: Samples): ReadonlyMap<string, Samples> {
  const found = new Map<string, PromSample[]>();
  for (const sample of samples) {
    const { service = '' } = sample.labels;
    const others = found.get(service);
    if (others === undefined) found.set(service, [sample]);
    else others.push(sample);
  }
  return found;
}

/** Compliance says nothing without the coverage it rests on: one is not shown without the other. */
function historyOf(recorded: Reading<Samples>, service: string, sla: SlaName): History {
  if (!recorded.known) return { compliance: recorded, coverage: recorded, budgetRemaining: recorded };
  const value = (record: string): Reading<number> => {
    const found = recorded.value.filter(({ labels }) => labels['sla'] === sla && labels['__name__'] === record);
    return onlyValue(found, `${record} of ${service} and ${sla}`);
  };
  const coverage = value(slaRecords.coverage);
  const needsCoverage = (reading: Reading<number>): Reading<number> =>
    reading.known && !coverage.known
      ? unknownReading(coverage.reason, `its coverage is unknown: ${coverage.message}`)
      : reading;
  return {
    compliance: needsCoverage(value(slaRecords.compliance)),
    coverage,
    budgetRemaining: needsCoverage(value(slaRecords.budgetRemaining)),
  };
}

/** How fast the budget is used: the share of broken minutes over the share that may be. */
function burnOf(recorded: Reading<Samples>, service: string, sla: SlaName, objective: number): SlaStatus['burn'] {
  return burnWindows.map((window) => {
    const record = burnRecord(window);
    if (!recorded.known) return { window, rate: recorded };
    const found = recorded.value.filter(({ labels }) => labels['sla'] === sla && labels['__name__'] === record);
    const error = onlyValue(found, `${record} of ${service} and ${sla}`);
    return { window, rate: error.known ? knownReading(error.value / (1 - objective)) : error };
  });
}

/** The samples of one service, or why there are none of any. */
function picker(answer: Reading<Samples>): (service: string) => Reading<Samples> {
  if (!answer.known) return () => answer;
  const recorded = byService(answer.value);
  return (service) => knownReading(recorded.get(service) ?? []);
}

/** The levels of these services. `answer`: what Prometheus said to `slaQuery`, `burns`: to `burnQuery`. */
export function slaReport(
  snapshot: Snapshot,
  services: readonly ServiceSnapshot[],
  answer: Reading<readonly PromSample[]>,
  now: Date,
  burns: Reading<readonly PromSample[]> = answer,
): SlaReport {
  const [recordsOf, burnsOf] = [picker(answer), picker(burns)];
  const limits = levelLimits(snapshot);
  const items = services.flatMap((service) => {
    const current = slaNow(service, limits, +now);
    const [records, burn] = [recordsOf(service.name), burnsOf(service.name)];
    return slaNames.map((sla): SlaStatus => ({
      service: service.name,
      sla,
      unit: sla === 'readiness_sla' ? 'ratio' : 'seconds',
      target: service.objectives[sla],
      objective: service.slaObjectives[sla],
      ...current[sla],
      ...historyOf(records, service.name, sla),
      burn: burnOf(burn, service.name, sla, service.slaObjectives[sla]),
    }));
  });
  const history = answer.known
    ? { available: true, unknown: null }
    : { available: false, unknown: `unknown: ${answer.message}` };
  return { items, at: snapshot.at, history };
}

/** How far beyond its target: above 1 is broken. */
function strain({ sla, current, target }: SlaStatus): number {
  if (current === null) return Infinity;
  const [part, whole] = sla === 'readiness_sla' ? [target, current] : [current, target];
  return whole === 0 ? (part === 0 ? 0 : Infinity) : part / whole;
}

/** The service that decides: the worst that is broken, else one that is not known, else the one nearest to its target. */
function deciding(items: readonly SlaStatus[]): SlaStatus | null {
  const rank = ({ compliant }: SlaStatus): number => (compliant === false ? 0 : compliant === null ? 1 : 2);
  const sorted = [...items].sort((a, b) => rank(a) - rank(b) || strain(b) - strain(a) || 0);
  return sorted[0] ?? null;
}

/** The documents' own form, over all services of the report. */
export function slaAnswers(report: SlaReport): SlaAnswers {
  const answers = documentedSlas.map((sla): [DocumentedSla, SlaAnswers[DocumentedSla]] => {
    const worst = deciding(report.items.filter((item) => item.sla === sla));
    if (worst === null)
      return [sla, { compliant: null, current: null, target: null, unknown: 'no service is configured' }];
    const { compliant, current, target, reason, service } = worst;
    return [sla, { compliant, current, target, unknown: compliant === null ? `${service}: ${reason ?? ''}` : null }];
  });
  return Object.fromEntries(answers) as SlaAnswers;
}
