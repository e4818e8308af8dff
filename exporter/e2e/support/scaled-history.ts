import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, tempFolder } from './processes.ts';

/** What Prometheus records of the workers, each second, without labels: the demand that a forecast learns from. */
export const demandSeries = 'web:requests:rate';

/** Path for `rule_files`. */
export function writeDemandRule(): string {
  const file = path.join(tempFolder('grules-'), 'demand.yml');
  const rule = `{record: '${demandSeries}', expr: 'sum(rate(worker_done_total[4s]))'}`;
  writeFileSync(file, `groups:\n  - {name: demand, interval: 1s, rules: [${rule}]}\n`);
  return file;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

export interface DailyStep {
  /** Unix milliseconds at which the load rises, today and at this time of each day before. */
  readonly at: number;
  readonly forMs: number;
  readonly low: number;
  readonly high: number;
}

/** Data of a Prometheus that has recorded, each minute of the last days until now, a load that rises once a day. Returns its folder. */
export async function seedDailyStep({ at, forMs, low, high }: DailyStep, days: number): Promise<string> {
  const [tsdb, file] = [tempFolder('gtsdb-'), path.join(tempFolder('gseed-'), 'history.txt')];
  const lines = [`# TYPE ${demandSeries} gauge`];
  const begin = Math.ceil((Date.now() - days * dayMs) / minuteMs) * minuteMs;
  for (let ms = begin, n = 0; ms <= Date.now(); ms += minuteMs, n += 1) {
    const since = (((ms - at) % dayMs) + dayMs) % dayMs;
    // No two minutes are quite the same.
    const wobble = 1 + 0.03 * Math.sin(n * 2.4);
    lines.push(`${demandSeries} ${((since < forMs ? high : low) * wobble).toFixed(2)} ${ms / 1000}`);
  }
  writeFileSync(file, [...lines, '# EOF', ''].join('\n'));
  const made = await run({
    name: 'promtool',
    file: 'promtool',
    args: ['tsdb', 'create-blocks-from', 'openmetrics', file, tsdb],
    mend: 'install the Debian package prometheus',
  });
  if (made.exitCode !== 0) throw new Error(made.output);
  return tsdb;
}
