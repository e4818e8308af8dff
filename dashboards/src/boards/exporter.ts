import type { Board, BoardContext, Row } from '../board.ts';
import { ofExporter, ofProcess } from '../external.ts';
import { allSteps, limitSteps, noneSteps, panel, limit, upOrDown, value, yesOrNo, type Panel } from '../panel.ts';
import { live } from './live-row.ts';
import { largest, linesShown, maxBy, minBy, quantile, rateBy, scoped, since } from '../query.ts';

const window = '$__rate_interval';
const cluster = ['cluster'] as const;
const byCollector = ['cluster', 'collector'] as const;
const okOrNot = { '1': { text: 'ok', color: 'green' }, '0': { text: 'failed', color: 'red' } } as const;

const ownState: readonly Panel[] = [
  panel.stat(
    'Running for',
    's',
    'How long the program has been running.',
    value(`min(${scoped('genesis_uptime_seconds')})`, 'for'),
  ),
  panel.stat(
    'Age of shown state',
    's',
    'Age of the state behind the metrics: it should be a few seconds.',
    value(`max(${since(cluster, 'genesis_snapshot_timestamp_seconds')})`, 'age'),
  ),
  panel.stat(
    'Configuration',
    'none',
    'Whether the configuration file was good when it was last read.',
    value(`min(${scoped('genesis_config_last_reload_successful')})`, 'configuration'),
    { words: okOrNot, noValue: 'unknown' },
  ),
  panel.stat(
    'Audit log',
    'none',
    'Whether the audit log can be written; actions are refused while it cannot.',
    value(`min(${scoped('genesis_audit_writable')})`, 'writable'),
    { words: okOrNot, noValue: 'unknown' },
  ),
  panel.stat(
    'Services',
    'none',
    'Configured services.',
    value(`sum(${maxBy(cluster, 'genesis_services')})`, 'services'),
  ),
  panel.stat(
    'Failed collectors',
    'none',
    'Collectors whose last run could not read everything.',
    value(`sum(1 - ${minBy(byCollector, 'genesis_collector_success')})`, 'collectors'),
    { steps: noneSteps, noValue: 'none known' },
  ),
  panel.stat(
    'Open event streams',
    'none',
    'Pages and programs that follow live.',
    value(`sum(${scoped('genesis_event_streams')})`, 'streams'),
  ),
  panel.stat(
    'Last reload',
    's',
    'Time since the configuration file was last read.',
    value(`min(${since(cluster, 'genesis_config_last_reload_timestamp_seconds')})`, 'since'),
    { noValue: 'unknown' },
  ),
  panel.stat(
    'Audit entries',
    'none',
    'Rows of the audit log.',
    value(`max(${scoped('genesis_audit_entries_total')})`, 'rows'),
  ),
  panel.stat(
    'Started',
    's',
    'Time since the youngest exporter started.',
    value(`time() - max(${scoped('genesis_start_timestamp_seconds')})`, 'since'),
  ),
];

function summary(context: BoardContext): Row {
  return {
    title: 'Can what Genesis says be trusted?',
    panels: [
      panel.stat(
        'Exporters up',
        'none',
        'Exporters that answer the scrape.',
        value(`sum(${ofExporter('up', context)})`, 'up'),
        {
          steps: allSteps,
          noValue: 'not scraped',
        },
      ),
      panel.stat(
        'Version',
        'none',
        'The running program.',
        value(maxBy(['version'], 'genesis_build_info'), '{{version}}'),
        {
          byName: true,
          noValue: 'not scraped',
        },
      ),
      ...ownState,
    ],
  };
}

const collectors: Row = {
  title: 'Collectors',
  panels: [
    panel.stateTimeline(
      'Success of collectors',
      'none',
      'Whether the last run of each collector could read everything.',
      value(minBy(byCollector, 'genesis_collector_success'), '{{collector}}'),
      { words: okOrNot, height: 6 },
    ),
    panel.timeseries(
      'Duration of collectors',
      's',
      'How long the last run of each collector took.',
      value(maxBy(byCollector, 'genesis_collector_duration_seconds'), '{{collector}}'),
      { min: 0 },
    ),
    panel.timeseries(
      'Age of what collectors read',
      'percentunit',
      'Time since the last success over the interval of the collector: at 300 % its levels are left out, and an alert fires.',
      [
        value(
          `(${since(byCollector, 'genesis_collector_last_success_timestamp_seconds')}) / on (cluster, collector) (${maxBy(byCollector, 'genesis_collector_interval_seconds')} > 0)`,
          '{{collector}}',
        ),
        limit('vector(3)', '300 %'),
      ],
      { min: 0 },
    ),
    panel.table(
      'Each collector',
      'Last run, duration and interval.',
      byCollector,
      [
        { title: 'Success', expr: minBy(byCollector, 'genesis_collector_success'), unit: 'none', words: yesOrNo },
        {
          title: 'Since last success',
          expr: since(byCollector, 'genesis_collector_last_success_timestamp_seconds'),
          unit: 's',
        },
        { title: 'Duration', expr: maxBy(byCollector, 'genesis_collector_duration_seconds'), unit: 's' },
        { title: 'Interval', expr: maxBy(byCollector, 'genesis_collector_interval_seconds'), unit: 's' },
        {
          title: 'Of its interval',
          expr: `${maxBy(byCollector, 'genesis_collector_duration_seconds')} / on (cluster, collector) (${maxBy(byCollector, 'genesis_collector_interval_seconds')} > 0)`,
          unit: 'percentunit',
          steps: limitSteps,
        },
      ],
      { noValue: 'never' },
    ),
  ],
};

function scrape(context: BoardContext): Row {
  return {
    title: 'Scrape',
    panels: [
      panel.stateTimeline(
        'Scrapes',
        'none',
        'Whether the exporter answered.',
        value(ofExporter('up', context), '{{instance}}'),
        {
          words: upOrDown,
          height: 5,
        },
      ),
      panel.timeseries(
        'Scrape duration',
        's',
        'How long reading the metrics takes.',
        value(ofExporter('scrape_duration_seconds', context), '{{instance}}'),
        {
          min: 0,
        },
      ),
      panel.timeseries(
        'Samples',
        'none',
        'Samples of each scrape.',
        value(ofExporter('scrape_samples_scraped', context), '{{instance}}'),
        {
          min: 0,
        },
      ),
    ],
  };
}

const api: Row = {
  title: 'API and operations',
  panels: [
    panel.timeseries(
      'Requests',
      'reqps',
      'Requests answered each second, by status.',
      value(rateBy(['status'], 'genesis_http_requests_total', window), '{{status}}'),
      { min: 0 },
    ),
    panel.timeseries(
      'Slowest routes',
      's',
      `95th percentile of the response time: the ${linesShown} slowest routes.`,
      value(
        largest(
          linesShown,
          quantile(0.95, rateBy(['le', 'route'], 'genesis_http_request_duration_seconds_bucket', window)),
        ),
        '{{route}}',
      ),
      { min: 0 },
    ),
    panel.timeseries(
      'Refused requests',
      'reqps',
      'Requests refused before they could do anything, by kind of gate.',
      value(rateBy(['kind'], 'genesis_auth_failures_total', window), '{{kind}}'),
      { min: 0, bad: true, noValue: 'none seen' },
    ),
    panel.timeseries(
      'Errors',
      'ops',
      'Failures each second, by code and part of the program.',
      value(rateBy(['code', 'component'], 'genesis_errors_total', window), '{{code}} {{component}}'),
      { min: 0, bad: true, noValue: 'none seen' },
    ),
    panel.timeseries(
      'Running and waiting operations',
      'none',
      'Operations that run or wait, by action.',
      value(maxBy(['cluster', 'action'], 'genesis_operations_active'), '{{action}}'),
      { min: 0, stacked: true },
    ),
    panel.timeseries(
      'Audit write failures',
      'ops',
      'Rows that could not be written to the audit log, each second.',
      value(rateBy(cluster, 'genesis_audit_write_failures_total', window), '{{cluster}}'),
      { min: 0, bad: true },
    ),
  ],
};

function runtime(context: BoardContext): Row {
  return {
    title: 'Process',
    panels: [
      panel.timeseries(
        'Event loop lag',
        's',
        'How long the program cannot answer: at the scrape, and the 99th percentile.',
        [
          value(ofProcess('nodejs_eventloop_lag_seconds', context), 'now {{instance}}'),
          value(ofProcess('nodejs_eventloop_lag_p99_seconds', context), 'p99 {{instance}}'),
        ],
      ),
      panel.timeseries(
        'Garbage collection',
        'percentunit',
        'Share of the time spent on collecting garbage, by kind.',
        value(
          `sum by (instance, kind) (rate(${ofProcess('nodejs_gc_duration_seconds_sum', context)}[${window}]))`,
          '{{instance}} {{kind}}',
        ),
        { min: 0 },
      ),
      panel.timeseries('Memory', 'bytes', 'Resident memory and data segment.', [
        value(ofProcess('process_resident_memory_bytes', context), 'resident {{instance}}'),
        value(ofProcess('process_heap_bytes', context), 'data segment {{instance}}'),
      ]),
      panel.timeseries('Processor time', 'cores', 'User and system time each second.', [
        value(`rate(${ofProcess('process_cpu_user_seconds_total', context)}[${window}])`, 'user {{instance}}'),
        value(`rate(${ofProcess('process_cpu_system_seconds_total', context)}[${window}])`, 'system {{instance}}'),
      ]),
    ],
  };
}

export function exporter(context: BoardContext): Board {
  return {
    uid: 'exporter',
    title: 'Genesis Exporter',
    description: 'Does Genesis itself work, and is what it says fresh?',
    range: '6h',
    refresh: '30s',
    scope: ['cluster'],
    page: 'overview',
    rows: [summary(context), collectors, scrape(context), api, live, runtime(context)],
  };
}
