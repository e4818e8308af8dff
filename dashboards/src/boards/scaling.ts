import type { Board, BoardContext, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import type { Limits } from '../limits.ts';
import { grey, limitSteps, panel, value } from '../panel.ts';
import { increaseBy, largest, linesShown, maxBy, scoped, serviceKey } from '../query.ts';

const links = serviceLinks('line');
const none = 'no scaled service seen';
const replicas = maxBy(serviceKey, 'genesis_scaling_replicas');
const byMetric = ['cluster', 'service', 'metric'] as const;

const now: Row = {
  title: 'Now',
  panels: [
    panel.table(
      'Scaled services',
      'Instances that are online, wanted and allowed.',
      serviceKey,
      [
        { title: 'Online', expr: replicas, unit: 'none' },
        { title: 'Wanted', expr: maxBy(serviceKey, 'genesis_scaling_replicas_desired'), unit: 'none' },
        { title: 'Fewest', expr: maxBy(serviceKey, 'genesis_scaling_replicas_min'), unit: 'none' },
        { title: 'Most', expr: maxBy(serviceKey, 'genesis_scaling_replicas_max'), unit: 'none' },
        {
          title: 'Of the most',
          expr: `${replicas} / on (cluster, service) (${maxBy(serviceKey, 'genesis_scaling_replicas_max')} > 0)`,
          unit: 'percentunit',
          steps: limitSteps,
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: none },
    ),
  ],
};

function instances(limits: Limits): Row {
  return {
    title: 'Instances',
    panels: [
      panel.timeseries(
        'Online and wanted',
        'none',
        `Instances that are online, and that the scaler wants: the ${linesShown} largest services.`,
        [
          value(largest(linesShown, replicas), '{{service}} online'),
          value(largest(linesShown, maxBy(serviceKey, 'genesis_scaling_replicas_desired')), '{{service}} wanted'),
        ],
        { links, min: 0, noValue: none },
      ),
      panel.timeseries(
        'Prediction',
        'none',
        'Instances that the prediction calls for at its horizon, beside those online.',
        [
          value(largest(linesShown, maxBy(serviceKey, 'genesis_scaling_predicted_replicas')), '{{service}} predicted'),
          value(largest(linesShown, replicas), '{{service}} online'),
        ],
        { links, min: 0, noValue: none },
      ),
      panel.timeseries(
        'Metric of its target',
        'percentunit',
        'What the scaler reads, as a share of the target in its policy: far from 100 % it acts.',
        value(
          `${maxBy(byMetric, 'genesis_scaling_metric_value')} / on (cluster, service, metric) (${maxBy(byMetric, 'genesis_scaling_metric_target')} > 0)`,
          '{{service}} {{metric}}',
        ),
        { links, min: 0, noValue: none },
      ),
      panel.timeseries(
        'Changes of mind in half an hour',
        'none',
        `How often the wanted number changed in 30 minutes: more than ${limits.scaling_changes} times is thrashing.`,
        value(`max by (cluster, service) (changes(${scoped('genesis_scaling_replicas_desired')}[30m]))`, '{{service}}'),
        { links, min: 0, noValue: none },
      ),
    ],
  };
}

const actions: Row = {
  title: 'Actions',
  panels: [
    panel.bars(
      'Scaling actions',
      'none',
      'Scaling actions that ended, by direction and result.',
      value(
        `sum by (action, result) (${increaseBy(['cluster', 'service', 'action', 'result'], 'genesis_scaling_actions_total', '$__rate_interval')})`,
        '{{action}} {{result}}',
      ),
      { width: 8, min: 0, noValue: none },
    ),
    panel.timeseries(
      'Failed actions an hour',
      'none',
      'Scaling actions that failed in the hour before each moment.',
      value(increaseBy(serviceKey, 'genesis_scaling_actions_total', '1h', { result: 'failure' }), '{{service}}'),
      { width: 8, links, min: 0, bad: true, noValue: none },
    ),
    panel.timeseries(
      'The action that ended last',
      'none',
      'Instances before and after the scaling action that ended last, and what led to it: metrics, a forecast, a schedule, a repair or a person.',
      value(
        maxBy(['cluster', 'service', 'action', 'trigger', 'when'], 'genesis_scaling_last_action_instances'),
        '{{service}} {{action}} by {{trigger}}: {{when}}',
      ),
      { width: 8, links, min: 0, noValue: 'nothing was scaled yet' },
    ),
  ],
};

const trust: Row = {
  title: 'What it rests on',
  panels: [
    panel.stateTimeline(
      'Frozen',
      'none',
      'Whether the number is frozen, because metrics are missing or instances could not be looked at: nothing is removed, and nothing may be added.',
      value(maxBy(serviceKey, 'genesis_scaling_frozen'), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'frozen', color: 'red' }, '0': { text: 'no', color: 'green' } },
        links,
        noValue: none,
      },
    ),
    panel.stateTimeline(
      'Automatic scaling',
      'none',
      'Whether Genesis scales by itself: mode auto and not paused.',
      value(maxBy(serviceKey, 'genesis_scaling_automatic'), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'on', color: 'green' }, '0': { text: 'off', color: grey } },
        links,
        noValue: none,
      },
    ),
    panel.timeseries(
      'Missing metrics',
      'none',
      'Metrics that are missing, stale or no numbers.',
      value(maxBy(byMetric, 'genesis_scaling_metric_missing'), '{{service}} {{metric}}'),
      { width: 8, links, min: 0, bad: true, noValue: none },
    ),
    panel.timeseries(
      'Error of the forecast',
      'percentunit',
      'On data that the forecast had not seen: its mean error, and the share of values inside its interval.',
      [
        value(maxBy(byMetric, 'genesis_scaling_forecast_error_ratio'), '{{service}} {{metric}} error'),
        value(maxBy(byMetric, 'genesis_scaling_forecast_coverage_ratio'), '{{service}} {{metric}} inside'),
      ],
      { width: 8, links, min: 0, noValue: 'no forecast is made' },
    ),
    panel.timeseries(
      'Cost an hour',
      'none',
      'What the instances cost an hour, in the currency of each service.',
      value(maxBy([...serviceKey, 'currency'], 'genesis_scaling_cost_per_hour'), '{{service}} {{currency}}'),
      { width: 8, links, min: 0, noValue: 'no price is configured' },
    ),
  ],
};

export function scaling({ limits }: BoardContext): Board {
  return {
    uid: 'scaling',
    title: 'Scaling',
    description: 'Are there as many instances as the load needs, and does the scaler act well?',
    range: '6h',
    refresh: '30s',
    scope: ['cluster', 'region', 'service'],
    page: 'scaling',
    rows: [now, instances(limits), actions, trust],
  };
}
