import { stringify } from 'yaml';
import { OpError } from '@genesis-dr/exporter/contract';
import { Config, formatDuration } from '@genesis-dr/exporter/config';
import { alerts } from './alerts/index.ts';
import type { Alert } from './alerts/alert.ts';
import { records } from './recording/index.ts';
import type { RecordDefinition } from './recording/record.ts';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.\n';

/**
 * Prometheus rules for the configured services: one group of recording rules, one of alerts. Works with Prometheus 2.42 and
 * later (keep_firing_for). Waiting times and intervals come from `rules` in the configuration.
 * Throws OpError `config_invalid` when `rules.for` names an alert that does not exist: its author believes it works.
 */
export function generate(config: Config): File[] {
  refuseUnknownAlerts(config);
  const interval = formatDuration(config.rules.evaluation_interval);
  const groups = [
    { name: 'genesis_records', interval, rules: recordingRules(config) },
    { name: 'genesis_alerts', interval, rules: alerts.map((alert) => alertRule(alert, config)) },
  ];
  return [{ path: 'rules/generated/genesis_rules.yml', content: head + stringify({ groups }, { lineWidth: 0 }) }];
}

/** The committed files: what a default configuration with one service gives. */
export function generateCommitted(): File[] {
  return generate(Config.parse({ services: [{ name: 'demo-files' }] }));
}

function refuseUnknownAlerts(config: Config): void {
  const known = alerts.map((alert) => alert.name);
  const unknown = Object.keys(config.rules.for).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new OpError(
    'config_invalid',
    `rules.for names no alert with ${unknown.join(', ')}; there are ${known.join(', ')}`,
  );
}

function recordingRules(config: Config): Record<string, unknown>[] {
  return Object.entries<RecordDefinition>(records).flatMap(([record, definition]) =>
    definition.rules(config).map(({ expr, labels }) => ({ record, expr, ...(labels === undefined ? {} : { labels }) })),
  );
}

function alertRule(alert: Alert, config: Config): Record<string, unknown> {
  const waitSeconds = config.rules.for[alert.name] ?? alert.forSeconds;
  const keepSeconds = alert.keepFiringForSeconds;
  return {
    alert: alert.name,
    expr: alert.expr(config),
    ...(waitSeconds === 0 ? {} : { for: formatDuration(waitSeconds) }),
    ...(keepSeconds === undefined ? {} : { keep_firing_for: formatDuration(keepSeconds) }),
    labels: {
      severity: alert.severity,
      component: alert.component,
      system: 'genesis-dr',
      ...(alert.addsCluster === true ? { cluster: escapeTemplate(config.cluster) } : {}),
    },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: escapeTemplate(`${config.rules.runbook_base_url.replace(/\/+$/, '')}/${alert.name}`),
    },
  };
}

/** Labels and annotations are templates to Prometheus; configured text is not meant as one. */
function escapeTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
