import { readFile } from 'node:fs/promises';
import type { ProcessOptions } from './options.ts';

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Name of the systemd unit in the text of /proc/self/cgroup; null: none. */
export function unitIn(cgroup: string): string | null {
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(cgroup)?.[1] ?? null;
}

/** What the options, and the way in which Genesis runs, put at risk. */
export async function warningsOf(options: ProcessOptions): Promise<readonly string[]> {
  const unit = unitIn(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''));
  return [
    'the workers run on this machine only: when it fails, all of them do',
    ...(unit === null
      ? []
      : [`unless the unit ${unit} has KillMode=process, systemd ends the workers when it stops or restarts Genesis`]),
    ...ofOptions(options),
  ];
}

export function ofOptions({
  ports: [first, last],
  host,
  load_path: path,
  load_metric: metric,
}: ProcessOptions): string[] {
  return [
    ...(last < first ? [`the range of ports ${first} to ${last} is empty: no worker can be started`] : []),
    ...(loopback.has(host) ? [] : [`the workers listen on ${host}: whoever reaches this machine reaches each of them`]),
    ...((path === null) === (metric === null)
      ? []
      : ['load_path and load_metric go together: without both the newest worker is ended first']),
  ];
}
