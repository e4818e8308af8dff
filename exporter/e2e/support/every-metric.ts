import { createServer, type Server } from 'node:http';
import { metricCatalogue, requestBuckets, slaNames, type Family } from '../../src/contract/index.ts';

// A target that has a sample of every family there is, also of those that nothing publishes yet.

/** Values of a label; one that is not named here has two that mean nothing. */
const labelValues: Readonly<Record<string, readonly string[]>> = {
  cluster: ['e2e'],
  result: ['success', 'failure'],
  state: ['healthy', 'degraded', 'unhealthy', 'error', 'closed', 'open', 'passed', 'failed', 'unknown'],
  role: ['primary', 'standby'],
  sla: slaNames,
  component: ['backup', 'replication', 'recovery', 'testing', 'security', 'operations'],
  status: ['200', '404', '500'],
  tier: ['standard'],
  team: ['storefront'],
  engine: ['files'],
  version: ['0.0.0'],
  test_type: ['restore'],
  severity: ['critical'],
};
const services = [
  { service: 'shop', region: 'eu' },
  { service: 'blog', region: 'us' },
] as const;
/** Of one service there is one row in these, not one for each value of their labels. */
const oneRow: readonly string[] = ['genesis_service_info'];

/** Node exporter's series, with their labels. */
const nodePage = [
  'node_cpu_seconds_total{cpu="0",mode="idle"} $grows',
  'node_memory_MemAvailable_bytes 1e9',
  'node_memory_MemTotal_bytes 4e9',
  'node_filesystem_avail_bytes{mountpoint="/",fstype="ext4"} 1e9',
  'node_filesystem_size_bytes{mountpoint="/",fstype="ext4"} 4e9',
  ...['network_receive', 'network_transmit', 'disk_read', 'disk_written'].map(
    (name) => `node_${name}_bytes_total{device="sda0"} $grows`,
  ),
];

/** The page at this moment; counters grow by one each second. Pure. */
export function everyMetric(unixSeconds: number, startedAt: number): string {
  const grows = Math.round(unixSeconds - startedAt);
  const lines = Object.entries<Family>(metricCatalogue).flatMap(([name, family]) =>
    labelSets(name, family).flatMap((labels) => samples(name, family, labels, unixSeconds, grows)),
  );
  return [...lines, ...nodePage.map((line) => line.replace('$grows', String(grows))), ''].join('\n');
}

type Labels = Readonly<Record<string, string>>;

function labelSets(name: string, family: Family): Labels[] {
  const others = family.labels.filter((label) => label !== 'service' && label !== 'region');
  const some = (label: string): readonly string[] => {
    const values = labelValues[label] ?? [`${label}-1`, `${label}-2`];
    return oneRow.includes(name) ? values.slice(0, 1) : values;
  };
  const sets = others.reduce<Labels[]>(
    (so, label) => so.flatMap((set) => some(label).map((value) => ({ ...set, [label]: value }))),
    [{}],
  );
  if (family.labels.includes('service'))
    return sets.flatMap((set) => services.map((service) => ({ ...set, ...service })));
  if (family.labels.includes('region'))
    return sets.flatMap((set) => services.map(({ region }) => ({ ...set, region })));
  return sets;
}

function samples(name: string, family: Family, labels: Labels, now: number, grows: number): string[] {
  if (family.type !== 'histogram')
    return [line(name, labels, family.type === 'counter' ? grows : level(name, family, now))];
  const buckets = 'buckets' in family ? (family.buckets ?? requestBuckets) : requestBuckets;
  return [
    ...buckets.map((le) => line(`${name}_bucket`, { ...labels, le: String(le) }, le >= 1 ? grows : 0)),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, grows),
    line(`${name}_sum`, labels, grows),
    line(`${name}_count`, labels, grows),
  ];
}

/** Thresholds are below what is measured: objectives are broken, so alerts fire. */
function level(name: string, family: Family, now: number): number {
  if (name === 'genesis_maintenance_active') return 0; // else no alert would fire
  if (/threshold|target/.test(name)) return 10;
  switch (family.unit) {
    case 'timestamp':
      return now - 100;
    case 'ratio':
      return 0.5;
    case 'boolean':
    case 'info':
      return 1;
    default:
      return 60;
  }
}

function line(name: string, labels: Labels, value: number): string {
  const inside = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}{${inside.join(',')}} ${value}`;
}

/** Serves the page on a free port of the loopback address. */
export async function startEveryMetric(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const startedAt = Date.now() / 1000;
  const server: Server = createServer((_, reply) => {
    reply.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    reply.end(everyMetric(Date.now() / 1000, startedAt));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the target has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
