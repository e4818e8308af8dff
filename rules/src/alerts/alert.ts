import type { Config } from '@genesis-dr/exporter/config';
import { recorded } from '../recording/index.ts';

/** One alert. Labels `severity`, `component` and `system`, and the runbook's address, are added by the generator. */
export interface Alert {
  readonly name: string;
  /** `none` is for the Watchdog, which must never reach a person. */
  readonly severity: 'critical' | 'warning' | 'none';
  readonly component: 'exporter' | 'backup' | 'replication' | 'recovery' | 'readiness' | 'testing';
  /** Seconds; `rules.for` in genesis.yaml overrides it by name. */
  readonly forSeconds: number;
  /** Seconds; bridges a gap in the series, so that a dying exporter does not send a false resolution. */
  readonly keepFiringForSeconds?: number;
  /** Set where the expression itself has no label `cluster`. */
  readonly addsCluster?: boolean;
  expr(config: Config): string;
  readonly summary: string;
  readonly description: string;
}

/** Adds region, tier and team of the service; the alert stays when these are not known. */
export function withServiceInfo(expr: string): string {
  const info = recorded('service:genesis_service:info');
  return `(${expr})\n* on (cluster, service) group_left (region, tier, team) ${info}\nor on (cluster, service)\n(${expr})`;
}

/** Text of a value that is infinite when the thing never happened. */
export function durationOrNever(never: string, otherwise: string): string {
  return `{{ if gt $value 1e15 }}${never}{{ else }}${otherwise}{{ end }}`;
}
