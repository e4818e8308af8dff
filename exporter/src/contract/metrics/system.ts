import type { SystemFacts } from '../snapshot.ts';
import { snapshotMetric, type MetricUnit } from './family.ts';
import { flag } from './reading.ts';

type Network = SystemFacts['networks'][number];
type DiskIo = NonNullable<SystemFacts['diskIo']>;

function machine(help: string, unit: MetricUnit, value: (facts: SystemFacts) => number | null) {
  return snapshotMetric({ help, unit, read: ({ system }, emit) => emit(system === null ? null : value(system)) });
}
function network(type: 'gauge' | 'counter', help: string, unit: MetricUnit, value: (device: Network) => number | null) {
  return snapshotMetric({
    type,
    help,
    unit,
    labels: ['device'],
    read: ({ system }, emit) => {
      for (const device of system?.networks ?? []) emit(value(device), device.device);
    },
  });
}
function disk(help: string, unit: MetricUnit, value: (io: DiskIo) => number | null) {
  return snapshotMetric({
    type: 'counter',
    help,
    unit,
    read: ({ system }, emit) => {
      const io = system?.diskIo ?? null;
      emit(io === null ? null : value(io));
    },
  });
}
const sum = (facts: SystemFacts, key: 'sizeBytes' | 'availableBytes'): number | null =>
  facts.filesystems.length === 0 ? null : facts.filesystems.reduce((total, fs) => total + fs[key], 0);

/** The machine that Genesis runs on. Paths are no labels, so file systems stand here as their sum and their fullest one. */
export const systemMetrics = {
  genesis_system_cpu_usage_ratio: machine(
    'Share of all processors in use since the reading before, 0 to 1.',
    'ratio',
    (f) => f.cpuRatio,
  ),
  genesis_system_load1: machine('Load average of one minute.', 'count', (f) => f.load1),
  genesis_system_cpus: machine('Logical processors.', 'count', (f) => f.cpus),
  genesis_system_memory_size_bytes: machine('Memory of the machine.', 'bytes', (f) => f.memoryTotalBytes),
  genesis_system_memory_available_bytes: machine(
    'Memory that programs can still get.',
    'bytes',
    (f) => f.memoryAvailableBytes,
  ),
  genesis_system_swap_size_bytes: machine('Swap of the machine.', 'bytes', (f) => f.swapTotalBytes),
  genesis_system_swap_used_bytes: machine('Swap in use.', 'bytes', (f) => f.swapUsedBytes),
  genesis_system_filesystem_size_bytes: machine('Size of all local file systems together.', 'bytes', (f) =>
    sum(f, 'sizeBytes'),
  ),
  genesis_system_filesystem_available_bytes: machine('Free space of all local file systems together.', 'bytes', (f) =>
    sum(f, 'availableBytes'),
  ),
  genesis_system_filesystem_lowest_available_ratio: machine(
    'Free share of the fullest local file system, 0 to 1.',
    'ratio',
    (f) => {
      const shares = f.filesystems.filter((fs) => fs.sizeBytes > 0).map((fs) => fs.availableBytes / fs.sizeBytes);
      return shares.length === 0 ? null : Math.min(...shares);
    },
  ),
  genesis_system_network_up: network('gauge', 'Whether the interface is up.', 'boolean', (d) => flag(d.up)),
  genesis_system_network_receive_bytes_total: network(
    'counter',
    'Bytes received since boot.',
    'bytes',
    (d) => d.receiveBytes,
  ),
  genesis_system_network_transmit_bytes_total: network(
    'counter',
    'Bytes sent since boot.',
    'bytes',
    (d) => d.transmitBytes,
  ),
  genesis_system_network_receive_packets_total: network(
    'counter',
    'Packets received since boot.',
    'count',
    (d) => d.receivePackets,
  ),
  genesis_system_network_transmit_packets_total: network(
    'counter',
    'Packets sent since boot.',
    'count',
    (d) => d.transmitPackets,
  ),
  genesis_system_network_receive_errors_total: network(
    'counter',
    'Faulty packets received since boot.',
    'count',
    (d) => d.receiveErrors,
  ),
  genesis_system_network_transmit_errors_total: network(
    'counter',
    'Packets that could not be sent since boot.',
    'count',
    (d) => d.transmitErrors,
  ),
  genesis_system_disk_read_bytes_total: disk('Bytes read from the disks since boot.', 'bytes', (io) => io.readBytes),
  genesis_system_disk_written_bytes_total: disk(
    'Bytes written to the disks since boot.',
    'bytes',
    (io) => io.writtenBytes,
  ),
  genesis_system_disk_reads_total: disk('Read operations of the disks since boot.', 'count', (io) => io.reads),
  genesis_system_disk_writes_total: disk('Write operations of the disks since boot.', 'count', (io) => io.writes),
} as const;
