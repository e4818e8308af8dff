/**
 * `genesis generate` for 1,000 services, all targets: the whole command as users run it, and the work inside of one process without the
 * start of Node. Run: node bench/generate.bench.ts [--services 1000] [--rounds 5]. Figures are medians; the bound is 2 s for a command.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate as alertmanager } from '../alertmanager/src/index.ts';
import { generate as dashboards } from '../dashboards/src/index.ts';
import { Config } from '../exporter/src/config/index.ts';
import { generateFor, targets } from '../provisioning/src/index.ts';
import { generate as rules } from '../rules/src/index.ts';

const boundMs = 2_000;
const { values } = parseArgs({
  options: { services: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '5' } },
});
const count = Number(values.services);
const rounds = Number(values.rounds);
// As users start it: with the compile cache on.
const main = join(import.meta.dirname, '../exporter/bin/genesis.mjs');
const folder = mkdtempSync(join(tmpdir(), 'genesis-bench-'));

const services = Array.from({ length: count }, (_, i) => ({
  name: `service-${String(i).padStart(4, '0')}`,
  region: `region-${i % 4}`,
  backup: { components: { data: { paths: [`/srv/${i}`] } } },
}));
const configFile = join(folder, 'genesis.yaml');
// JSON is YAML as well.
writeFileSync(configFile, JSON.stringify({ services }), { mode: 0o600 });
const config = Config.parse({ services });

function medianMs(work: () => void): number {
  const taken = Array.from({ length: rounds }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  }).sort((a, b) => a - b);
  return Math.round(taken[Math.floor(rounds / 2)] ?? Number.NaN);
}

function runCommand(target: string, out: string): void {
  rmSync(out, { recursive: true, force: true });
  const args = ['--disable-warning=ExperimentalWarning', main, '--config', configFile, '--home', folder];
  const ran = spawnSync(process.execPath, [...args, 'generate', '--out', out, '--target', target], {
    encoding: 'utf8',
  });
  // An exit code alone proves nothing: the services must be in the files.
  const found = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  if (ran.status !== 0 || found < 10) throw new Error(`generate ended with ${ran.status}: ${ran.stderr}`);
}

function bytesIn(out: string): number {
  return readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

try {
  process.stdout.write(`${count} services, median of ${rounds} rounds\n`);
  for (const target of targets) {
    const out = join(folder, target);
    const insideMs = medianMs(() => {
      const parts = [...rules(config), ...alertmanager(config), ...dashboards(config)];
      generateFor(target, config, parts, { version: '0.0.0' });
    });
    const commandMs = medianMs(() => runCommand(target, out));
    const size = (bytesIn(out) / 1e6).toFixed(1);
    const verdict = commandMs < boundMs ? 'within the bound' : `OVER the bound of ${boundMs} ms`;
    process.stdout.write(`${target}: command ${commandMs} ms, work alone ${insideMs} ms, ${size} MB, ${verdict}\n`);
    if (commandMs >= boundMs) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
