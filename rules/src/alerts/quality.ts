import type { Config } from '@genesis-dr/exporter/config';
import { maxBy, minBy, onService, serviceKey } from '../expr.ts';
import { aboutService, keepFiringSeconds, ofService, type Alert } from './alert.ts';

const value = '{{ $value | printf "%.2f" }}';

/** The service's own limit, which its report carries; one limit for all where `rules.thresholds` sets it. */
function limit(
  config: Config,
  name: 'data_quality_score' | 'privacy_risk_score' | 'statistical_divergence',
  published: string,
): string {
  const set = config.rules.thresholds[name];
  return set === undefined ? `${onService} ${published}` : String(set);
}

export const qualityAlerts: readonly Alert[] = [
  {
    name: 'HighPrivacyRisk',
    severity: 'critical',
    component: 'data_quality',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) =>
      aboutService(
        `${maxBy(serviceKey, 'genesis_privacy_risk_score')} > ${limit(config, 'privacy_risk_score', maxBy(serviceKey, 'genesis_privacy_risk_score_limit'))}`,
      ),
    summary: 'Data of {{ $labels.service }} may give away persons',
    description: `The privacy risk of the data of ${ofService} is ${value} (0 to 1): persons may be recognised in it. Do not pass it on.`,
  },
  {
    name: 'LowDataQualityScore',
    severity: 'warning',
    component: 'data_quality',
    forSeconds: 600,
    expr: (config) =>
      aboutService(
        `${minBy(serviceKey, 'genesis_data_quality_score')} < ${limit(config, 'data_quality_score', maxBy(serviceKey, 'genesis_data_quality_score_limit'))}`,
      ),
    summary: 'Data of {{ $labels.service }} differs from its source',
    description: `The quality of the data of ${ofService} against its source is ${value} (0 to 1).`,
  },
  {
    name: 'StatisticalDivergence',
    severity: 'warning',
    component: 'data_quality',
    forSeconds: 900,
    expr: (config) =>
      aboutService(
        `${maxBy(serviceKey, 'genesis_statistical_divergence')} > ${limit(config, 'statistical_divergence', maxBy(serviceKey, 'genesis_statistical_divergence_limit'))}`,
      ),
    summary: 'Data of {{ $labels.service }} is distributed unlike its source',
    description: `A column of the data of ${ofService} diverges by ${value} (0 to 1) from its source.`,
  },
];
