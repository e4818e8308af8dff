import { serviceGauge } from './family.ts';
import { flag } from './reading.ts';

export const serviceMetrics = {
  genesis_service_info: serviceGauge({
    help: 'A configured service and what it belongs to; always 1.',
    unit: 'info',
    labels: ['component', 'tier', 'team', 'engine'],
    read: ({ service: s }, emit) => emit(1, s.component, s.tier, s.team, s.engine),
  }),
  genesis_service_up: serviceGauge({
    help: 'Whether the protection of the service works: its backups and its repository could be read. Averaged over time it is the uptime.',
    unit: 'boolean',
    read: ({ up }, emit) => emit(flag(up)),
  }),
  genesis_service_paused: serviceGauge({
    help: 'Whether scheduled work of the service is held.',
    unit: 'boolean',
    read: ({ service, now }, emit) => emit(flag(service.pause !== null && Date.parse(service.pause.until) > now)),
  }),
  genesis_service_paused_until_timestamp_seconds: serviceGauge({
    help: 'When the pause of the service ends by itself.',
    unit: 'timestamp',
    read: ({ service }, emit) => emit(service.pause?.until ?? null),
  }),
  genesis_maintenance_active: serviceGauge({
    help: 'Whether a maintenance window of the service is open: its alerts are muted.',
    unit: 'boolean',
    read: ({ service, now }, emit) =>
      emit(flag(service.maintenance !== null && Date.parse(service.maintenance.until) > now)),
  }),
  genesis_maintenance_until_timestamp_seconds: serviceGauge({
    help: 'When the maintenance window of the service closes by itself.',
    unit: 'timestamp',
    read: ({ service }, emit) => emit(service.maintenance?.until ?? null),
  }),
  genesis_service_operation_running: serviceGauge({
    help: 'Whether an operation (action) runs on the service now.',
    unit: 'boolean',
    labels: ['action'],
    read: ({ service }, emit) => {
      if (service.runningOperation !== null) emit(1, service.runningOperation.kind);
    },
  }),
} as const;
