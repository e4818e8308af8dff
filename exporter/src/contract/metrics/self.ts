import { operationKinds } from '../operation.ts';
import type { CollectorSnapshot } from '../snapshot.ts';
import { programCounter, snapshotMetric, type MetricUnit, type SampleValue } from './family.ts';
import { flag, secondsSince } from './reading.ts';

function collector(help: string, unit: MetricUnit, value: (c: CollectorSnapshot) => SampleValue) {
  return snapshotMetric({
    help,
    unit,
    labels: ['collector'],
    read: ({ snapshot }, emit) => {
      for (const c of snapshot.collectors) emit(value(c), c.name);
    },
  });
}

/** What Genesis says of itself. */
export const selfMetrics = {
  genesis_build_info: snapshotMetric({
    help: 'The running program; always 1.',
    unit: 'info',
    labels: ['version'],
    read: ({ snapshot }, emit) => emit(1, snapshot.version),
  }),
  genesis_start_timestamp_seconds: snapshotMetric({
    help: 'When the program started.',
    unit: 'timestamp',
    read: ({ snapshot }, emit) => emit(snapshot.startedAt),
  }),
  genesis_uptime_seconds: snapshotMetric({
    help: 'How long the program has been running.',
    unit: 'seconds',
    read: ({ snapshot, now }, emit) => emit(secondsSince(snapshot.startedAt, now)),
  }),
  genesis_snapshot_timestamp_seconds: snapshotMetric({
    help: 'When the state behind these metrics was put together.',
    unit: 'timestamp',
    read: ({ snapshot }, emit) => emit(snapshot.at),
  }),
  genesis_services: snapshotMetric({
    help: 'Configured services.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.services.length),
  }),
  genesis_collector_success: collector(
    'Whether the last run of the collector could read everything; absent before the first run.',
    'boolean',
    (c) => flag(c.success),
  ),
  genesis_collector_duration_seconds: collector(
    'How long the last run of the collector took.',
    'seconds',
    (c) => c.durationSeconds,
  ),
  genesis_collector_last_success_timestamp_seconds: collector(
    'When the collector last could read everything; absent when never.',
    'timestamp',
    (c) => c.lastSuccessAt,
  ),
  genesis_collector_interval_seconds: collector(
    'Time between two runs of the collector.',
    'seconds',
    (c) => c.intervalSeconds,
  ),
  genesis_config_last_reload_successful: snapshotMetric({
    help: 'Whether the configuration file was good when it was last read; a bad one leaves the old configuration in place.',
    unit: 'boolean',
    read: ({ snapshot }, emit) => emit(flag(snapshot.config.lastReloadSuccessful)),
  }),
  genesis_config_last_reload_timestamp_seconds: snapshotMetric({
    help: 'When the configuration file was last read.',
    unit: 'timestamp',
    read: ({ snapshot }, emit) => emit(snapshot.config.lastReloadAt),
  }),
  genesis_audit_entries_total: snapshotMetric({
    type: 'counter',
    help: 'Rows of the audit log; its head is compared with this.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.audit.count),
  }),
  genesis_audit_writable: snapshotMetric({
    help: 'Whether the audit log can be written; actions are refused while it cannot.',
    unit: 'boolean',
    read: ({ snapshot }, emit) => emit(flag(snapshot.audit.writable)),
  }),
  genesis_audit_write_failures_total: programCounter({
    help: 'Rows that could not be written to the audit log.',
    labels: [],
  }),
  genesis_operations_active: snapshotMetric({
    help: 'Operations that run or wait now.',
    unit: 'count',
    labels: ['action'],
    read: ({ snapshot }, emit) => {
      for (const kind of operationKinds) emit(snapshot.activeOperations[kind] ?? 0, kind);
    },
  }),
  genesis_event_streams: snapshotMetric({
    help: 'Open streams of server-sent events.',
    unit: 'count',
    read: ({ snapshot }, emit) => emit(snapshot.eventStreams),
  }),
  genesis_errors_total: programCounter({
    help: 'Failures by stable error code and the part of the program they happened in.',
    labels: ['code', 'component'],
  }),
} as const;
