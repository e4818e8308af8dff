import { alertingChecks, grafanaChecks } from './checks-alerting.ts';
import { exporterChecks } from './checks-exporter.ts';
import { prometheusChecks } from './checks-prometheus.ts';
import { ruleChecks } from './checks-rules.ts';
import { scrapeChecks } from './checks-scrape.ts';
import type { Facts } from './facts.ts';
import type { Finding, Result } from './finding.ts';

/** In the order in which a figure travels: exporter, Prometheus, rules, Alertmanager, Grafana. */
export const checks = [
  ...exporterChecks,
  ...prometheusChecks,
  ...scrapeChecks,
  ...ruleChecks,
  ...alertingChecks,
  ...grafanaChecks,
] as const;

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Checks that were not asked for, with the reason: the part that they look at is not configured. */
  readonly notChecked: readonly { readonly id: string; readonly why: string }[];
  readonly counts: Readonly<Record<Result, number>>;
}

/** Pure: what was read, judged. */
export function diagnose(facts: Facts): Diagnosis {
  const without = facts.grafana === null ? grafanaChecks : [];
  const findings = checks
    .filter((check) => !without.includes(check))
    .map((check) => ({ id: check.id, title: check.title, ...check.judge(facts) }));
  const count = (result: Result): number => findings.filter((finding) => finding.result === result).length;
  return {
    findings,
    notChecked: without.map(({ id }) => ({ id, why: 'grafana.url is not set' })),
    counts: { ok: count('ok'), warn: count('warn'), fail: count('fail'), unknown: count('unknown') },
  };
}

/** What is not known to be well is not well: only `ok` and `warn` pass. */
export function isWell({ counts }: Diagnosis): boolean {
  return counts.fail === 0 && counts.unknown === 0;
}
