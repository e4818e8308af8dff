import type { Observed } from '../contract/observed.ts';
import type { HealthState, StatusReply } from '../contract/service-replies.ts';
import type { ServiceSnapshot, Snapshot } from '../contract/snapshot.ts';

/** Worse is higher. Not knowing is worse than degraded: nobody can say that it works. */
const severity: Readonly<Record<HealthState, number>> = { healthy: 0, degraded: 1, unknown: 2, unhealthy: 3 };

interface Finding {
  readonly health: HealthState;
  readonly reason: string;
}

function ageSeconds(at: string, now: Date): number {
  return (now.getTime() - new Date(at).getTime()) / 1000;
}

function unknownFinding(what: string, observed: Observed<unknown>): Finding[] {
  return observed.known ? [] : [{ health: 'unknown', reason: `${what} cannot be read: ${observed.error.message}` }];
}

function backupFindings(service: ServiceSnapshot, now: Date): Finding[] {
  const found = unknownFinding(`backups of ${service.name}`, service.backups);
  if (service.backups.known) {
    const { newest, newestVerifyFailed } = service.backups.value;
    const age = newest === null ? null : ageSeconds(newest.endedAt, now);
    if (age === null) found.push({ health: 'unhealthy', reason: `${service.name} was never backed up` });
    else if (age > service.backupAgeThresholdSeconds)
      found.push({ health: 'unhealthy', reason: `the newest backup of ${service.name} is ${Math.round(age)} s old` });
    else if (age > service.objectives.backup_sla)
      found.push({ health: 'degraded', reason: `the newest backup of ${service.name} is older than its objective` });
    if (newestVerifyFailed)
      found.push({ health: 'unhealthy', reason: `the newest backup of ${service.name} failed its verification` });
  }
  if (service.pause !== null)
    found.push({ health: 'degraded', reason: `${service.name} is paused until ${service.pause.until}` });
  if (service.readiness.score < service.objectives.readiness_sla) {
    found.push({
      health: 'degraded',
      reason: `readiness of ${service.name} is ${service.readiness.score.toFixed(2)}, its objective ${service.objectives.readiness_sla}`,
    });
  }
  return found;
}

function drillFindings(service: ServiceSnapshot, now: Date): Finding[] {
  if (!service.drills.known) return unknownFinding(`drills of ${service.name}`, service.drills);
  const { lastPassed, lastPassedAt } = service.drills.value;
  if (lastPassed === false) return [{ health: 'unhealthy', reason: `the last drill of ${service.name} failed` }];
  if (lastPassedAt === null) return [{ health: 'degraded', reason: `no drill of ${service.name} has passed yet` }];
  if (ageSeconds(lastPassedAt, now) <= service.objectives.test_frequency_sla) return [];
  return [{ health: 'degraded', reason: `the last passed drill of ${service.name} is older than its objective` }];
}

function copyFindings(service: ServiceSnapshot): Finding[] {
  return service.copies.flatMap(({ name, facts }) => {
    const what = `copy ${name} of ${service.name}`;
    if (!facts.known) return unknownFinding(what, facts);
    if (!facts.value.connected) return [{ health: 'unhealthy' as const, reason: `${what} is disconnected` }];
    const behind = facts.value.lagSeconds > service.objectives.replication_sla;
    return behind
      ? [{ health: 'degraded' as const, reason: `${what} is ${Math.round(facts.value.lagSeconds)} s behind` }]
      : [];
  });
}

/** What the health checks say of the services themselves. */
function healthFindings({ name, health }: ServiceSnapshot): Finding[] {
  if (health === null || health.state === 'healthy') return [];
  if (health.state === 'unknown')
    return [{ health: 'unknown', reason: `health of ${name} is not known: not all of its checks were made lately` }];
  return health.checks
    .filter(({ state }) => state !== null && state !== 'healthy')
    .map((check) => ({
      health: check.critical && check.state !== 'degraded' ? 'unhealthy' : 'degraded',
      reason: `check ${check.name} of ${name} is ${check.state}: ${check.last?.detail ?? 'not made yet'}`,
    }));
}

function monitoringFindings(snapshot: Snapshot): Finding[] {
  const found: Finding[] = snapshot.collectors.flatMap((collector) => {
    if (collector.success === true) return [];
    const unknown = collector.success === null;
    return [
      {
        health: unknown ? ('unknown' as const) : ('degraded' as const),
        reason: `collector ${collector.name} ${unknown ? 'has not run yet' : 'fails'}`,
      },
    ];
  });
  if (!snapshot.config.lastReloadSuccessful)
    found.push({ health: 'degraded', reason: 'the last reload of the configuration failed; the old one is in force' });
  return found;
}

function summarise(found: readonly Finding[]): StatusReply['components'][string] {
  const health = found.reduce<HealthState>(
    (worst, { health: next }) => (severity[next] > severity[worst] ? next : worst),
    'healthy',
  );
  return { health, reasons: found.map(({ reason }) => reason) };
}

/** Overall status by component: the worst one counts, and what is not known is not healthy. Pure. */
export function overallHealth(
  snapshot: Snapshot | null,
  now: Date,
  fallback: { readonly version: string; readonly cluster: string },
): StatusReply {
  if (snapshot === null) {
    const components = {
      disaster_recovery: { health: 'unknown' as const, reasons: ['the first observation has not ended yet'] },
    };
    return { overall_health: 'unknown', components, at: null, ...fallback };
  }
  const { services } = snapshot;
  const none: Finding[] = services.length === 0 ? [{ health: 'unknown', reason: 'no service is configured' }] : [];
  const components: StatusReply['components'] = {
    disaster_recovery: summarise([...none, ...services.flatMap((service) => backupFindings(service, now))]),
    testing: summarise(services.flatMap((service) => drillFindings(service, now))),
    ...(services.some(({ copies }) => copies.length > 0)
      ? { replication: summarise(services.flatMap(copyFindings)) }
      : {}),
    ...(services.some(({ health }) => health !== null)
      ? { services: summarise(services.flatMap(healthFindings)) }
      : {}),
    monitoring: summarise(monitoringFindings(snapshot)),
    audit: summarise(
      snapshot.audit.writable
        ? []
        : [{ health: 'unhealthy', reason: 'the audit log cannot be written: actions are refused' }],
    ),
  };
  const worst = Object.values(components).reduce<HealthState>(
    (so, { health }) => (severity[health] > severity[so] ? health : so),
    'healthy',
  );
  return { overall_health: worst, components, at: snapshot.at, version: snapshot.version, cluster: snapshot.cluster };
}
