import type { z } from 'zod';
import type { FoundFault } from './faults.ts';
import { checkAlertmanager } from './relations-alertmanager.ts';
import { checkEngine } from './relations-engine.ts';
import { checkFailover } from './relations-failover.ts';
import { checkPlaybooks } from './relations-playbooks.ts';
import { checkScaling } from './relations-scaling.ts';
import { checkScalingTogether } from './relations-scaling-together.ts';
import { checkGrafana } from './relations-grafana.ts';
import { isLoopback, parseListen } from './listen.ts';
import { checkCron, isTimezone, longestWaitSeconds, runsWithin } from './schedule.ts';
import type { AlertmanagerConfig, Api, ServiceConfig } from './schema.ts';
import { rawAt } from './schema-faults.ts';
import type { GrafanaServer } from './schema-grafana.ts';
import type { PrometheusServer } from './schema-sla.ts';
import { formatDuration } from './units.ts';

export interface Found extends FoundFault {
  readonly severity: 'fault' | 'warning';
}

export interface IndexedService {
  readonly index: number;
  readonly service: ServiceConfig;
}

/** The parts of a file that fit the schema; with them relations can be checked although other parts do not fit. */
export interface Checkable {
  readonly raw: unknown;
  readonly services: readonly IndexedService[];
  readonly api: z.output<typeof Api> | null;
  readonly alertmanager: z.output<typeof AlertmanagerConfig> | null;
  readonly prometheus: z.output<typeof PrometheusServer> | null;
  readonly grafana: GrafanaServer | null;
  readonly restoreRoots: readonly string[];
  /** Seconds that the newest backup of a service took, by its name. */
  readonly lastDurations: Readonly<Record<string, number>>;
  /** Where listen came from, for the message. */
  readonly listenSource: 'api.listen' | 'GENESIS_LISTEN';
}

/** Relations that follow from the file alone. */
export function* checkRelations(parts: Checkable): Generator<Found> {
  yield* duplicateServices(parts.raw);
  for (const indexed of parts.services) yield* checkService(parts, indexed);
  yield* checkScalingTogether(parts.services);
  yield* checkApi(parts);
  if (parts.alertmanager !== null) yield* checkAlertmanager(parts.alertmanager);
  if (parts.grafana !== null) yield* checkGrafana(parts.grafana);
  if (/^[a-z]+:\/\/[^/]*@/i.test(parts.prometheus?.url ?? '')) {
    yield {
      severity: 'fault',
      path: ['prometheus', 'url'],
      message: 'holds a user or password; secrets never stand in this file',
      mend: 'take them out of the address; let Prometheus trust this machine by its address or network',
    };
  }
}

function* checkService(parts: Checkable, { index, service }: IndexedService): Generator<Found> {
  yield* duplicateCopies(service, index);
  yield* checkSchedules(service, index);
  yield* checkObjectives(parts, service, index);
  const { incremental_days: incrementalDays, full_days: fullDays } = service.backup.retention;
  if (incrementalDays > fullDays) {
    yield {
      severity: 'fault',
      path: ['services', index, 'backup', 'retention', 'incremental_days'],
      value: incrementalDays,
      message: `is ${incrementalDays} days but fulls are kept ${fullDays}: incrementals would outlive the full they build upon`,
      mend: `set incremental_days to ${fullDays} or less, or raise full_days`,
    };
  }
  yield* checkHookPair(service, index);
  yield* checkEngine(service, index);
  yield* checkFailover(service, index);
  yield* checkPlaybooks(service, index);
  yield* checkScaling(service, index);
}

function* checkHookPair(service: ServiceConfig, index: number): Generator<Found> {
  const { stop, start } = service.restore;
  if ((stop === null) === (start === null)) return;
  const [given, absent, effect] =
    stop === null
      ? ['start', 'stop', 'data would be replaced while the service uses it']
      : ['stop', 'start', 'the service would stay stopped after a restore'];
  yield {
    severity: 'warning',
    path: ['services', index, 'restore', given],
    message: `is set but ${absent} is not: ${effect}`,
    mend: `set restore.${absent} as well`,
  };
}

function* duplicateServices(raw: unknown): Generator<Found> {
  const services = rawAt(raw, ['services']);
  if (!Array.isArray(services)) return;
  const names = services.map((service) => rawAt(service, ['name']));
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (typeof name !== 'string' || first === index) continue;
    yield {
      severity: 'fault',
      path: ['services', index, 'name'],
      value: name,
      message: `the service "${name}" is already services[${first}]`,
      mend: 'give each service its own name',
    };
  }
}

function* duplicateCopies(service: ServiceConfig, index: number): Generator<Found> {
  const names = service.copies.map((copy) => copy.name);
  for (const [at, { name }] of (service.postgres?.standbys ?? []).entries()) {
    if (!names.includes(name) && service.postgres?.standbys.findIndex((s) => s.name === name) === at) continue;
    yield {
      severity: 'fault',
      path: ['services', index, 'postgres', 'standbys', at, 'name'],
      value: name,
      message: `the name "${name}" is already that of a copy or standby of this service`,
      mend: 'give each copy and standby its own name: both are the label `replica`',
    };
  }
  for (const [at, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first === at) continue;
    yield {
      severity: 'fault',
      path: ['services', index, 'copies', at, 'name'],
      value: name,
      message: `the copy "${name}" is already copies[${first}] of this service`,
      mend: 'give each copy its own name',
    };
  }
}

function* checkSchedules(service: ServiceConfig, index: number): Generator<Found> {
  const { schedules } = service.backup;
  const crons = [
    [['backup', 'schedules', 'full'], schedules.full],
    [['backup', 'schedules', 'differential'], schedules.differential],
    [['backup', 'schedules', 'incremental'], schedules.incremental],
    [['drills', 'schedule'], service.drills.schedule],
  ] as const;
  for (const [path, expression] of crons) {
    const verdict = expression === null ? null : checkCron(expression);
    if (verdict === null || verdict.valid) continue;
    yield {
      severity: 'fault',
      path: ['services', index, ...path],
      value: expression,
      message: `is not a cron expression: ${verdict.reason}`,
      mend: 'write minute, hour, day of month, month, day of week, in quotes, e.g. "0 2 * * *"',
    };
  }
  const zones = [
    [['backup', 'schedules', 'timezone'], schedules.timezone],
    [['drills', 'timezone'], service.drills.timezone],
  ] as const;
  for (const [path, zone] of zones) {
    if (isTimezone(zone)) continue;
    yield {
      severity: 'fault',
      path: ['services', index, ...path],
      value: zone,
      message: `"${zone}" is not a time zone that this system knows`,
      mend: 'write an IANA name, e.g. UTC or Europe/Berlin',
    };
  }
}

/** Seconds between backups in the worst regular case; null when none is scheduled. The expressions must be valid. */
export function backupIntervalSeconds(service: ServiceConfig): number | null {
  return longestWaitSeconds(backupCrons(service));
}

function backupCrons({ backup }: ServiceConfig): string[] {
  return [backup.schedules.full, backup.schedules.incremental].filter((expression) => expression !== null);
}

function areValid(expressions: readonly string[]): boolean {
  return expressions.every((expression) => checkCron(expression).valid);
}

function* checkObjectives(parts: Checkable, service: ServiceConfig, index: number): Generator<Found> {
  const written = (key: string): boolean => rawAt(parts.raw, ['services', index, 'objectives', key]) !== undefined;
  const durationSeconds = parts.lastDurations[service.name] ?? 0;
  const backups = { crons: backupCrons(service), what: 'backups', schedule: 'backup.schedules', durationSeconds };
  yield* objective({ ...backups, service, index, key: 'backup_sla', severity: 'fault' });
  // A default RPO of an hour that a nightly backup cannot keep is worth a word, but the user promised nothing yet.
  yield* objective({ ...backups, service, index, key: 'rpo_sla', severity: written('rpo_sla') ? 'fault' : 'warning' });
  yield* objective({
    service,
    index,
    crons: service.drills.schedule === null ? [] : [service.drills.schedule],
    key: 'test_frequency_sla',
    severity: written('test_frequency_sla') ? 'fault' : 'warning',
    durationSeconds: 0,
    what: 'drills',
    schedule: 'drills.schedule',
  });
}

interface ObjectiveCheck {
  readonly service: ServiceConfig;
  readonly index: number;
  readonly key: 'backup_sla' | 'rpo_sla' | 'test_frequency_sla';
  readonly crons: readonly string[];
  readonly severity: Found['severity'];
  /** Of the newest run; 0 when it was never measured. */
  readonly durationSeconds: number;
  readonly what: string;
  readonly schedule: string;
}

function* objective({
  service,
  index,
  key,
  crons,
  severity,
  durationSeconds,
  what,
  schedule,
}: ObjectiveCheck): Generator<Found> {
  const promised = service.objectives[key];
  // What an invalid expression would have promised cannot be told; it is a fault by itself.
  if (!areValid(crons) || runsWithin(crons, promised - durationSeconds)) return;
  const path = ['services', index, 'objectives', key];
  const text = formatDuration(promised);
  const intervalSeconds = longestWaitSeconds(crons);
  if (intervalSeconds === null) {
    const message = `${key} is ${text} but no ${what} are scheduled: it holds only while someone starts them by hand`;
    yield { severity: 'warning', path, message, mend: `set a valid ${schedule}` };
    return;
  }
  const interval = formatDuration(intervalSeconds);
  if (promised < intervalSeconds) {
    yield {
      severity,
      path,
      value: text,
      message: `${key} ${text} cannot be kept: by ${schedule} the longest wait between ${what} is ${interval}`,
      mend: `raise objectives.${key} to more than ${interval}, or schedule ${what} more often`,
    };
    return;
  }
  // Only a warning: a backup that became slower must not keep the program from starting.
  yield {
    severity: 'warning',
    path,
    value: text,
    message: `${key} ${text} is shorter than the interval of ${interval} plus the last backup's ${formatDuration(durationSeconds)}`,
    mend: `raise objectives.${key} to at least ${formatDuration(intervalSeconds + durationSeconds)}, or schedule ${what} more often`,
  };
}

function* checkApi({ api, listenSource }: Checkable): Generator<Found> {
  if (api === null) return;
  const address = parseListen(api.listen);
  const path = ['api', 'listen'];
  if (address === null) {
    yield {
      severity: 'fault',
      path,
      value: api.listen,
      message: `${listenSource} must be address:port with a port from 0 to 65535`,
      mend: 'write e.g. 127.0.0.1:9847, or [::1]:9847',
    };
  } else if (!isLoopback(address.host) && api.tls === null && !api.insecure) {
    yield {
      severity: 'fault',
      code: 'config_insecure',
      path,
      value: api.listen,
      message: `${listenSource} ${api.listen} is beyond loopback without TLS: tokens would travel in the clear`,
      mend: 'set api.tls, or listen on 127.0.0.1, or say api.insecure: true if something in front of it does TLS',
    };
  }
  if (api.session_idle > api.session_max) {
    yield {
      severity: 'fault',
      path: ['api', 'session_idle'],
      value: formatDuration(api.session_idle),
      message: `session_idle is longer than session_max (${formatDuration(api.session_max)})`,
      mend: 'lower session_idle or raise session_max',
    };
  }
}
