import {
  aggregations,
  type Dashboard,
  type DashboardMetric,
  type LiveAlert,
  type LiveMetric,
} from '../../contract/live.ts';
import { fail, ok } from '../../contract/errors.ts';
import type { LiveData } from '../../runtime/live/face.ts';
import { t0 } from './samples.ts';

export const aLiveMetric: LiveMetric = {
  unit: 'ratio',
  kind: 'gauge',
  help: 'Share of all processors in use.',
  current: 0.5,
  avg_1h: 0.4,
  max_1h: 0.9,
  value: 0.4,
  last_at: t0,
  time_series: [{ timestamp: t0, value: 0.4, min: 0.1, max: 0.9, count: 6 }],
};

export const aLiveAlert: LiveAlert = {
  id: 'alert_1',
  metric: 'genesis_system_cpu_usage_ratio',
  condition: '> 0.8',
  operator: '>',
  threshold: 0.8,
  tags: {},
  severity: 'warning',
  message: 'busy',
  state: 'active',
  active: true,
  why: 'genesis_system_cpu_usage_ratio is 0.9 (> 0.8)',
  value: 0.9,
  series: {},
  flapping: false,
  triggered_at: t0,
  resolved_at: null,
  evaluated_at: t0,
  created_at: t0,
  created_by: 'ada',
};

/** Live data that always show the same. */
export function fakeLive(): LiveData {
  const dashboard: Dashboard = {
    at: t0,
    metrics: { genesis_system_cpu_usage_ratio: aLiveMetric },
    missing: [],
    alerts: { active: [aLiveAlert], total: 1, active_count: 1 },
  };
  const refused = (aggregation: string) =>
    (aggregations as readonly string[]).includes(aggregation)
      ? null
      : fail('aggregation_unknown', 'no such aggregation');
  return {
    dashboard: async ({ aggregation }) => refused(aggregation) ?? ok(dashboard),
    metric: async (name, { aggregation, duration_minutes }) =>
      refused(aggregation) ??
      ok({
        at: t0,
        metric_name: name,
        aggregation: aggregation as DashboardMetric['aggregation'],
        duration_minutes,
        current_value: 0.5,
        ...aLiveMetric,
        missing: null,
        series: [{ labels: {}, current: 0.5, last: 0.5, last_at: t0 }],
        series_count: 1,
      }),
    alerts: () => [aLiveAlert],
    createAlert: async () => ok(aLiveAlert),
    changeAlert: async () => ok(aLiveAlert),
    removeAlert: async (id) => (id === 'nope' ? fail('alert_unknown', 'no alert has this id') : ok(aLiveAlert)),
    clients: { count: 0 },
  };
}
