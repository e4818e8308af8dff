import type { Board, BoardContext, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { percent, type Limits } from '../limits.ts';
import { above, below, panel, value } from '../panel.ts';
import { largest, linesShown, maxBy, minBy, scoped, serviceKey, since, smallest } from '../query.ts';

const links = serviceLinks('line');
const none = 'none known';
const quality = minBy(serviceKey, 'genesis_data_quality_score');
const risk = maxBy(serviceKey, 'genesis_privacy_risk_score');
const divergence = maxBy(serviceKey, 'genesis_statistical_divergence');
const parts = minBy([...serviceKey, 'component'], 'genesis_data_quality_component_score');
const tables = minBy([...serviceKey, 'table'], 'genesis_data_quality_table_score');
const ownLimit = 'where the service sets no other limit';
const scale = { min: 0, max: 1, noValue: none };

function now(limits: Limits): Row {
  return {
    title: 'Now',
    panels: [
      panel.gauge(
        'Lowest data quality',
        'percentunit',
        `Quality of restored data against its source, of the worst service: below ${percent(limits.data_quality_score)} an alert fires, ${ownLimit}.`,
        value(`min(${scoped('genesis_data_quality_score')})`, 'quality'),
        { ...scale, width: 8, steps: below(limits.data_quality_score) },
      ),
      panel.gauge(
        'Highest privacy risk',
        'percentunit',
        `Privacy risk of the data of the worst service: above ${percent(limits.privacy_risk_score)} an alert fires, ${ownLimit}.`,
        value(`max(${scoped('genesis_privacy_risk_score')})`, 'risk'),
        { ...scale, width: 8, steps: above(limits.privacy_risk_score) },
      ),
      panel.gauge(
        'Largest divergence',
        'percentunit',
        `Largest divergence of a column from its source: above ${percent(limits.statistical_divergence)} an alert fires, ${ownLimit}.`,
        value(`max(${scoped('genesis_statistical_divergence')})`, 'divergence'),
        { ...scale, width: 8, steps: above(limits.statistical_divergence) },
      ),
    ],
  };
}

function detail(limits: Limits): Row {
  return {
    title: 'Each service',
    panels: [
      panel.timeseries(
        'Data quality',
        'percentunit',
        `Quality of the data against its source: the ${linesShown} lowest.`,
        value(smallest(linesShown, quality), '{{service}}'),
        { ...scale, links },
      ),
      panel.timeseries(
        'Privacy risk',
        'percentunit',
        `Privacy risk of the data: the ${linesShown} highest.`,
        value(largest(linesShown, risk), '{{service}}'),
        { ...scale, links },
      ),
      panel.timeseries(
        'Statistical divergence',
        'percentunit',
        `Largest divergence of a column from its source: the ${linesShown} highest.`,
        value(largest(linesShown, divergence), '{{service}}'),
        { ...scale, links },
      ),
      panel.timeseries(
        'Parts of the score',
        'percentunit',
        `Completeness, uniqueness, validity, distribution, correlation and volume: the ${linesShown} lowest.`,
        value(smallest(linesShown, parts), '{{service}} {{component}}'),
        { ...scale, links },
      ),
      panel.timeseries(
        'Quality of tables',
        'percentunit',
        `Quality of each compared table: the ${linesShown} lowest.`,
        value(smallest(linesShown, tables), '{{service}} {{table}}'),
        { ...scale, width: 24, links },
      ),
      panel.table(
        'Quality of each service',
        'The figures of each service, and how long ago they were taken.',
        serviceKey,
        [
          { title: 'Quality', expr: quality, unit: 'percentunit', steps: below(limits.data_quality_score) },
          { title: 'At least', expr: maxBy(serviceKey, 'genesis_data_quality_score_limit'), unit: 'percentunit' },
          { title: 'Privacy risk', expr: risk, unit: 'percentunit', steps: above(limits.privacy_risk_score) },
          { title: 'Risk at most', expr: maxBy(serviceKey, 'genesis_privacy_risk_score_limit'), unit: 'percentunit' },
          { title: 'Divergence', expr: divergence, unit: 'percentunit', steps: above(limits.statistical_divergence) },
          {
            title: 'Divergence at most',
            expr: maxBy(serviceKey, 'genesis_statistical_divergence_limit'),
            unit: 'percentunit',
          },
          { title: 'Compared', expr: since(serviceKey, 'genesis_data_quality_report_timestamp_seconds'), unit: 's' },
        ],
        { width: 24, height: 9, keyLinks: { service: serviceLinks('row') }, noValue: none },
      ),
    ],
  };
}

export function dataQuality({ limits }: BoardContext): Board {
  return {
    uid: 'data-quality',
    title: 'Data Quality',
    description: 'Is restored data the same as its source, and does it keep private what it must?',
    range: '7d',
    refresh: '5m',
    scope: ['cluster', 'region', 'service'],
    page: 'data-quality',
    rows: [now(limits), detail(limits)],
  };
}
