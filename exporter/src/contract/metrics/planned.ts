import { planned } from './family.ts';

/**
 * Metrics of capabilities that are not built yet. Their names and labels are settled, so that rules and dashboards over them can stand
 * today: /metrics shows HELP and TYPE without one sample, no rule over them fires, and no panel shows a figure that nobody measured.
 * Whoever builds a capability moves its families to the domain that reads them.
 */
export const plannedMetrics = {
  // Incidents.
  genesis_incidents_open: planned.gauge({
    help: 'Incidents that are not closed.',
    unit: 'count',
    labels: ['service', 'region', 'severity'],
  }),

  // Regions and deployments.
  genesis_region_up: planned.gauge({ help: 'Whether the region answers.', unit: 'boolean', labels: ['region'] }),
  genesis_region_latency_seconds: planned.gauge({
    help: 'Response time of the health endpoint of the region.',
    unit: 'seconds',
    labels: ['region'],
  }),
  genesis_region_capacity: planned.gauge({ help: 'Capacity of the region.', unit: 'count', labels: ['region'] }),
  genesis_region_priority: planned.gauge({
    help: 'Priority of the region; the lowest number comes first.',
    unit: 'count',
    labels: ['region'],
  }),
  genesis_region_sync_lag_seconds: planned.gauge({
    help: 'How far the data of the region is behind its source.',
    unit: 'seconds',
    labels: ['region'],
  }),
  genesis_deployment_in_progress: planned.gauge({
    help: 'Whether a deployment to the region is under way.',
    unit: 'boolean',
    labels: ['service', 'region'],
  }),
  genesis_deployment_phase_start_timestamp_seconds: planned.gauge({
    help: 'When the present phase of the deployment began.',
    unit: 'timestamp',
    labels: ['service', 'region'],
  }),
  genesis_deployment_phase_timeout_seconds: planned.gauge({
    help: 'How long the present phase of the deployment may take.',
    unit: 'seconds',
    labels: ['service', 'region'],
  }),

  // Applications, fed in by them.
  genesis_app_requests_total: planned.counter({
    help: 'Requests that the application answered.',
    labels: ['service', 'region', 'method', 'route', 'status'],
  }),
  genesis_app_request_duration_seconds: planned.histogram({
    help: 'Response times of the application.',
    labels: ['service', 'region', 'method', 'route'],
  }),
  genesis_app_active_operations: planned.gauge({
    help: 'Operations that run in the application.',
    unit: 'count',
    labels: ['service', 'region', 'kind'],
  }),
  genesis_app_operation_duration_seconds: planned.histogram({
    help: 'How long operations of the application took.',
    labels: ['service', 'region', 'kind'],
  }),
  genesis_app_errors_total: planned.counter({
    help: 'Errors of the application by kind and component.',
    labels: ['service', 'region', 'kind', 'component'],
  }),
  genesis_app_queue_size: planned.gauge({
    help: 'Entries that wait in a queue of the application.',
    unit: 'count',
    labels: ['service', 'region'],
  }),
} as const;
