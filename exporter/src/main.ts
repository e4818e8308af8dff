/**
 * The composition root: the only place that makes the real clock, processes, state and server, and the only one that imports
 * the command line.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './cli/program.ts';
import type { CliDeps, TextOutput } from './cli/deps.ts';
import { ok } from './contract/errors.ts';
import { composeApp } from './main/compose.ts';
import { keyFingerprint, openBare, rebuildCatalogue, verifyAudit } from './main/bare.ts';
import { serve } from './main/serve.ts';
import { systemClock, systemRandom } from './runtime/clock.ts';
import { systemExec } from './runtime/exec.ts';
import { homeAt } from './runtime/home.ts';
import { createQuietLog } from './runtime/log.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

function terminal(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    columns: stream.isTTY ? stream.columns : null,
  };
}

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}

const stdout = terminal(process.stdout);
const stderr = terminal(process.stderr);

const deps: CliDeps = {
  version,
  stdout,
  stderr,
  env: process.env,
  cwd: process.cwd(),
  nodePath: process.execPath,
  binPath: fileURLToPath(new URL('../bin/genesis.mjs', import.meta.url)),
  clock: systemClock,
  random: systemRandom,
  exec: systemExec,
  onInterrupt,
  fetch: (url, init) => fetch(url, init),
  serve: (options) =>
    serve(
      {
        version,
        env: process.env,
        stdout,
        stderr,
        onStop: (listener) => {
          process.once('SIGTERM', listener);
          process.once('SIGINT', listener);
        },
        onHangup: (listener) => process.on('SIGHUP', listener),
      },
      options,
    ),
  compose: async ({ home, configPath, purpose }) => {
    const composed = await composeApp({
      home: homeAt(home),
      configPath,
      version,
      env: process.env,
      log: createQuietLog(),
      metered: false,
    });
    if (!composed.ok) return composed;
    await composed.value.running.start({ act: purpose === 'act' });
    return ok({ app: composed.value.running.app, close: () => composed.value.close(5_000) });
  },
  openBare: (dir, key) => openBare(dir, key, process.env),
  rebuildCatalogue: (options) => rebuildCatalogue(options, process.env),
  verifyAudit: (place) => verifyAudit(place, process.env),
  keyFingerprint: (options) => keyFingerprint(options, process.env),
};

// A reader such as `head` that closes the pipe early is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await buildProgram(deps).run(process.argv.slice(2));
