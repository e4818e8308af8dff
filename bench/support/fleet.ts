/**
 * A fleet to monitor: serves the product's own metrics page for many services, as an exporter with that many would. Started in a process
 * of its own (`startFleet`), so that what it takes is not charged to what is measured.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ServiceSnapshot, Snapshot } from '../../exporter/src/contract/index.ts';
import { serviceWith, snapshotWith, testNow } from '../../exporter/src/contract/testing.ts';
import { createCounters } from '../../exporter/src/metrics/counters.ts';
import { createProcessRegistry } from '../../exporter/src/metrics/process.ts';
import { createMetricsPage, metricsContentType } from '../../exporter/src/metrics/render.ts';
import { writeInto } from '../../exporter/src/metrics/stream.ts';

export interface FleetOptions {
  readonly cluster: string;
  readonly services: number;
  /** One in so many services is in trouble: its backup is days old and its copies are disconnected. 0: none. */
  readonly troubledOneIn: number;
}

export interface Fleet {
  /** host:port of /metrics. */
  readonly address: string;
  /** Samples of one page. */
  readonly samples: number;
  readonly megabytes: number;
  stop(): void;
}

export const serviceName = (index: number): string => `service-${String(index).padStart(4, '0')}`;

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const threeDaysMs = 3 * 86_400_000;

/** The same facts, some time later: every moment within moves along. */
function moved<T>(value: T, byMs: number): T {
  const text = JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'string' && isoTime.test(field) ? new Date(Date.parse(field) + byMs).toISOString() : field,
  );
  return JSON.parse(text) as T;
}

function serviceAt(index: number, options: FleetOptions, now: Date): ServiceSnapshot {
  const name = serviceName(index);
  const base = serviceWith({ name, region: `region-${index % 5}`, team: `team-${index % 20}` });
  const sinceMs = +now - +testNow;
  const service = moved({ ...base, readiness: { ...base.readiness, service: name } }, sinceMs);
  const troubled = options.troubledOneIn > 0 && index % options.troubledOneIn === 0;
  if (!troubled || !service.backups.known) return service;
  const older = moved(service.backups.value, -threeDaysMs);
  return {
    ...service,
    backups: { ...service.backups, value: older },
    copies: service.copies.map((copy) =>
      copy.facts.known ? { ...copy, facts: { ...copy.facts, value: { ...copy.facts.value, connected: false } } } : copy,
    ),
  };
}

/** The fleet as it is now: backups half an hour old, the troubled ones' three days older. None of its objects is one of before. */
function snapshotAt(options: FleetOptions, startedAt: string, now: Date): Snapshot {
  const services = Array.from({ length: options.services }, (_, index) => serviceAt(index, options, now));
  const base = moved(snapshotWith(), +now - +testNow);
  return { ...base, cluster: options.cluster, startedAt, services };
}

async function serve(options: FleetOptions): Promise<void> {
  const { cluster } = options;
  const counters = createCounters({ cluster });
  const page = createMetricsPage({ cluster, counters, processRegistry: createProcessRegistry() });
  const startedAt = new Date().toISOString();
  const first = snapshotAt(options, startedAt, new Date());
  counters.initialise(first.services);
  const size = { samples: 0, bytes: 0 };
  let rest = '';
  await page.render(first, new Date(), (chunk) => {
    size.bytes += chunk.length;
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    size.samples += lines.filter((line) => line !== '' && !line.startsWith('#')).length;
    return true;
  });
  const server = http.createServer((_, response) => {
    const now = new Date();
    response.setHeader('Content-Type', metricsContentType);
    void page.render(snapshotAt(options, startedAt, now), now, writeInto(response)).then(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.send?.({ address, samples: size.samples, megabytes: size.bytes / 1e6 });
  process.once('disconnect', () => process.exit(0));
}

/** Resolves when it serves. It ends with this process, or when it is stopped. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['--role', 'fleet', JSON.stringify(options)]);
  const [told] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the fleet has ended');
    }),
  ])) as [{ address: string; samples: number; megabytes: number }];
  return { ...told, stop: () => child.disconnect() };
}

if (process.argv[2] === '--role' && process.argv[3] === 'fleet') {
  await serve(JSON.parse(process.argv[4] ?? '{}') as FleetOptions);
}
