#!/usr/bin/env node
// The `genesis` program: checks the Node it was given, then runs the sources of a checkout or the plain JavaScript of a package.
import { existsSync } from 'node:fs';
import module from 'node:module';

const oldestMajor = 24;
const packaged = new URL('../src/main.js', import.meta.url);

if (Number(process.versions.node.split('.')[0]) < oldestMajor) {
  process.stderr.write(
    `genesis needs Node ${oldestMajor} or newer, and this is ${process.version}; in a checkout \`npm start\` fetches one\n`,
  );
  process.exitCode = 2;
} else {
  module.enableCompileCache?.();
  await import(existsSync(packaged) ? packaged.href : new URL('../src/main.ts', import.meta.url).href);
}
