// Writes what is generated and committed; with --check it writes nothing and fails when something is not fresh.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateCommitted as alertmanagerFiles } from '../alertmanager/src/index.ts';
import { apiReference } from '../exporter/src/api/reference.ts';
import { staleFiles, writeFiles, type GeneratedFile } from '../exporter/src/cli/generate.ts';
import { buildProgram } from '../exporter/src/cli/program.ts';
import { cliReference } from '../exporter/src/cli/reference.ts';
import { inertDeps } from '../exporter/src/cli/testing.ts';
import { configReference } from '../exporter/src/config/index.ts';
import { readinessReference } from '../exporter/src/core/readiness.ts';
import { metricsReference } from '../exporter/src/metrics/reference.ts';
import { generateCommitted as provisioningFiles } from '../provisioning/src/index.ts';
import { generateCommitted as ruleFiles } from '../rules/src/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const references: readonly GeneratedFile[] = [
  { path: 'docs/reference/api.md', content: apiReference() },
  { path: 'docs/reference/cli.md', content: cliReference(buildProgram(inertDeps()).command) },
  { path: 'docs/reference/configuration.md', content: configReference() },
  { path: 'docs/reference/metrics.md', content: metricsReference() },
  { path: 'docs/reference/readiness.md', content: readinessReference() },
];
const files = [...ruleFiles(), ...alertmanagerFiles(), ...provisioningFiles(), ...references];
const stale = staleFiles(root, files);

if (process.argv.includes('--check')) {
  for (const path of stale) process.stderr.write(`not fresh: ${path}; run npm run generate\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  writeFiles(
    root,
    files.filter((file) => stale.includes(file.path)),
  );
  for (const path of stale) process.stdout.write(`wrote ${path}\n`);
}
