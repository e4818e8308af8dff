import path from 'node:path';
import { checkout, run } from '../../../exporter/e2e/support/processes.ts';
import type { HostVersion } from './grafana.ts';

/** Builds the app and the given host pages where they are not fresh: a test of yesterday's pages proves nothing. */
export async function ensureBuilt(...hosts: readonly HostVersion[]): Promise<void> {
  const built = await run({
    name: 'build of the app and its host pages',
    file: process.execPath,
    args: [
      path.join(checkout, 'plugin/scripts/console-fresh.ts'),
      ...hosts.flatMap((host) => ['--host', String(host)]),
    ],
    cwd: checkout,
    // npm finds its registry and its proxies there.
    env: Object.fromEntries(Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]]))),
    deadlineMs: 300_000,
  });
  if (built.exitCode !== 0) throw new Error(`the pages could not be built:\n${built.output}`);
}
