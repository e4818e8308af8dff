/**
 * Panels (uid/title) of features that are still to come: they read only metrics of exporter/src/contract/metrics/planned.ts, so they show
 * no data today, and no error. Whoever builds such a feature moves its metrics out of planned.ts and takes its panels out of this list;
 * a test computes the list from the queries, so it cannot be forgotten. When the last feature stands, the list is empty.
 */
export const waitingPanels: readonly string[] = [
  // Incidents.
  'recovery/Open incidents',

  // Regions and deployments.
  'regions/Data behind its source',
  'regions/Deployments',
  'regions/Deployments over time',
  'regions/Latency',
  'regions/Order of regions',
  'regions/Regions',

  // Applications.
  'performance/API Response Times',
  'performance/Error Rate',
  'performance/Errors by kind',
  'performance/Generation Performance',
  'performance/Queue Metrics',
  'performance/Running operations of each instance',
  'performance/Success Rate',
  'performance/Throughput',
];
