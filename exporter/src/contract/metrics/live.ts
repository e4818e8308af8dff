import { alertSeverities, droppedReasons } from '../live-facts.ts';
import { snapshotMetric } from './family.ts';
import { flag } from './reading.ts';

/** Live data and the alerts that are defined at run time. */
export const liveMetrics = {
  genesis_runtime_alert_active: snapshotMetric({
    help: 'Whether an alert defined at run time is active; absent while that is not known.',
    unit: 'boolean',
    // The id is ours and their number is bounded; what somebody typed into the message is no label.
    labels: ['alert_id', 'metric', 'severity'],
    read: ({ snapshot }, emit) => {
      for (const { id, metric, severity, active } of snapshot.live?.alerts ?? [])
        emit(flag(active), id, metric, severity);
    },
  }),
  genesis_runtime_alerts: snapshotMetric({
    help: 'Alerts defined at run time.',
    unit: 'count',
    labels: ['severity'],
    read: ({ snapshot: { live } }, emit) => {
      if (live === undefined) return;
      for (const severity of alertSeverities)
        emit(live.alerts.filter((alert) => alert.severity === severity).length, severity);
    },
  }),
  genesis_live_series: snapshotMetric({
    help: 'Series whose points are kept in memory for live data.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.live?.series ?? null),
  }),
  genesis_live_points: snapshotMetric({
    help: 'Points kept in memory for live data.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.live?.points ?? null),
  }),
  genesis_live_memory_bytes: snapshotMetric({
    help: 'Memory that the points of live data take.',
    unit: 'bytes',
    read: ({ snapshot }, emit) => emit(snapshot.live?.bytes ?? null),
  }),
  genesis_live_last_sample_timestamp_seconds: snapshotMetric({
    help: 'When live data were last recorded; absent before the first time.',
    unit: 'timestamp',
    read: ({ snapshot: { live } }, emit) => {
      const ms = live?.lastSampleMs ?? null;
      emit(ms === null ? null : ms / 1000);
    },
  }),
  genesis_live_dropped_points_total: snapshotMetric({
    type: 'counter',
    help: 'Points that found no room (series; a metric without any room counts once a reading) or were given up early (memory).',
    unit: 'count',
    labels: ['kind'],
    read: ({ snapshot: { live } }, emit) => {
      if (live === undefined) return;
      for (const kind of droppedReasons) emit(live.dropped[kind], kind);
    },
  }),
  genesis_live_clients: snapshotMetric({
    help: 'Dashboards connected to /ws/dashboard.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.live?.clients ?? null),
  }),
} as const;
