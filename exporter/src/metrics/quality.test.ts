import { known, unknown } from '../contract/observed.ts';
import { OpError } from '../contract/errors.ts';
import type { QualitySummary } from '../contract/quality.ts';
import { ago, serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import { createTestPage, valuesOf } from './testing.ts';

const report: QualitySummary = {
  id: 'quality_1',
  service: 'files',
  at: ago(86_400),
  drillId: null,
  against: 'source',
  score: 0.7,
  parts: { completeness: 1, uniqueness: 1, validity: 0.9, distribution: 0.6, correlation: 1, volume: 1 },
  privacyRisk: null,
  divergence: 0.4,
  tables: [
    { name: 'public.orders', score: 0.5, divergence: 0.4, privacyRisk: null },
    { name: 'public.users', score: 0.9, divergence: 0, privacyRisk: null },
  ],
  limits: { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 },
  alerts: ['LowDataQualityScore', 'StatisticalDivergence'],
  findings: [],
  seconds: 3,
  seed: 42,
};

describe('metrics of data quality', () => {
  const page = async (quality: ReturnType<typeof serviceWith>['quality']) =>
    createTestPage().parsed(snapshotWith({ services: [serviceWith({ quality })] }), testNow);

  it('show the newest report, however old, under both names', async () => {
    const shown = await page(known(ago(2), report));

    expect(valuesOf(shown, 'genesis_data_quality_score')).toEqual([0.7]);
    expect(valuesOf(shown, 'tabular_data_quality_score')).toEqual([0.7]);
    expect(valuesOf(shown, 'genesis_data_quality_score_limit')).toEqual([0.8]);
    expect(valuesOf(shown, 'genesis_statistical_divergence')).toEqual([0.4]);
    expect(valuesOf(shown, 'tabular_statistical_divergence')).toEqual([0.4]);
    expect(valuesOf(shown, 'genesis_data_quality_component_score', { component: 'distribution' })).toEqual([0.6]);
    expect(valuesOf(shown, 'genesis_data_quality_table_score', { table: 'public.orders' })).toEqual([0.5]);
    expect(valuesOf(shown, 'genesis_data_quality_report_timestamp_seconds')).toEqual([+testNow / 1000 - 86_400]);
  });

  it('say nothing of a risk that is not known', async () => {
    const shown = await page(known(ago(2), report));

    expect(valuesOf(shown, 'genesis_privacy_risk_score')).toEqual([]);
    expect(valuesOf(shown, 'tabular_privacy_risk_score')).toEqual([]);
  });

  it('are absent where there is no report, none is wanted, or it cannot be read', async () => {
    for (const quality of [known(ago(2), null), null, unknown(ago(2), new OpError('io_failed', 'gone'))])
      expect(valuesOf(await page(quality), 'genesis_data_quality_score')).toEqual([]);
  });
});
