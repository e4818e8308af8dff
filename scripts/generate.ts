// Writes what is generated and committed; with --check it writes nothing and fails when something is not fresh.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateCommitted as alertmanagerFiles } from '../alertmanager/src/index.ts';
import { generateCommitted as dashboardFiles } from '../dashboards/src/index.ts';
import { apiReference } from '../exporter/src/api/reference.ts';
import {
  applyDifferences,
  differencesIn,
  manifestOf,
  type Difference,
  type GeneratedFile,
} from '../exporter/src/cli/generated-files.ts';
import { buildProgram } from '../exporter/src/cli/program.ts';
import { cliReference } from '../exporter/src/cli/reference.ts';
import { inertDeps } from '../exporter/src/cli/testing.ts';
import { Config, configHash, configReference, originLine, stampFile } from '../exporter/src/config/index.ts';
import { readinessReference } from '../exporter/src/core/readiness.ts';
import { transitionsReference } from '../exporter/src/core/transitions.ts';
import { metricsReference } from '../exporter/src/metrics/reference.ts';
import { generateCommitted as provisioningFiles } from '../provisioning/src/index.ts';
import { generateCommitted as ruleFiles } from '../rules/src/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'exporter/package.json'), 'utf8')) as { version: string };
// The configuration that every generateCommitted takes: the default one with one service.
const stamp = { version, configHash: configHash(Config.parse({ services: [{ name: 'demo-files' }] })) };
const stamped = (files: readonly GeneratedFile[]): GeneratedFile[] => files.map((file) => stampFile(file, stamp));

const parts = stamped([...ruleFiles(), ...alertmanagerFiles(), ...dashboardFiles()]);
const generated = [...parts, ...stamped(provisioningFiles(parts, { version }))];
const references: readonly GeneratedFile[] = [
  { path: 'docs/reference/api.md', content: apiReference() },
  { path: 'docs/reference/cli.md', content: cliReference(buildProgram(inertDeps()).command) },
  { path: 'docs/reference/configuration.md', content: configReference() },
  { path: 'docs/reference/failover-transitions.md', content: transitionsReference() },
  { path: 'docs/reference/metrics.md', content: metricsReference() },
  { path: 'docs/reference/readiness.md', content: readinessReference() },
];
const files = [...generated, manifestOf('committed', originLine(stamp), generated), ...references];
const differences = differencesIn(root, files);
const verbs: Readonly<Record<Difference['kind'], string>> = { differs: 'wrote', missing: 'wrote', extra: 'removed' };

if (process.argv.includes('--check')) {
  for (const { path } of differences) process.stderr.write(`not fresh: ${path}; run npm run generate\n`);
  process.exitCode = differences.length === 0 ? 0 : 1;
} else {
  applyDifferences(root, differences);
  for (const { path, kind } of differences) process.stdout.write(`${verbs[kind]} ${path}\n`);
}
