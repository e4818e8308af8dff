import type { QualitySummary } from '../quality.ts';
import { serviceGauge, type MetricUnit, type SampleValue } from './family.ts';

/** From the newest report, which stays true until the next one; absent where nothing was compared. */
function figure(help: string, unit: MetricUnit, value: (report: QualitySummary) => SampleValue, twin?: string) {
  return serviceGauge({
    help,
    unit,
    ...(twin === undefined ? {} : { twin }),
    read: ({ quality }, emit) => {
      if (quality !== null) emit(value(quality));
    },
  });
}

const score = 'Quality of restored data against its source, 0 to 1.';
const risk = 'Privacy risk of the data, 0 to 1; absent where nothing is marked sensitive.';
const divergence = 'Largest divergence of a column from its source, 0 to 1.';

export const qualityMetrics = {
  genesis_data_quality_score: figure(score, 'ratio', (r) => r.score),
  genesis_data_quality_score_limit: figure(
    'Lowest score that the service allows (quality.min_score).',
    'ratio',
    (r) => r.limits.minScore,
  ),
  genesis_data_quality_component_score: serviceGauge({
    help: 'Parts of the quality score (component: completeness, uniqueness, validity, distribution, correlation or volume), 0 to 1.',
    unit: 'ratio',
    labels: ['component'],
    read: ({ quality }, emit) => {
      for (const [part, value] of Object.entries(quality?.parts ?? {})) emit(value, part);
    },
  }),
  genesis_data_quality_table_score: serviceGauge({
    help: 'Quality of each compared table against its source, 0 to 1.',
    unit: 'ratio',
    labels: ['table'],
    read: ({ quality }, emit) => {
      for (const table of quality?.tables ?? []) emit(table.score, table.name);
    },
  }),
  genesis_data_quality_report_timestamp_seconds: figure(
    'When data was last compared with its source.',
    'timestamp',
    (r) => r.at,
  ),
  genesis_privacy_risk_score: figure(risk, 'ratio', (r) => r.privacyRisk),
  genesis_privacy_risk_score_limit: figure(
    'Highest privacy risk that the service allows (quality.max_privacy_risk).',
    'ratio',
    (r) => r.limits.maxPrivacyRisk,
  ),
  genesis_statistical_divergence: figure(divergence, 'ratio', (r) => r.divergence),
  genesis_statistical_divergence_limit: figure(
    'Largest divergence that the service allows (quality.max_divergence).',
    'ratio',
    (r) => r.limits.maxDivergence,
  ),

  // Names that the source documents fixed.
  tabular_data_quality_score: figure(score, 'ratio', (r) => r.score, 'genesis_data_quality_score'),
  tabular_privacy_risk_score: figure(risk, 'ratio', (r) => r.privacyRisk, 'genesis_privacy_risk_score'),
  tabular_statistical_divergence: figure(divergence, 'ratio', (r) => r.divergence, 'genesis_statistical_divergence'),
} as const;
