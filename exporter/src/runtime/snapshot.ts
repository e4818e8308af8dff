import type { Config, ServiceConfig } from '../config/schema.ts';
import { OpError } from '../contract/errors.ts';
import type { EngineAbilities } from '../contract/engine.ts';
import type { FailoverFacts } from '../contract/failover.ts';
import type { HealthFacts } from '../contract/health.ts';
import type { LiveFacts } from '../contract/live-facts.ts';
import type { ScalingSummary } from '../contract/scaling-facts.ts';
import { unknown, type Observed } from '../contract/observed.ts';
import type { Operation } from '../contract/operation.ts';
import type { CollectorSnapshot, MaintenanceWindow, Pause, Snapshot } from '../contract/snapshot.ts';
import type { Readings } from './collect.ts';
import { buildServiceSnapshot } from './observe.ts';

export interface SnapshotInput {
  readonly now: Date;
  readonly startedAt: string;
  readonly version: string;
  readonly config: Config;
  readonly configHash: string;
  readonly reload: { readonly ok: boolean; readonly at: string };
  readonly readings: Readings;
  readonly collectors: readonly CollectorSnapshot[];
  nextRuns(service: ServiceConfig): ReadonlyMap<string, Date | null>;
  readonly pauses: ReadonlyMap<string, Pause>;
  readonly maintenance: ReadonlyMap<string, MaintenanceWindow>;
  readonly running: readonly Operation[];
  readonly keyConfirmed: ReadonlyMap<string, boolean | null>;
  readonly audit: { readonly count: number; readonly writable: boolean };
  readonly eventStreams: number;
  readonly live: LiveFacts;
  abilities(engine: string): EngineAbilities;
  health(service: string): HealthFacts | null;
  failover(service: string): FailoverFacts | null;
  scaling(service: string): ScalingSummary | null;
}

function notYet(now: Date): Observed<never> {
  return unknown(now.toISOString(), new OpError('internal', 'not read yet'));
}

/** Pure: the same readings at the same moment give the same snapshot. */
export function buildSnapshot(i: SnapshotInput): Snapshot {
  const fleet = {
    auditWritable: i.audit.writable,
    configOk: i.reload.ok,
    slaObjectives: i.config.sla.objectives,
  };
  const active: Record<string, number> = {};
  for (const operation of i.running) active[operation.kind] = (active[operation.kind] ?? 0) + 1;
  return {
    at: i.now.toISOString(),
    cluster: i.config.cluster,
    version: i.version,
    startedAt: i.startedAt,
    services: i.config.services.map((service) =>
      buildServiceSnapshot(
        service,
        {
          entries: i.readings.entries.get(service.name) ?? notYet(i.now),
          lastAttempts: i.readings.lastAttempts.get(service.name) ?? new Map(),
          repository: i.readings.repository.get(service.name) ?? notYet(i.now),
          copies: i.readings.copies.get(service.name) ?? new Map(),
          drills: i.readings.drills.get(service.name) ?? notYet(i.now),
          nextRuns: i.nextRuns(service),
          pause: i.pauses.get(service.name) ?? null,
          maintenance: i.maintenance.get(service.name) ?? null,
          keyConfirmed: i.keyConfirmed.get(service.name) ?? null,
          running: i.running.find((o) => o.service === service.name) ?? null,
          abilities: i.abilities(service.backup.engine),
          pitr: i.abilities(service.backup.engine).pitr ? (i.readings.pitr.get(service.name) ?? notYet(i.now)) : null,
          replication: service.postgres === null ? null : (i.readings.replication.get(service.name) ?? notYet(i.now)),
          database:
            service.postgres?.statistics === true ? (i.readings.database.get(service.name) ?? notYet(i.now)) : null,
          health: i.health(service.name),
          quality: service.quality.enabled ? (i.readings.quality.get(service.name) ?? notYet(i.now)) : null,
          failover: i.failover(service.name),
          scaling: i.scaling(service.name),
        },
        fleet,
        i.now,
      ),
    ),
    collectors: i.collectors,
    system: i.readings.system,
    config: { lastReloadSuccessful: i.reload.ok, lastReloadAt: i.reload.at, hash: i.configHash },
    audit: i.audit,
    activeOperations: active,
    eventStreams: i.eventStreams,
    live: i.live,
  };
}
