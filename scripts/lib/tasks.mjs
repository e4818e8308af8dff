import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildConsoleBeside } from './console.mjs';
import { missingPackages, provideTestTools } from './debian.mjs';
import { runLayers } from './layers.mjs';
import { root } from './places.mjs';
import { runProgram } from './run.mjs';

const genesis = ['--disable-warning=ExperimentalWarning', 'exporter/src/main.ts'];

const tasks = {
  start: (args, node) => runServer(args, node),
  genesis: (args, node) => runProgram(node, [...genesis, ...args]),
  generate: (args, node) => runProgram(node, ['scripts/generate.ts', ...args]),
  // Sources run as they stand: building is making the package that runs without a checkout.
  build: (args, node) => runProgram(node, ['scripts/package.mjs', ...args]),
  package: (args, node) => runProgram(node, ['scripts/package.mjs', ...args]),
  bench: (args, node) => runBenches(args, node),
  test: (args, node) => runTests(['check', 'e2e', 'browser'], args, node),
  check: (args, node) => runTests(['check'], args, node),
  unit: (args, node) => runTests(['unit'], args, node),
  e2e: (args, node) => runTests(['e2e'], args, node),
  browser: (args, node) => runTests(['browser'], args, node),
  long: (args, node) => runTests(['long'], args, node),
};

export const taskNames = Object.keys(tasks);

export function runTask(name, args, node) {
  return tasks[name](args, node);
}

async function runServer(args, node) {
  const giveUp = buildConsoleBeside(node);
  const end = await runProgram(node, [...genesis, 'serve', ...args]);
  giveUp();
  return end;
}

async function runTests(layers, args, node) {
  provideTestTools(missingPackages(layers));
  return runLayers(layers, args, node);
}

/** All benchmarks, or those whose names are given: `npm run bench -- backup scrape`. */
async function runBenches(args, node) {
  const folder = join(root, 'bench');
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.bench.ts')) : [];
  const chosen = args.length === 0 ? files : files.filter((file) => args.some((name) => file.startsWith(name)));
  for (const file of chosen.sort()) {
    const end = await runProgram(node, ['--disable-warning=ExperimentalWarning', join('bench', file)]);
    if (end.code !== 0) return end;
  }
  return { code: chosen.length === 0 ? 1 : 0, signal: null };
}
