import type { Config } from '@genesis-dr/exporter/config';
import { onService } from '../expr.ts';
import { recorded } from '../recording/index.ts';

/** Files of alerts, with the seconds between two evaluations at the shipped `rules.evaluation_interval` of 30 s. */
export const alertFiles = {
  /** Everything about disaster recovery in one group: an inhibiting alert is evaluated before what it inhibits. */
  dr_alerts: { group: 'genesis_alerts', seconds: 30 },
  system_health: { group: 'system_health', seconds: 30 },
  data_quality: { group: 'data_quality', seconds: 300 },
} as const;

/** What an alert is about: decides the dashboard and the page of the app that it links to, and how it is routed. */
export const components = {
  exporter: { dashboard: 'exporter', page: 'overview' },
  backup: { dashboard: 'backup-status', page: 'backups' },
  replication: { dashboard: 'replication', page: 'backups' },
  database: { dashboard: 'replication', page: 'replication' },
  recovery: { dashboard: 'recovery', page: 'recovery' },
  readiness: { dashboard: 'dr-overview', page: 'overview' },
  testing: { dashboard: 'dr-tests', page: 'drills' },
  sla: { dashboard: 'dr-overview', page: 'sla' },
  failover: { dashboard: 'recovery', page: 'failover' },
  scaling: { dashboard: 'scaling', page: 'scaling' },
  region: { dashboard: 'regions', page: 'regions' },
  deployment: { dashboard: 'regions', page: 'regions' },
  application: { dashboard: 'performance', page: 'overview' },
  security: { dashboard: 'exporter', page: 'audit' },
  system: { dashboard: 'system-health', page: 'overview' },
  data_quality: { dashboard: 'data-quality', page: 'data-quality' },
  escalation: { dashboard: 'dr-overview', page: 'incidents' },
} as const;
export type Component = keyof typeof components;

/** One alert. Labels `severity`, `component` and `system`, and the links, are added by the generator. */
export interface Alert {
  readonly name: string;
  /** `none` is for the Watchdog, which must never reach a person. */
  readonly severity: 'critical' | 'warning' | 'none';
  readonly component: Component;
  /** Seconds; `rules.for` in genesis.yaml overrides it by name. A function where another setting decides. */
  readonly forSeconds: number | ((config: Config) => number);
  /** Seconds; bridges a gap in the series, so that a dying exporter does not send a false resolution. */
  readonly keepFiringForSeconds?: number;
  /** Set where the expression itself has no label `cluster`. */
  readonly addsCluster?: boolean;
  /** Further constant labels. */
  readonly labels?: Readonly<Record<string, string>>;
  expr(config: Config): string;
  readonly summary: string;
  readonly description: string;
}

/** Long enough for GenesisDRExporterDown to fire: what a dead exporter takes with it is inhibited then, not resolved. */
export const keepFiringSeconds = 600;

/**
 * For every alert about a service: silent while a maintenance window of the service is open, and described by region, tier and team.
 * `keeps` names those of the three that the expression itself has and that must stay (a deployment's own region).
 */
export function aboutService(expr: string, keeps: readonly string[] = []): string {
  const added = ['region', 'tier', 'team'].filter((label) => !keeps.includes(label));
  return [
    `((${expr})`,
    `unless ${onService} (${recorded('service:genesis_maintenance_active:max')} == 1))`,
    `* ${onService} group_left (${added.join(', ')}) ${recorded('service:genesis_service:info')}`,
  ].join('\n');
}

/** Text of a value that is infinite when the thing never happened. */
export function durationOrNever(never: string, otherwise: string): string {
  return `{{ if gt $value 1e15 }}${never}{{ else }}${otherwise}{{ end }}`;
}

/** `shop (cluster eu)` of the alert's labels. */
export const ofService = '{{ $labels.service }} (cluster {{ $labels.cluster }})';
export const asDuration = '{{ $value | humanizeDuration }}';
export const asPercentage = '{{ $value | humanizePercentage }}';
