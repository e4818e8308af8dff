#!/usr/bin/env node
// The `genesis` program: checks the Node it was given, then runs the sources of a checkout or the plain JavaScript of a package.
import { existsSync } from 'node:fs';
import module from 'node:module';

const oldestMajor = 24;
const extension = existsSync(new URL('../src/main.js', import.meta.url)) ? 'js' : 'ts';
const load = (name) => import(new URL(`../src/${name}.${extension}`, import.meta.url).href);

if (Number(process.versions.node.split('.')[0]) < oldestMajor) {
  process.stderr.write(
    `genesis needs Node ${oldestMajor} or newer, and this is ${process.version}; in a checkout \`npm start\` fetches one\n`,
  );
  process.exitCode = 2;
} else {
  module.enableCompileCache?.();
  // Before the rest is loaded: the commands alone let the young generation grow to its full size.
  if (process.argv.includes('serve')) (await load('runtime/pauses')).keepPausesShort();
  await load('main');
}
