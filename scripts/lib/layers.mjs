import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './run.mjs';
import { say, since } from './say.mjs';

const jest = 'node_modules/jest/bin/jest.js';
const jestFlags = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };

/** What runs beside the unit tests in `check`. Each counts as one failure when it fails; they are not counted as tests. */
const checkSteps = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  {
    name: "the plugin's types",
    args: [
      'node_modules/typescript/bin/tsc',
      '-p',
      'plugin',
      '--incremental',
      '--tsBuildInfoFile',
      '.cache/tsc-plugin',
    ],
  },
  {
    name: 'lint and import law',
    args: [
      'node_modules/eslint/bin/eslint.js',
      '.',
      '--max-warnings=0',
      '--cache',
      '--cache-location',
      '.cache/eslint',
    ],
  },
  { name: 'generated files are fresh', args: ['scripts/generate.ts', '--check'] },
];

/**
 * What stands before the browser tests, one after the other: the plugin's sources against the packages of the newest Grafana. Not part
 * of `check`, because only this layer installs those packages.
 */
const browserSteps = [
  { name: 'pages for the newest Grafana', args: ['plugin/scripts/console-fresh.ts', '--host', '13'] },
  {
    name: "the plugin's types against the newest Grafana",
    args: ['node_modules/typescript/bin/tsc', '-p', 'plugin/tsconfig.13.json'],
  },
];

/**
 * Runs the layers one after the other, all of them also when one fails, and prints the sum. `args` go to jest.
 * With GENESIS_TEST_SUMMARY=FILE the last line is also written there.
 */
export async function runLayers(layers, args, node) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const layer of layers) {
    const started = performance.now();
    say(`layer ${layer}`);
    const result = await runLayer(layer, args, node);
    for (const key of Object.keys(totals)) totals[key] += result[key];
    say(`layer ${layer}: ${result.passed} passed, ${result.failed} failed, in ${since(started)}`);
  }
  if (totals.skipped > 0) process.stdout.write(`skipped: ${totals.skipped} tests did not run\n`);
  const line = summaryLine(totals);
  process.stdout.write(`${line}\n`);
  if (process.env.GENESIS_TEST_SUMMARY !== undefined) writeFileSync(process.env.GENESIS_TEST_SUMMARY, `${line}\n`);
  return { code: totals.failed === 0 && totals.passed > 0 ? 0 : 1, signal: null };
}

export function summaryLine({ passed, failed }) {
  return `tests: ${passed} passed, ${failed} failed`;
}

function runLayer(layer, args, node) {
  if (layer === 'check') return runCheck(args, node);
  return layer === 'browser' ? runBrowser(args, node) : runJest(layer, args, node);
}

async function runCheck(args, node) {
  // Side by side with the unit tests: most of them keep one core busy and leave the other idle.
  const steps = Promise.all(checkSteps.map((step) => runStep(step, node)));
  const unit = await runJest('unit', args, node);
  return withFailures(unit, await steps);
}

async function runBrowser(args, node) {
  const passed = [];
  for (const step of browserSteps) passed.push(await runStep(step, node));
  return withFailures(await runJest('browser', args, node), passed);
}

/** Whether it passed. */
async function runStep(step, node) {
  const started = performance.now();
  const end = await runProgram(node, step.args);
  say(`${step.name}: ${end.code === 0 ? 'ok' : 'FAILED'}, in ${since(started)}`);
  return end.code === 0;
}

function withFailures(counts, passed) {
  return { ...counts, failed: counts.failed + passed.filter((one) => !one).length };
}

/** The plugin's components need a browser's globals, so they are a project of their own. */
const projectsOf = { unit: ['unit', 'plugin'] };

/**
 * Tests of products mostly wait, so two of their files run side by side: the layer takes little more than half the time. These files
 * compare their own clock with the product's, and have the machine to themselves.
 */
const alone = ['stopwatch-postgres', 'failover-service', 'patroni-frozen'];

/** Arguments of the runs of jest that make up a layer. */
export function runsOf(project, args) {
  // By itself jest leaves one core free, which on two cores doubles the time.
  if (project === 'unit') return [['--maxWorkers=100%', ...args]];
  // Whoever asks for certain files, or looks into a browser, wants them one after the other.
  if (project !== 'e2e' || args.length > 0) return [['--runInBand', ...args]];
  return [
    ['--maxWorkers=2', '--testPathIgnorePatterns', ...alone],
    ['--runInBand', '--testPathPatterns', `e2e/(${alone.join('|')})`],
  ];
}

async function runJest(project, args, node) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const run of runsOf(project, args)) {
    const one = await runJestOnce(project, run, node);
    for (const key of Object.keys(counts)) counts[key] += one[key];
  }
  return counts;
}

/** A run in which no test ran has not passed: jest fails without tests, and so do we without its report. */
async function runJestOnce(project, args, node) {
  const folder = mkdtempSync(join(tmpdir(), 'genesis-jest-'));
  try {
    const report = join(folder, 'report.json');
    const end = await runProgram(
      node,
      [jest, '--selectProjects', ...(projectsOf[project] ?? [project]), '--json', '--outputFile', report, ...args],
      { env: jestFlags },
    );
    return countsOf(readReport(report), end.code === 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // jest died before it wrote it; counted as a failure
  }
}

/** Counts of jest's report; a file that could not even be loaded, and an end that the numbers do not explain, are failures. */
export function countsOf(report, endedWell) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !endedWell ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
