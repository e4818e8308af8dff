import type { Board, Row } from '../board.ts';
import { serviceLinks, toRegionBoard } from '../links.ts';
import { grey, limitSteps, panel, readinessSteps, upOrDown, value } from '../panel.ts';
import { maxBy, minBy, scoped } from '../query.ts';

const byRegion = ['cluster', 'region'] as const;
const links = [toRegionBoard('Services of this region', 'dr-overview')];
const keyLinks = { region: [toRegionBoard('Services of this region', 'dr-overview', 'row')] };
const none = 'no check of a region seen';
const byServiceAndRegion = ['cluster', 'service', 'region'] as const;
const phase = `time() - ${maxBy(byServiceAndRegion, 'genesis_deployment_phase_start_timestamp_seconds')}`;

const protection: Row = {
  title: 'Protection by region',
  panels: [
    panel.table(
      'Services by region',
      'Configured services of each region, and the worst of their readiness, RPO and protection.',
      byRegion,
      [
        {
          title: 'Services',
          expr: `count by (cluster, region) (group by (cluster, region, service) (${scoped('genesis_service_info')}))`,
          unit: 'none',
        },
        {
          title: 'Least ready',
          expr: minBy(byRegion, 'genesis_dr_readiness_score'),
          unit: 'percentunit',
          steps: readinessSteps,
        },
        { title: 'Largest RPO', expr: maxBy(byRegion, 'genesis_rpo_seconds'), unit: 's' },
        { title: 'Protection', expr: minBy(byRegion, 'genesis_service_up'), unit: 'none', words: upOrDown },
      ],
      { keyLinks, noValue: 'unknown' },
    ),
    panel.timeseries(
      'Readiness by region',
      'percentunit',
      'Readiness of the least ready service of each region.',
      value(minBy(byRegion, 'genesis_dr_readiness_score'), '{{region}}'),
      { links, min: 0, max: 1, width: 24 },
    ),
  ],
};

const state: Row = {
  title: 'State of regions',
  panels: [
    panel.stateTimeline(
      'Regions',
      'none',
      'Whether each region answers.',
      value(maxBy(byRegion, 'genesis_region_up'), '{{region}}'),
      { words: upOrDown, links, noValue: none, height: 6 },
    ),
    panel.timeseries(
      'Latency',
      's',
      'Response time of the health endpoint of each region.',
      value(maxBy(byRegion, 'genesis_region_latency_seconds'), '{{region}}'),
      { links, min: 0, noValue: none },
    ),
    panel.timeseries(
      'Data behind its source',
      's',
      'How far the data of each region is behind its source.',
      value(maxBy(byRegion, 'genesis_region_sync_lag_seconds'), '{{region}}'),
      { links, min: 0, noValue: none },
    ),
    panel.table(
      'Order of regions',
      'Capacity and priority: the lowest priority that is up comes first.',
      byRegion,
      [
        { title: 'Up', expr: maxBy(byRegion, 'genesis_region_up'), unit: 'none', words: upOrDown },
        { title: 'Priority', expr: minBy(byRegion, 'genesis_region_priority'), unit: 'none' },
        { title: 'Capacity', expr: maxBy(byRegion, 'genesis_region_capacity'), unit: 'none' },
      ],
      { keyLinks, noValue: none, width: 12, height: 9 },
    ),
    panel.table(
      'Deployments',
      'Deployments under way, and how much of the time that their present phase may take is used up.',
      byServiceAndRegion,
      [
        {
          title: 'Under way',
          expr: maxBy(byServiceAndRegion, 'genesis_deployment_in_progress'),
          unit: 'bool_yes_no',
        },
        {
          title: 'Of its time',
          expr: `(${phase}) / on (cluster, service, region) (${maxBy(byServiceAndRegion, 'genesis_deployment_phase_timeout_seconds')} > 0)`,
          unit: 'percentunit',
          steps: limitSteps,
        },
      ],
      { keyLinks: { ...keyLinks, service: serviceLinks('row') }, noValue: 'no deployment seen', width: 12, height: 9 },
    ),
    panel.stateTimeline(
      'Deployments over time',
      'none',
      'When a deployment to a region was under way.',
      value(maxBy(byServiceAndRegion, 'genesis_deployment_in_progress'), '{{service}} {{region}}'),
      {
        words: { '1': { text: 'deploying', color: 'blue' }, '0': { text: 'idle', color: grey } },
        noValue: 'no deployment seen',
        height: 6,
      },
    ),
  ],
};

export const regions: Board = {
  uid: 'regions',
  title: 'Regions',
  description: 'Which regions answer, what stands in them, and what is rolled out to them?',
  range: '24h',
  refresh: '30s',
  scope: ['cluster', 'region', 'service'],
  page: 'regions',
  rows: [protection, state],
};
