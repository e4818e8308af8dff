import type { Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { grey, panel, value } from '../panel.ts';
import { increaseBy, maxBy, minBy, serviceKey } from '../query.ts';

const links = serviceLinks('line');
const byNode = ['cluster', 'service', 'node'] as const;
/** Failover of databases: a row of the recovery board. */
export const failovers: Row = {
  title: 'Failover',
  panels: [
    panel.timeseries(
      'Failovers a week',
      'none',
      'Failovers and switchovers of the seven days before each moment, by result.',
      value(increaseBy(['cluster', 'service', 'result'], 'genesis_failover_total', '7d'), '{{service}} {{result}}'),
      { links, min: 0, decimals: 0, noValue: 'none seen' },
    ),
    panel.durations(
      'Failover durations',
      's',
      'Distribution of the time from the decision to a primary that answers.',
      value(
        `sum by (le) (${increaseBy(['cluster', 'service', 'le'], 'genesis_failover_duration_seconds_bucket', '$__rate_interval')})`,
        '{{le}}',
      ),
      { noValue: 'none seen' },
    ),
    panel.stateTimeline(
      'Nodes',
      'none',
      'Whether each node answers its health checks.',
      value(minBy(byNode, 'genesis_node_up'), '{{service}} {{node}}'),
      {
        width: 12,
        words: { '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.stateTimeline(
      'Primary',
      'none',
      'Which node is the primary: two at a time are a split brain.',
      value(maxBy(byNode, 'genesis_node_role', { role: 'primary' }), '{{service}} {{node}}'),
      {
        width: 12,
        words: { '1': { text: 'primary', color: 'blue' }, '0': { text: 'not primary', color: grey } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.stateTimeline(
      'Would a failover succeed',
      'none',
      'The standing answer of each service.',
      value(maxBy(serviceKey, 'genesis_failover_ready'), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'yes', color: 'green' }, '0': { text: 'no', color: 'red' } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.stateTimeline(
      'Needs a person',
      'none',
      'Whether something is wrong that Genesis does not settle by itself.',
      value(maxBy(serviceKey, 'genesis_failover_held'), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'held', color: 'red' }, '0': { text: 'no', color: 'green' } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.stateTimeline(
      'Automatic failover',
      'none',
      'Whether Genesis would act by itself: mode auto and not paused.',
      value(maxBy(serviceKey, 'genesis_failover_automatic'), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'on', color: 'green' }, '0': { text: 'off', color: grey } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.stateTimeline(
      'Nodes taken out',
      'none',
      'Nodes that were fenced and have not come back.',
      value(maxBy(byNode, 'genesis_node_fenced'), '{{service}} {{node}}'),
      {
        width: 12,
        words: { '1': { text: 'out', color: 'orange' }, '0': { text: 'in', color: 'green' } },
        links,
        noValue: 'no nodes seen',
      },
    ),
    panel.timeseries(
      'Predicted loss',
      'bytes',
      'Log that a failover now would lose.',
      value(maxBy(serviceKey, 'genesis_failover_predicted_loss_bytes'), '{{service}}'),
      { width: 8, links, min: 0, noValue: 'not known' },
    ),
    panel.timeseries(
      'Log that nodes lack',
      'bytes',
      'What each node lacks of what the primary was last seen to have written.',
      value(maxBy(byNode, 'genesis_node_lag_bytes'), '{{service}} {{node}}'),
      { width: 8, links, min: 0, noValue: 'no nodes seen' },
    ),
    panel.timeseries(
      'Nodes that take writes',
      'none',
      'Counted apart from the probes: more than one is a split brain where one should write.',
      value(maxBy(serviceKey, 'genesis_writable_nodes'), '{{service}}'),
      { width: 8, links, min: 0, decimals: 0, noValue: 'no nodes seen' },
    ),
    panel.timeseries(
      'Failover candidates',
      'none',
      'Nodes that could take over now; none means that the next failure is an outage.',
      value(`sum by (cluster, service) (${maxBy(byNode, 'genesis_failover_candidate_healthy')})`, '{{service}}'),
      { links, min: 0, noValue: 'no nodes seen' },
    ),
    panel.stateTimeline(
      'Circuit breakers open',
      'none',
      'Whether the circuit breaker of the service is open: automatic failover is held.',
      value(maxBy(serviceKey, 'genesis_circuit_breaker_state', { state: 'open' }), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'open', color: 'red' }, '0': { text: 'closed', color: 'green' } },
        links,
        noValue: 'no circuit breaker seen',
      },
    ),
    panel.bars(
      'Circuit breaker changes',
      'none',
      'Changes of circuit breakers, by the state that they changed into.',
      value(
        `sum by (state) (${increaseBy(['cluster', 'service', 'state'], 'genesis_circuit_breaker_transitions_total', '$__rate_interval')})`,
        '{{state}}',
      ),
      { min: 0, noValue: 'no circuit breaker seen' },
    ),
    panel.table(
      'Open incidents',
      'Incidents that are not closed.',
      ['cluster', 'service', 'severity'],
      [
        {
          title: 'Incidents',
          expr: maxBy(['cluster', 'service', 'severity'], 'genesis_incidents_open'),
          unit: 'none',
        },
      ],
      { width: 12, height: 9, keyLinks: { service: serviceLinks('row') }, noValue: 'none seen' },
    ),
  ],
};
