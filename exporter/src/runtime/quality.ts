import type { QualityConfig } from '../config/schema-quality.ts';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import { drillLevels, type DrillLevel } from '../contract/operation.ts';
import type { QualityReport } from '../contract/quality.ts';
import type { TableProfile } from '../core/quality/profile.ts';
import { reportInWords, reportOf } from '../core/quality/report.ts';
import type { QualitySettings } from '../core/quality/settings.ts';
import type { ProvenServer } from '../engines/backup/port.ts';
import type { PostgresServer } from '../engines/postgres-target.ts';
import type { CompareRequest, Comparison } from '../engines/quality/compare-servers.ts';
import { compareInThread } from '../engines/quality/compare-thread.ts';
import type { Clock, Log, Random } from '../ports/index.ts';
import type { Store } from '../store/port.ts';
import type { RunTools } from './run-tools.ts';
import type { ResolvedService } from './services.ts';

export interface QualityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: Pick<Store, 'quality'>;
}

/** Two databases; with `source` null, what is restored is compared with what the configuration of the service says. */
export interface QualityPair {
  readonly source: PostgresServer | null;
  readonly restored: PostgresServer;
  readonly drillId: string | null;
}

/**
 * Compares, stores the report and answers it. Errors: those of compareInThread; `check_failed` where the service names no server.
 * A low score is no error: the report says it.
 */
export async function compareQuality(
  deps: QualityDeps,
  service: ResolvedService,
  pair: QualityPair,
  signal: AbortSignal,
): Promise<Outcome<QualityReport>> {
  const startedAt = deps.clock.now();
  const { name, quality } = service.config;
  const source = await sourceOf(deps, service, pair);
  if (!source.ok) return source;
  const compared = await compareInThread(requestOf(service, source.value.server, pair), signal);
  if (!compared.ok) return compared;
  const endedAt = deps.clock.now();
  const report = reportOf(compared.value.tables, {
    id: `quality_${startedAt
      .toISOString()
      .replaceAll(/[-:]|\.\d+Z/g, '')
      .replace('T', '_')}_${deps.random.hex(4)}`,
    service: name,
    at: endedAt.toISOString(),
    drillId: pair.drillId,
    against: source.value.against,
    limits: limitsOf(quality),
    findings: [...source.value.findings, ...compared.value.findings],
    seconds: (endedAt.getTime() - startedAt.getTime()) / 1000,
    seed: quality.seed,
  });
  await deps.store.quality.put(report);
  if (pair.source === null && quality.against === 'profile') await keepProfile(deps, report, compared.value);
  deps.log.info('data compared', { service: name, report: report.id, score: report.score, seconds: report.seconds });
  return ok(report);
}

interface Source {
  readonly server: CompareRequest['source'];
  readonly against: QualityReport['against'];
  readonly findings: readonly string[];
}

async function sourceOf(deps: QualityDeps, service: ResolvedService, pair: QualityPair): Promise<Outcome<Source>> {
  if (pair.source !== null) return ok({ server: pair.source, against: 'source', findings: [] });
  const { name, quality } = service.config;
  const wantsProfile = quality.against === 'profile';
  const profile: readonly TableProfile[] | null = wantsProfile ? await deps.store.quality.profile(name) : null;
  if (profile !== null) return ok({ server: profile, against: 'profile', findings: [] });
  if (service.postgres === null) return fail('check_failed', `${name} names no PostgreSQL server to compare with`);
  const findings = wantsProfile ? ['there was no profile yet: the live database was asked this once'] : [];
  return ok({ server: { ...service.postgres, database: databaseOf(service) }, against: 'source', findings });
}

/** The profile follows the data as long as each step of it is good; what was found bad does not become the measure. */
async function keepProfile(deps: QualityDeps, report: QualityReport, compared: Comparison): Promise<void> {
  const { service, id, against, score, limits } = report;
  if (against === 'source') await deps.store.quality.setProfile(service, id, compared.sourceProfiles);
  else if (score >= limits.minScore) await deps.store.quality.setProfile(service, id, compared.restoredProfiles);
}

function databaseOf({ config, postgres }: ResolvedService): string {
  return config.quality.database ?? postgres?.database ?? 'postgres';
}

function requestOf(
  service: ResolvedService,
  source: CompareRequest['source'],
  { restored }: QualityPair,
): CompareRequest {
  const { quality, postgres } = service.config;
  const heartbeat = postgres?.heartbeat.schema;
  return {
    source,
    restored,
    tables: quality.tables,
    leftOut: heartbeat === undefined ? [] : [heartbeat],
    settings: settingsOf(quality),
    sampleRows: quality.sample_rows,
    seed: quality.seed,
    timeoutMs: quality.timeout * 1000,
  };
}

function settingsOf(quality: QualityConfig): QualitySettings {
  return {
    significance: quality.ks_p,
    effect: quality.effect,
    categories: quality.categories,
    limits: limitsOf(quality),
  };
}

function limitsOf(quality: QualityConfig): QualityReport['limits'] {
  return {
    minScore: quality.min_score,
    maxPrivacyRisk: quality.max_privacy_risk,
    maxDivergence: quality.max_divergence,
  };
}

/** Level 5 of a drill. Never throws; what could not be compared failed. */
export async function compareForDrill(
  deps: QualityDeps,
  service: ResolvedService,
  server: ProvenServer,
  tools: Pick<RunTools, 'operationId' | 'signal'>,
): Promise<{ readonly level: DrillLevel; readonly reportId: string | null }> {
  const startedAt = deps.clock.now().getTime();
  const restored: PostgresServer = {
    host: server.socketFolder,
    port: server.port,
    user: server.user,
    password: null,
    database: databaseOf(service),
    tlsCa: null,
  };
  const pair = { source: null, restored, drillId: `drill_${tools.operationId}` };
  const report = await compareQuality(deps, service, pair, tools.signal).catch((thrown: unknown) => ({
    ok: false as const,
    error: toOpError(thrown),
  }));
  const passed = report.ok && report.value.score >= report.value.limits.minScore;
  return {
    reportId: report.ok ? report.value.id : null,
    level: {
      level: 5,
      name: drillLevels[5],
      result: passed ? 'passed' : 'failed',
      seconds: (deps.clock.now().getTime() - startedAt) / 1000,
      detail: report.ok ? reportInWords(report.value) : `could not be compared: ${report.error.message}`,
    },
  };
}
