import type { Row } from '../board.ts';
import { panel, value } from '../panel.ts';
import { largest, linesShown, maxBy, rateBy, since } from '../query.ts';

const cluster = ['cluster'] as const;
const none = 'no live data seen';

/** Live data and the alerts that are defined at run time: a row of the exporter's board. */
export const live: Row = {
  title: 'Live data and run-time alerts',
  panels: [
    panel.stateTimeline(
      'Run-time alerts',
      'none',
      `Alerts that were defined at run time, the ${linesShown} first with the active ones before the others. A gap means that nothing was known.`,
      value(
        largest(linesShown, maxBy(['cluster', 'alert_id', 'metric', 'severity'], 'genesis_runtime_alert_active')),
        '{{severity}} {{metric}} {{alert_id}}',
      ),
      {
        height: 6,
        words: { '1': { text: 'active', color: 'red' }, '0': { text: 'not active', color: 'green' } },
        noValue: 'none defined, as far as known',
      },
    ),
    panel.timeseries(
      'Defined run-time alerts',
      'none',
      'Alerts that are defined at run time, by severity.',
      value(maxBy(['cluster', 'severity'], 'genesis_runtime_alerts'), '{{severity}}'),
      { min: 0, decimals: 0, noValue: none },
    ),
    panel.timeseries(
      'Connected live dashboards',
      'none',
      'Pages and programs that live data are pushed to.',
      value(maxBy(cluster, 'genesis_live_clients'), '{{cluster}}'),
      { min: 0, decimals: 0, noValue: none },
    ),
    panel.timeseries(
      'Kept live series',
      'none',
      'Series whose points are kept in memory.',
      value(maxBy(cluster, 'genesis_live_series'), '{{cluster}}'),
      { min: 0, decimals: 0, noValue: none },
    ),
    panel.timeseries(
      'Kept live points',
      'short',
      'Points kept in memory, of all series.',
      value(maxBy(cluster, 'genesis_live_points'), '{{cluster}}'),
      { min: 0, noValue: none },
    ),
    panel.timeseries(
      'Memory of live data',
      'bytes',
      'Memory that the kept points take.',
      value(maxBy(cluster, 'genesis_live_memory_bytes'), '{{cluster}}'),
      { min: 0, noValue: none },
    ),
    panel.timeseries(
      'Dropped live points',
      'ops',
      'Points that found no room, or were given up early, each second, by reason.',
      value(rateBy(['kind'], 'genesis_live_dropped_points_total', '$__rate_interval'), '{{kind}}'),
      { min: 0, bad: true, noValue: none },
    ),
    panel.timeseries(
      'Age of live data',
      's',
      'Time since live data were last recorded.',
      value(since(cluster, 'genesis_live_last_sample_timestamp_seconds'), '{{cluster}}'),
      { min: 0, width: 24, noValue: none },
    ),
  ],
};
