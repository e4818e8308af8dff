import { metric } from '@genesis-dr/exporter/contract';
import type { Board, BoardContext, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { percent, type Limits } from '../limits.ts';
import { limit, panel, value } from '../panel.ts';
import { largest, linesShown, maxBy, minBy, quantile, rateBy } from '../query.ts';

const window = '$interval';
const none = 'no application feeds this';
const service = ['cluster', 'service'] as const;
const links = serviceLinks('line');

/** a / b, of b that is not 0. */
const over = (a: string, b: string): string => `${a} / (${b} > 0)`;
/** A kind of answer that never came is 0 of those that came. */
const partOf = (part: string, all: string): string => `(${part} or 0 * ${all}) / (${all} > 0)`;

const appBuckets = rateBy(['le'], 'genesis_app_request_duration_seconds_bucket', window);
const app = (status: string): string =>
  rateBy(service, 'genesis_app_requests_total', window, status === '' ? {} : { status: ['=~', status] });

const application: Row = {
  title: 'Applications',
  panels: [
    panel.timeseries(
      'API Response Times',
      's',
      'Response times of the applications: median, 95th and 99th percentile, average.',
      [
        value(quantile(0.5, appBuckets), 'p50'),
        value(quantile(0.95, appBuckets), 'p95'),
        value(quantile(0.99, appBuckets), 'p99'),
        value(
          over(
            rateBy([], 'genesis_app_request_duration_seconds_sum', window),
            rateBy([], 'genesis_app_request_duration_seconds_count', window),
          ),
          'average',
        ),
      ],
      { min: 0, noValue: none },
    ),
    panel.timeseries(
      'Throughput',
      'reqps',
      'Requests that the applications answer each second.',
      value(app(''), '{{service}}'),
      {
        min: 0,
        links,
        noValue: none,
      },
    ),
    panel.timeseries(
      'Generation Performance',
      's',
      'Mean time of an operation of the applications, by kind.',
      value(
        over(
          rateBy(['cluster', 'service', 'kind'], 'genesis_app_operation_duration_seconds_sum', window),
          rateBy(['cluster', 'service', 'kind'], 'genesis_app_operation_duration_seconds_count', window),
        ),
        '{{service}} {{kind}}',
      ),
      { min: 0, links, noValue: none },
    ),
    panel.timeseries(
      'Error Rate',
      'percentunit',
      'Share of the requests answered with 4xx and with 5xx, apart: the first are the caller’s faults, the second ours.',
      [value(partOf(app('4..'), app('')), '{{service}} 4xx'), value(partOf(app('5..'), app('')), '{{service}} 5xx')],
      { min: 0, links, noValue: none },
    ),
    panel.timeseries(
      'Success Rate',
      'percentunit',
      'Share of the requests answered with neither 4xx nor 5xx.',
      value(partOf(app('[123]..'), app('')), '{{service}}'),
      { min: 0, max: 1, links, noValue: none },
    ),
    panel.timeseries(
      'Queue Metrics',
      'none',
      'Entries that wait in queues of the applications.',
      value(largest(linesShown, maxBy(service, 'genesis_app_queue_size')), '{{service}}'),
      { min: 0, links, noValue: none },
    ),
    panel.timeseries(
      'Running operations of each instance',
      'none',
      'Operations that run now, by instance of the application.',
      value(`sum by (cluster, service, instance) (${active()})`, '{{service}} {{instance}}'),
      { min: 0, links, noValue: none },
    ),
    panel.timeseries(
      'Errors by kind',
      'ops',
      'Errors of the applications each second, by kind and component.',
      value(rateBy(['kind', 'component'], 'genesis_app_errors_total', window), '{{kind}} {{component}}'),
      { min: 0, bad: true, noValue: none },
    ),
  ],
};

function active(): string {
  return metric('genesis_app_active_operations', {
    cluster: ['=~', '$cluster'],
    region: ['=~', '$region'],
    service: ['=~', '$service'],
  });
}

const buckets = rateBy(['le'], 'genesis_http_request_duration_seconds_bucket', window);
const http = (status: string): string =>
  rateBy([], 'genesis_http_requests_total', window, status === '' ? {} : { status: ['=~', status] });

function genesis(limits: Limits): Row {
  return {
    title: 'API of Genesis',
    panels: [
      panel.timeseries(
        'Response times of Genesis',
        's',
        'Response times of the API of Genesis: median, 95th and 99th percentile, average.',
        [
          value(quantile(0.5, buckets), 'p50'),
          value(quantile(0.95, buckets), 'p95'),
          value(quantile(0.99, buckets), 'p99'),
          value(
            over(
              rateBy([], 'genesis_http_request_duration_seconds_sum', window),
              rateBy([], 'genesis_http_request_duration_seconds_count', window),
            ),
            'average',
          ),
          limit(`vector(${limits.response_time_p95})`, `${limits.response_time_p95} s`),
        ],
        { min: 0 },
      ),
      panel.timeseries(
        'Throughput of Genesis',
        'reqps',
        'Requests that Genesis answers each second, by route.',
        value(
          largest(linesShown, rateBy(['method', 'route'], 'genesis_http_requests_total', window)),
          '{{method}} {{route}}',
        ),
        { min: 0 },
      ),
      panel.timeseries(
        'Error rate of Genesis',
        'percentunit',
        'Share of the requests answered with 4xx and with 5xx, and the limit of the latter.',
        [
          value(partOf(http('4..'), http('')), '4xx'),
          value(partOf(http('5..'), http('')), '5xx'),
          limit(`vector(${limits.error_rate})`, percent(limits.error_rate)),
        ],
        { min: 0 },
      ),
      panel.durations(
        'Response times of Genesis, distribution',
        's',
        'Distribution of the response times of the API of Genesis.',
        value(
          `sum by (le) (increase(${metric('genesis_http_request_duration_seconds_bucket', { cluster: ['=~', '$cluster'] })}[${window}]))`,
          '{{le}}',
        ),
      ),
    ],
  };
}

function resources(limits: Limits): Row {
  return {
    title: 'Resource Utilization',
    panels: [
      panel.timeseries(
        'Processors and memory in use',
        'percentunit',
        'Shares of the processors and of the memory of the machine of Genesis, and their limits.',
        [
          value(
            `avg_over_time(${metric('genesis_system_cpu_usage_ratio', { cluster: ['=~', '$cluster'] })}[${window}])`,
            'processors',
          ),
          value(
            `1 - ${minBy(['cluster'], 'genesis_system_memory_available_bytes')} / on (cluster) (${maxBy(['cluster'], 'genesis_system_memory_size_bytes')} > 0)`,
            'memory',
          ),
          limit(`vector(${limits.cpu_usage})`, 'processors'),
          limit(`vector(${limits.memory_usage})`, 'memory'),
        ],
        { min: 0, max: 1 },
      ),
      panel.timeseries(
        'Copies that wait',
        'none',
        'Backups still to be brought into copies, of all chosen services.',
        value(`sum(${maxBy(['cluster', 'service', 'replica'], 'genesis_replication_queue_size')})`, 'backups'),
        { min: 0, noValue: 'no copy seen' },
      ),
    ],
  };
}

/** Any recorded series: its name is chosen by the viewer, so the catalogue cannot check it. */
const chosen = '{__name__="$metric",cluster=~"$cluster"}';
const overTime = (aggregate: string): string => `${aggregate}_over_time(${chosen}[${window}])`;

const aggregates: Row = {
  title: 'Any metric, aggregated over the interval',
  panels: [
    panel.timeseries(
      'Average, minimum and maximum',
      'short',
      'The chosen metric, aggregated over the chosen interval before each moment. For a counter choose one of its rates above instead.',
      [
        value(`avg(${overTime('avg')})`, 'average'),
        value(`min(${overTime('min')})`, 'minimum'),
        value(`max(${overTime('max')})`, 'maximum'),
      ],
      { width: 8 },
    ),
    panel.timeseries(
      'Percentiles',
      'short',
      'Median, 95th and 99th percentile of the samples of the interval.',
      [
        value(`max(quantile_over_time(0.5, ${chosen}[${window}]))`, 'p50'),
        value(`max(quantile_over_time(0.95, ${chosen}[${window}]))`, 'p95'),
        value(`max(quantile_over_time(0.99, ${chosen}[${window}]))`, 'p99'),
      ],
      { width: 8 },
    ),
    panel.timeseries(
      'Sum and count',
      'short',
      'Sum of the samples of the interval, and how many there were.',
      [value(`sum(${overTime('sum')})`, 'sum'), value(`sum(${overTime('count')})`, 'samples')],
      { width: 8 },
    ),
  ],
};

export function performance({ limits }: BoardContext): Board {
  return {
    uid: 'performance',
    title: 'Performance Metrics',
    description: 'How fast are applications and Genesis, how much do they do, and what goes wrong?',
    range: '6h',
    refresh: '30s',
    scope: ['cluster', 'region', 'service'],
    variables: [
      {
        name: 'interval',
        label: 'Interval',
        description: 'Time over which rates and aggregates are taken.',
        current: '5m',
        choices: ['1m', '5m', '15m', '1h'],
      },
      {
        name: 'metric',
        label: 'Metric',
        description: 'Metric of the last row.',
        current: metric('genesis_system_cpu_usage_ratio'),
        query: 'metrics(genesis_.*)',
      },
    ],
    page: 'overview',
    rows: [application, genesis(limits), resources(limits), aggregates],
  };
}
