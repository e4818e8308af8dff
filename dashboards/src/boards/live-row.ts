import type { Row } from '../board.ts';
import { panel, value, type QueryPanel, type Unit } from '../panel.ts';
import { largest, linesShown, maxBy, rateBy, since } from '../query.ts';

const cluster = ['cluster'] as const;
const none = 'no live data seen';

type LiveGauge = `genesis_live_${'clients' | 'series' | 'points' | 'memory_bytes'}`;

function ofCluster(title: string, unit: Unit, description: string, name: LiveGauge): QueryPanel {
  const counts = unit === 'none' ? { decimals: 0 } : {};
  return panel.timeseries(title, unit, description, value(maxBy(cluster, name), '{{cluster}}'), {
    min: 0,
    noValue: none,
    ...counts,
  });
}

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
    ofCluster(
      'Connected live dashboards',
      'none',
      'Pages and programs that live data are pushed to.',
      'genesis_live_clients',
    ),
    ofCluster('Kept live series', 'none', 'Series whose points are kept in memory.', 'genesis_live_series'),
    ofCluster('Kept live points', 'short', 'Points kept in memory, of all series.', 'genesis_live_points'),
    ofCluster('Memory of live data', 'bytes', 'Memory that the kept points take.', 'genesis_live_memory_bytes'),
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
