import { stringify } from 'yaml';
import { OpError } from '@genesis-dr/exporter/contract';
import { Config, formatDuration } from '@genesis-dr/exporter/config';
import { alerts, alertsByFile, type AlertFile } from './alerts/index.ts';
import { alertFiles, components, type Alert } from './alerts/alert.ts';
import { openSloDocuments } from './openslo.ts';
import { records } from './recording/index.ts';
import { evaluationSeconds, recordGroups, type RecordDefinition, type RecordGroup } from './recording/record.ts';
import { refuseUnknownThresholds } from './thresholds.ts';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.\n';

/**
 * Prometheus rules for the configured services: a file of recording rules, three of alerts, and the objectives as OpenSLO. Works with
 * Prometheus 2.42 and later (keep_firing_for). Waiting times, limits and intervals come from `rules` in the configuration.
 * Throws OpError `config_invalid` when `rules.for` or `rules.thresholds` has a name that does not exist: its author believes it works.
 */
export function generate(config: Config): File[] {
  refuseUnknownAlerts(config);
  refuseUnknownThresholds(config);
  return [
    rulesFile('genesis_rules', recordingGroups(config)),
    ...Object.entries(alertsByFile).map(([name, list]) => {
      const { group, seconds } = alertFiles[name as AlertFile];
      const rules = list.map((alert) => alertRule(alert, config));
      return rulesFile(name, [{ name: group, interval: interval(seconds, config), rules }]);
    }),
    {
      path: 'rules/generated/openslo.yaml',
      content:
        head +
        openSloDocuments(config)
          .map((document) => `---\n${stringify(document, { lineWidth: 0 })}`)
          .join(''),
    },
  ];
}

/** The committed files: what a default configuration with one service gives. */
export function generateCommitted(): File[] {
  return generate(Config.parse({ services: [{ name: 'demo-files' }] }));
}

function rulesFile(name: string, groups: readonly unknown[]): File {
  return { path: `rules/generated/${name}.yml`, content: head + stringify({ groups }, { lineWidth: 0 }) };
}

function interval(shippedSeconds: number, config: Config): string {
  return formatDuration(evaluationSeconds(shippedSeconds, config));
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

function recordingGroups(config: Config): Record<string, unknown>[] {
  return Object.entries(recordGroups).map(([name, seconds]) => ({
    name,
    interval: interval(seconds, config),
    rules: recordingRules(name as RecordGroup, config),
  }));
}

function recordingRules(group: RecordGroup, config: Config): Record<string, unknown>[] {
  return Object.entries<RecordDefinition>(records)
    .filter(([, definition]) => definition.group === group)
    .flatMap(([record, definition]) =>
      definition
        .rules(config)
        .map(({ expr, labels }) => ({ record, expr, ...(labels === undefined ? {} : { labels }) })),
    );
}

function alertRule(alert: Alert, config: Config): Record<string, unknown> {
  const shippedSeconds = typeof alert.forSeconds === 'number' ? alert.forSeconds : alert.forSeconds(config);
  const waitSeconds = config.rules.for[alert.name] ?? shippedSeconds;
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
      ...alert.labels,
    },
    annotations: { summary: alert.summary, description: alert.description, ...links(alert, config) },
  };
}

/** Runbook, dashboard and page of the app; the latter two open on what the alert is about. */
function links(alert: Alert, config: Config): Record<string, string> {
  const { dashboard, page } = components[alert.component];
  const grafana = escapeTemplate(withoutSlash(config.rules.grafana_url));
  // Templates see the labels of the expression, not those that the rule adds.
  const ownCluster =
    alert.addsCluster === true ? encodeURIComponent(config.cluster) : '{{ $labels.cluster | urlquery }}';
  const ifThere = (label: string, key: string) => `{{ with $labels.${label} }}&${key}={{ . | urlquery }}{{ end }}`;
  return {
    runbook_url: escapeTemplate(`${withoutSlash(config.rules.runbook_base_url)}/${alert.name}`),
    dashboard_url: `${grafana}/d/${dashboard}?var-cluster=${ownCluster}${ifThere('service', 'var-service')}${ifThere('region', 'var-region')}`,
    plugin_url: `${grafana}/a/genesis-dr-app/${page}{{ with $labels.service }}?service={{ . | urlquery }}{{ end }}`,
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** Labels and annotations are templates to Prometheus; configured text is not meant as one. */
function escapeTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
