import { metric } from '@genesis-dr/exporter/contract';
import { onService, serviceKey, sumBy } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

const requests = 'service:genesis_app_requests:rate5m';
const clientErrors = 'service:genesis_app_requests_4xx:rate5m';
const serverErrors = 'service:genesis_app_requests_5xx:rate5m';

const rateOf = (status: string) =>
  sumBy(serviceKey, 'genesis_app_requests_total', {
    matchers: { status: ['=~', status] },
    range: '5m',
    over: 'rate',
  });

// An application that never had such an error has no such series, and that is a rate of 0 as long as it answers requests at all.
const errorRate = (status: string): RecordDefinition => ({
  group: 'genesis_traffic',
  labels: serviceKey,
  rules: () => [{ expr: `${rateOf(status)}\nor ${onService} 0 * ${requests}` }],
});

const share = (part: string): RecordDefinition => ({
  group: 'genesis_traffic',
  labels: serviceKey,
  rules: () => [{ expr: `${part} / ${onService} (${requests} > 0)` }],
});

const quantile = (q: number): RecordDefinition => ({
  group: 'genesis_traffic',
  labels: serviceKey,
  // Without a request in five minutes the quantile is NaN, and nothing is recorded.
  rules: () => [
    {
      expr: `histogram_quantile(${q}, sum by (${[...serviceKey, 'le'].join(', ')}) (rate(${metric('genesis_app_request_duration_seconds_bucket')}[5m]))) >= 0`,
    },
  ],
});

/** Requests a second, shares of errors (4xx and 5xx apart) and response times of each application. */
export const trafficRecords = {
  [requests]: {
    group: 'genesis_traffic',
    labels: serviceKey,
    rules: () => [{ expr: sumBy(serviceKey, 'genesis_app_requests_total', { range: '5m', over: 'rate' }) }],
  },
  [clientErrors]: errorRate('4..'),
  [serverErrors]: errorRate('5..'),
  'service:genesis_app_requests_4xx:ratio_rate5m': share(clientErrors),
  'service:genesis_app_requests_5xx:ratio_rate5m': share(serverErrors),
  'service:genesis_app_request_success:ratio_rate5m': share(`(${requests} - ${onService} ${serverErrors})`),
  'service:genesis_app_request_duration_seconds:p50': quantile(0.5),
  'service:genesis_app_request_duration_seconds:p95': quantile(0.95),
  'service:genesis_app_request_duration_seconds:p99': quantile(0.99),
} as const satisfies Record<string, RecordDefinition>;
