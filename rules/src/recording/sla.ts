import { formatDuration, type Config } from '@genesis-dr/exporter/config';
import type { SlaName } from '@genesis-dr/exporter/contract';
import { aggregate, maxBy, minBy, onService, onSla, serviceKey, slaKey, slaThreshold } from '../expr.ts';
import { evaluationSeconds, recordGroups, type RecordDefinition } from './record.ts';

const objective = 'service_sla:genesis_sla_objective:ratio';
const held = 'service_sla:genesis_sla_ok:bool';
const heldMinutes = 'service_sla:genesis_sla_ok:sum1h';
const knownMinutes = 'service_sla:genesis_sla_ok:count1h';
const compliance = 'service_sla:genesis_sla_ok:avg30d';
const days30 = 30 * 86400;

/**
 * Never is known to be broken, not unknown: while the collector reads well, a fact that is absent did not happen. The fact is read as it was
 * scraped, together with the collector's word: its record may be one evaluation behind, and would count a minute as broken that was not.
 */
function never(
  fact: 'genesis_backup_last_success_timestamp_seconds' | 'genesis_dr_test_last_success_timestamp_seconds',
  collector: 'catalogue' | 'drills',
): string {
  const readsWell = `${maxBy(['cluster'], 'genesis_collector_success', { matchers: { collector } })} == 1`;
  return `or ${onService} 0 * (service:genesis_expected:info unless ${onService} ${maxBy(serviceKey, fact, { range: '10m' })} and on (cluster) (${readsWell}))`;
}

/** 1 while the objective holds, 0 while it is broken, nothing while that is unknown. */
const sliExpr: Readonly<Record<SlaName, string>> = {
  backup_sla: [
    `service:genesis_backup_age_seconds:min <= bool ${onService} ${slaThreshold('backup_sla')}`,
    never('genesis_backup_last_success_timestamp_seconds', 'catalogue'),
  ].join('\n'),
  // A replica that cannot be reached has no lag to compare, and is broken all the same.
  replication_sla: [
    `(${minBy(serviceKey, 'genesis_replication_connected')} == 0)`,
    `or ${onService} (service:genesis_replication_lag_seconds:max <= bool ${onService} ${slaThreshold('replication_sla')})`,
  ].join('\n'),
  readiness_sla: `service:genesis_dr_readiness_score:min >= bool ${onService} ${slaThreshold('readiness_sla')}`,
  // A drill that failed proves nothing: only one that passed counts.
  test_frequency_sla: [
    `time() - service:genesis_dr_test_last_success_timestamp_seconds:max <= bool ${onService} ${slaThreshold('test_frequency_sla')}`,
    never('genesis_dr_test_last_success_timestamp_seconds', 'drills'),
  ].join('\n'),
  // Without any usable backup everything would be lost, which no number of seconds says.
  rpo_sla: [
    `service:genesis_rpo_seconds:max <= bool ${onService} ${slaThreshold('rpo_sla')}`,
    never('genesis_backup_last_success_timestamp_seconds', 'catalogue'),
  ].join('\n'),
  rto_sla: `service:genesis_rto_seconds:max <= bool ${onService} ${slaThreshold('rto_sla')}`,
};

/** The SLI of each objective with what the configuration says about minutes of which nothing is known. */
export function sliRules(config: Config): { readonly sla: SlaName; readonly expr: string }[] {
  const bad = config.sla.missing_data === 'bad' ? `\nor ${onService} 0 * service:genesis_expected:info` : '';
  return Object.entries(sliExpr).map(([sla, expr]) => ({ sla: sla as SlaName, expr: expr + bad }));
}

const overMinutes = (range: string): RecordDefinition => ({
  group: 'genesis_sli',
  labels: slaKey,
  rules: () => [{ expr: `1 - avg_over_time(${held}[${range}])` }],
});

const overHours = (range: string): RecordDefinition => ({
  group: 'genesis_windows',
  labels: slaKey,
  rules: () => [{ expr: `1 - sum_over_time(${heldMinutes}[${range}]) / sum_over_time(${knownMinutes}[${range}])` }],
});

/** The hour that the hourly group looks back on; shorter only where tests shorten every interval. */
export function hour(config: Config): string {
  return formatDuration(evaluationSeconds(recordGroups.genesis_hourly, config));
}

const hourly = (over: string): RecordDefinition => ({
  group: 'genesis_hourly',
  labels: slaKey,
  rules: (config) => [{ expr: `${over}(${held}[${hour(config)}])` }],
});

export const slaRecords = {
  [objective]: {
    group: 'genesis_sli',
    labels: slaKey,
    rules: () => [{ expr: aggregate('max', slaKey, 'genesis_sla_objective_ratio') }],
  },
  [held]: {
    group: 'genesis_sli',
    labels: slaKey,
    rules: (config) => sliRules(config).map(({ sla, expr }) => ({ expr, labels: { sla } })),
  },
  'service_sla:genesis_sla_error:ratio5m': overMinutes('5m'),
  'service_sla:genesis_sla_error:ratio30m': overMinutes('30m'),
  'service_sla:genesis_sla_error:ratio1h': overMinutes('1h'),
  'service_sla:genesis_sla_error:ratio2h': overMinutes('2h'),
  'service_sla:genesis_sla_error:ratio6h': overMinutes('6h'),

  // Thirty days of minutes are too many to read every two minutes; of hours they are not. Sums, so that every minute weighs the same.
  'service_sla:genesis_sla_ok:avg1h': hourly('avg_over_time'),
  [heldMinutes]: hourly('sum_over_time'),
  [knownMinutes]: hourly('count_over_time'),

  'service_sla:genesis_sla_error:ratio1d': overHours('1d'),
  'service_sla:genesis_sla_error:ratio3d': overHours('3d'),
  // Before the first whole hour the minutes themselves are averaged; the coverage beside it says how little that is.
  [compliance]: {
    group: 'genesis_windows',
    labels: slaKey,
    rules: () => [
      {
        expr: [
          `sum_over_time(${heldMinutes}[30d]) / sum_over_time(${knownMinutes}[30d])`,
          `or ${onSla} avg_over_time(${held}[1h])`,
        ].join('\n'),
      },
    ],
  },
  'service_sla:genesis_sla_coverage:ratio30d': {
    group: 'genesis_windows',
    labels: slaKey,
    rules: (config) => {
      // An hour may hold 61 samples (both of its ends), hence the clamp.
      const samples = days30 / evaluationSeconds(recordGroups.genesis_sli, config);
      return [
        {
          expr: [
            `clamp_max(sum_over_time(${knownMinutes}[30d]) / ${samples}, 1)`,
            `or ${onSla} clamp_max(count_over_time(${held}[1h]) / ${samples}, 1)`,
          ].join('\n'),
        },
      ];
    },
  },
  'service_sla:genesis_sla_error_budget_remaining:ratio30d': {
    group: 'genesis_windows',
    labels: slaKey,
    rules: () => [{ expr: `1 - (1 - ${compliance}) / ${onSla} (1 - ${objective})` }],
  },
  'sla:genesis_services_compliant:ratio': {
    group: 'genesis_windows',
    labels: ['cluster', 'sla'],
    rules: () => [{ expr: `avg by (cluster, sla) (${compliance} >= bool ${onSla} ${objective})` }],
  },
} as const satisfies Record<string, RecordDefinition>;
