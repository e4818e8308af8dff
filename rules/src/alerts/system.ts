import type { Config } from '@genesis-dr/exporter/config';
import type { Matcher } from '@genesis-dr/exporter/contract';
import { maxBy, minBy, ownCluster } from '../expr.ts';
import { external } from '../external.ts';
import { threshold } from '../thresholds.ts';
import { asPercentage, keepFiringSeconds, type Alert } from './alert.ts';

// From the node exporter where one is scraped; else from what Genesis reads of its own machine. Never both: one machine, one alert.

/** Interfaces that come and go with containers and tunnels. */
const virtualDevice: Matcher = ['!~', 'lo|(veth|docker|br-|virbr|cni|flannel|cali|tap|tun|wg).*'];
/** File systems that are full by nature or hold nothing of their own. */
const pseudoFilesystem: Matcher = ['!~', 'tmpfs|devtmpfs|ramfs|squashfs|overlay|iso9660|fuse.*|autofs'];

const filesystemKey = 'cluster, instance, mountpoint';

function nodeOrOwn(node: string, own: string, config: Config): string {
  const anyNode = external('node_memory_MemTotal_bytes', { cluster: ownCluster(config) });
  return `${node}\nor (${own}\nand on () absent(${anyNode}))`;
}

function memoryUsed(config: Config, limit: string): string {
  const cluster = ownCluster(config);
  const node = `1 - max by (cluster, instance) (${external('node_memory_MemAvailable_bytes', { cluster })}) / max by (cluster, instance) (${external('node_memory_MemTotal_bytes', { cluster })})`;
  const own = `1 - ${minBy(['cluster'], 'genesis_system_memory_available_bytes')} / ${maxBy(['cluster'], 'genesis_system_memory_size_bytes')}`;
  return nodeOrOwn(`${node} > ${limit}`, `${own} > ${limit}`, config);
}

const machine = '{{ with $labels.instance }}{{ . }}{{ else }}the machine of Genesis DR{{ end }}';

export const systemAlerts: readonly Alert[] = [
  {
    name: 'HighMemoryUsage',
    severity: 'critical',
    component: 'system',
    forSeconds: 600,
    keepFiringForSeconds: keepFiringSeconds,
    addsCluster: true,
    expr: (config) => memoryUsed(config, threshold('memory_usage_critical', config)),
    summary: `Memory of ${machine} is nearly used up`,
    description: `${asPercentage} of the memory of ${machine} has been in use for ten minutes: programs will be killed.`,
  },
  {
    name: 'DiskSpaceLow',
    severity: 'critical',
    component: 'system',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    addsCluster: true,
    expr: (config) => {
      const limit = threshold('disk_free', config);
      const matchers = { cluster: ownCluster(config), fstype: pseudoFilesystem };
      const node = [
        `min by (${filesystemKey}) (${external('node_filesystem_avail_bytes', matchers)} / ${external('node_filesystem_size_bytes', matchers)}`,
        `and ${external('node_filesystem_readonly', matchers)} == 0) < ${limit}`,
      ].join(' ');
      const own = `${minBy(['cluster'], 'genesis_system_filesystem_lowest_available_ratio')} < ${limit}`;
      return nodeOrOwn(node, own, config);
    },
    summary: `{{ with $labels.mountpoint }}{{ . }}{{ else }}A file system{{ end }} of ${machine} is nearly full`,
    description: `Only ${asPercentage} of {{ with $labels.mountpoint }}{{ . }}{{ else }}the fullest file system{{ end }} of ${machine} is free.`,
  },
  {
    name: 'NetworkInterfaceDown',
    severity: 'critical',
    component: 'system',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    addsCluster: true,
    // An unused port is always down: only one that was up within a day has gone down.
    expr: (config) => {
      const selector = external('node_network_up', { cluster: ownCluster(config), device: virtualDevice });
      const by = 'cluster, instance, device';
      const node = `max by (${by}) (${selector}) == 0 and on (${by}) max by (${by}) (max_over_time(${selector}[1d])) == 1`;
      const ownBy = ['cluster', 'device'] as const;
      const options = { matchers: { device: virtualDevice } };
      const own = `${maxBy(ownBy, 'genesis_system_network_up', options)} == 0 and on (${ownBy.join(', ')}) ${maxBy(ownBy, 'genesis_system_network_up', { ...options, range: '1d' })} == 1`;
      return nodeOrOwn(node, own, config);
    },
    summary: `Network interface {{ $labels.device }} of ${machine} went down`,
    description: `Network interface {{ $labels.device }} of ${machine} was up within the last day and has been down for five minutes.`,
  },
  {
    name: 'HighCPUUsage',
    severity: 'warning',
    component: 'system',
    forSeconds: 600,
    addsCluster: true,
    expr: (config) => {
      const limit = threshold('cpu_usage', config);
      const idle = external('node_cpu_seconds_total', { mode: 'idle', cluster: ownCluster(config) });
      const own = `${maxBy(['cluster'], 'genesis_system_cpu_usage_ratio')} > ${limit}`;
      return nodeOrOwn(`1 - avg by (cluster, instance) (rate(${idle}[5m])) > ${limit}`, own, config);
    },
    summary: `The processors of ${machine} are busy`,
    description: `${asPercentage} of the processors of ${machine} have been in use for ten minutes.`,
  },
  {
    name: 'ResourceExhaustion',
    severity: 'warning',
    component: 'system',
    forSeconds: 600,
    addsCluster: true,
    // Memory alone: the limit on processors is HighCPUUsage, and one fact is told once. HighMemoryUsage is the critical step of this.
    expr: (config) => memoryUsed(config, threshold('memory_usage', config)),
    summary: `Memory of ${machine} runs short`,
    description: `${asPercentage} of the memory of ${machine} has been in use for ten minutes; HighMemoryUsage follows.`,
  },
];
