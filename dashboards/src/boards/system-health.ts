import type { Board, BoardContext, Row } from '../board.ts';
import { node, ofProcess } from '../external.ts';
import { percent, type Limits } from '../limits.ts';
import { above, limit, panel, value } from '../panel.ts';
import { maxBy, minBy, rateBy } from '../query.ts';

const window = '$__rate_interval';
const share = { min: 0, max: 1 };
const noNode = 'no node exporter seen';
const cluster = ['cluster'] as const;
const memoryUsed = `1 - ${minBy(cluster, 'genesis_system_memory_available_bytes')} / on (cluster) (${maxBy(cluster, 'genesis_system_memory_size_bytes')} > 0)`;

function now(limits: Limits): Row {
  return {
    title: 'Now',
    panels: [
      panel.gauge(
        'Processors in use',
        'percentunit',
        'Share of all processors of the machine of Genesis in use.',
        value(maxBy(cluster, 'genesis_system_cpu_usage_ratio'), '{{cluster}}'),
        { ...share, steps: above(limits.cpu_usage) },
      ),
      panel.gauge(
        'Memory in use',
        'percentunit',
        'Share of the memory that programs cannot get any more.',
        value(memoryUsed, '{{cluster}}'),
        {
          ...share,
          steps: above(limits.memory_usage),
        },
      ),
      panel.gauge(
        'Fullest file system',
        'percentunit',
        'Used share of the fullest local file system.',
        value(`1 - ${minBy(cluster, 'genesis_system_filesystem_lowest_available_ratio')}`, '{{cluster}}'),
        { ...share, steps: above(1 - limits.disk_free) },
      ),
      panel.stat(
        'Load for each processor',
        'none',
        'Load average of one minute over the number of processors: above 1 work waits.',
        value(
          `${maxBy(cluster, 'genesis_system_load1')} / on (cluster) (${maxBy(cluster, 'genesis_system_cpus')} > 0)`,
          '{{cluster}}',
        ),
        {
          width: 6,
          height: 7,
          decimals: 2,
          steps: above(1),
        },
      ),
    ],
  };
}

function machine(limits: Limits): Row {
  return {
    title: 'Processors and memory',
    panels: [
      panel.timeseries(
        'CPU Usage',
        'percentunit',
        'Share of the processors in use: the machine of Genesis, and every machine with a node exporter.',
        [
          value(maxBy(cluster, 'genesis_system_cpu_usage_ratio'), 'Genesis {{cluster}}'),
          value(
            `1 - avg by (instance) (rate(${node('node_cpu_seconds_total', 'mode="idle"')}[${window}]))`,
            '{{instance}}',
          ),
          limit(`vector(${limits.cpu_usage})`, percent(limits.cpu_usage)),
        ],
        share,
      ),
      panel.timeseries(
        'Memory Usage',
        'percentunit',
        'Share of the memory that programs cannot get any more.',
        [
          value(memoryUsed, 'Genesis {{cluster}}'),
          value(
            `1 - ${node('node_memory_MemAvailable_bytes')} / ${node('node_memory_MemTotal_bytes')}`,
            '{{instance}}',
          ),
          limit(`vector(${limits.memory_usage})`, percent(limits.memory_usage)),
        ],
        share,
      ),
      panel.timeseries('Load', 'none', 'Load average of one minute, beside the number of processors.', [
        value(maxBy(cluster, 'genesis_system_load1'), 'load {{cluster}}'),
        value(maxBy(cluster, 'genesis_system_cpus'), 'processors {{cluster}}'),
      ]),
      panel.timeseries('Swap', 'bytes', 'Swap in use, beside its size.', [
        value(maxBy(cluster, 'genesis_system_swap_used_bytes'), 'used {{cluster}}'),
        value(maxBy(cluster, 'genesis_system_swap_size_bytes'), 'size {{cluster}}'),
      ]),
    ],
  };
}

const disks: Row = {
  title: 'Disks',
  panels: [
    panel.timeseries('Disk Usage', 'bytes', 'Free space of all local file systems together, beside their size.', [
      value(minBy(cluster, 'genesis_system_filesystem_available_bytes'), 'free {{cluster}}'),
      value(maxBy(cluster, 'genesis_system_filesystem_size_bytes'), 'size {{cluster}}'),
    ]),
    panel.timeseries(
      'File systems of other machines',
      'percentunit',
      'Used share of each file system of machines with a node exporter.',
      value(
        `1 - ${node('node_filesystem_avail_bytes', 'fstype!~"tmpfs|overlay|squashfs"')} / ${node('node_filesystem_size_bytes', 'fstype!~"tmpfs|overlay|squashfs"')}`,
        '{{instance}} {{mountpoint}}',
      ),
      { ...share, noValue: noNode },
    ),
    panel.timeseries('Disk I/O', 'Bps', 'Bytes read from and written to the disks each second.', [
      value(rateBy(cluster, 'genesis_system_disk_read_bytes_total', window), 'read {{cluster}}'),
      value(rateBy(cluster, 'genesis_system_disk_written_bytes_total', window), 'written {{cluster}}'),
    ]),
    panel.timeseries('Disk operations', 'ops', 'Read and write operations of the disks each second.', [
      value(rateBy(cluster, 'genesis_system_disk_reads_total', window), 'reads {{cluster}}'),
      value(rateBy(cluster, 'genesis_system_disk_writes_total', window), 'writes {{cluster}}'),
    ]),
    panel.timeseries(
      'Disk I/O of other machines',
      'Bps',
      'Bytes read and written each second, on machines with a node exporter.',
      [
        value(`sum by (instance) (rate(${node('node_disk_read_bytes_total')}[${window}]))`, '{{instance}} read'),
        value(`sum by (instance) (rate(${node('node_disk_written_bytes_total')}[${window}]))`, '{{instance}} written'),
      ],
      { noValue: noNode, width: 24 },
    ),
  ],
};

const byDevice = ['cluster', 'device'] as const;
const network: Row = {
  title: 'Network',
  panels: [
    panel.timeseries('Network', 'Bps', 'Bytes received and sent each second, by interface.', [
      value(rateBy(byDevice, 'genesis_system_network_receive_bytes_total', window), 'received {{device}}'),
      value(rateBy(byDevice, 'genesis_system_network_transmit_bytes_total', window), 'sent {{device}}'),
    ]),
    panel.timeseries('Packets', 'pps', 'Packets received and sent each second, by interface.', [
      value(rateBy(byDevice, 'genesis_system_network_receive_packets_total', window), 'received {{device}}'),
      value(rateBy(byDevice, 'genesis_system_network_transmit_packets_total', window), 'sent {{device}}'),
    ]),
    panel.timeseries(
      'Network errors',
      'pps',
      'Faulty packets received, and packets that could not be sent, each second.',
      [
        value(rateBy(byDevice, 'genesis_system_network_receive_errors_total', window), 'received {{device}}'),
        value(rateBy(byDevice, 'genesis_system_network_transmit_errors_total', window), 'sent {{device}}'),
      ],
      { min: 0, bad: true },
    ),
    panel.timeseries(
      'Network of other machines',
      'Bps',
      'Bytes received and sent each second, on machines with a node exporter.',
      [
        value(
          `sum by (instance) (rate(${node('node_network_receive_bytes_total', 'device!="lo"')}[${window}]))`,
          '{{instance}} received',
        ),
        value(
          `sum by (instance) (rate(${node('node_network_transmit_bytes_total', 'device!="lo"')}[${window}]))`,
          '{{instance}} sent',
        ),
      ],
      { noValue: noNode },
    ),
    panel.stateTimeline(
      'Interfaces',
      'none',
      'Whether each interface of the machine of Genesis is up.',
      value(maxBy(byDevice, 'genesis_system_network_up'), '{{device}}'),
      { words: { '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } }, height: 6 },
    ),
  ],
};

function process(context: BoardContext): Row {
  return {
    title: 'Process of Genesis',
    panels: [
      panel.timeseries('Process memory', 'bytes', 'Resident and virtual memory of Genesis.', [
        value(ofProcess('process_resident_memory_bytes', context), 'resident {{instance}}'),
        value(ofProcess('process_virtual_memory_bytes', context), 'virtual {{instance}}'),
      ]),
      panel.timeseries(
        'Process CPU',
        'cores',
        'Processors that Genesis keeps busy.',
        value(`rate(${ofProcess('process_cpu_seconds_total', context)}[${window}])`, '{{instance}}'),
      ),
      panel.timeseries(
        'Threads',
        'none',
        'Threads of Genesis.',
        value(ofProcess('process_threads', context), '{{instance}}'),
      ),
      panel.timeseries('Open files', 'none', 'File descriptors that Genesis holds, beside its limit.', [
        value(ofProcess('process_open_fds', context), 'open {{instance}}'),
        limit(ofProcess('process_max_fds', context), '{{instance}}'),
      ]),
    ],
  };
}

export function systemHealth(context: BoardContext): Board {
  return {
    uid: 'system-health',
    title: 'System Health',
    description: 'Does the machine of Genesis, and every machine with a node exporter, have room to work?',
    range: '6h',
    refresh: '10s',
    scope: ['cluster'],
    page: 'overview',
    rows: [now(context.limits), machine(context.limits), disks, network, process(context)],
  };
}
