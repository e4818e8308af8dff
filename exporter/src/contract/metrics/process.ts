import { processHistogram, processMetric } from './family.ts';

/** This process, read by prom-client (threads by Genesis). Names are those every client library uses. */
export const processMetrics = {
  process_cpu_user_seconds_total: processMetric({ type: 'counter', help: 'User CPU time.', unit: 'seconds' }),
  process_cpu_system_seconds_total: processMetric({ type: 'counter', help: 'System CPU time.', unit: 'seconds' }),
  process_cpu_seconds_total: processMetric({ type: 'counter', help: 'User and system CPU time.', unit: 'seconds' }),
  process_start_time_seconds: processMetric({ help: 'Start of the process, Unix seconds.', unit: 'timestamp' }),
  process_resident_memory_bytes: processMetric({ help: 'Resident memory.', unit: 'bytes' }),
  process_virtual_memory_bytes: processMetric({ help: 'Virtual memory (Linux).', unit: 'bytes' }),
  process_heap_bytes: processMetric({ help: 'Size of the data segment (Linux).', unit: 'bytes' }),
  process_open_fds: processMetric({ help: 'Open file descriptors (Linux).', unit: 'count' }),
  process_max_fds: processMetric({ help: 'Limit of open file descriptors (Linux).', unit: 'count' }),
  process_threads: processMetric({ help: 'Threads (Linux).', unit: 'count' }),
  nodejs_eventloop_lag_seconds: processMetric({ help: 'Lag of the event loop at the scrape.', unit: 'seconds' }),
  nodejs_eventloop_lag_p99_seconds: processMetric({
    help: '99th percentile of the event loop lag since the last scrape.',
    unit: 'seconds',
  }),
  nodejs_gc_duration_seconds: processHistogram({ help: 'Garbage collection by kind.', labels: ['kind'] }),
} as const;
