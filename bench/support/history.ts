/** Thirty days of hourly compliance of a fleet, as blocks of a Prometheus: without them every long window is empty and cheap. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { slaNames } from '../../exporter/src/contract/snapshot.ts';

export interface HistoryOptions {
  readonly cluster: string;
  readonly services: readonly string[];
  readonly days: number;
  /** Data folder of a Prometheus that does not run. */
  readonly into: string;
}

const records = ['service_sla:genesis_sla_ok:avg1h', 'service_sla:genesis_sla_ok:count1h'] as const;

/** Writes OpenMetrics and has promtool make blocks of it. Resolves with the number of samples. */
export async function backfill({ cluster, services, days, into }: HistoryOptions): Promise<number> {
  const file = `${into}.om`;
  const lastHour = Math.floor(Date.now() / 3_600_000) * 3600 - 3 * 3600; // before what the head will hold
  const hours = Array.from({ length: days * 24 }, (_, i) => lastHour - (days * 24 - 1 - i) * 3600);
  const out = createWriteStream(file);
  let samples = 0;
  for (const record of records) {
    out.write(`# TYPE ${record} gauge\n`);
    for (const [index, service] of services.entries()) {
      for (const sla of slaNames) {
        const series = `${record}{cluster="${cluster}",service="${service}",sla="${sla}"}`;
        // One hour in a hundred is a bad one, at other hours for each service.
        const valueAt = (hour: number): string =>
          record.endsWith('count1h') ? '60' : (hour / 3600 + index) % 100 === 0 ? '0.5' : '1';
        const text = hours.map((hour) => `${series} ${valueAt(hour)} ${hour}\n`).join('');
        samples += hours.length;
        if (!out.write(text)) await once(out, 'drain');
      }
    }
  }
  out.end('# EOF\n');
  await once(out, 'close');
  try {
    // The block duration is a hidden flag: without it the file is read once for every two hours of it.
    const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=744h', file, into];
    await promisify(execFile)('promtool', args, { maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(file, { force: true });
  }
  return samples;
}

export function dataFolderBelow(folder: string): string {
  return join(folder, 'tsdb');
}
