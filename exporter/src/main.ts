/**
 * The composition root: the only place that makes the real clock, processes, state and server, and the only one that imports
 * the command line.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './cli/program.ts';
import type { CliDeps, TextOutput } from './cli/deps.ts';
import { ok } from './contract/errors.ts';
import { systemClock, systemRandom } from './runtime/clock.ts';
import { systemExec } from './runtime/exec.ts';
import { homeAt } from './runtime/home.ts';
import { createQuietLog } from './runtime/log.ts';
import { keepPausesShort } from './runtime/pauses.ts';

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

// Loaded when a command needs them: a server with all its engines takes longer to load than most commands to run.
const bare = () => import('./main/bare.ts');

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
  serve: async (options) => {
    // Before the server is loaded: loading it is what lets the young generation grow.
    keepPausesShort();
    const { serve } = await import('./main/serve.ts');
    return serve(
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
    );
  },
  compose: async ({ home, configPath, purpose }) => {
    const { composeApp } = await import('./main/compose.ts');
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
  openBare: async (dir, key) => (await bare()).openBare(dir, key, process.env),
  rebuildCatalogue: async (options) => (await bare()).rebuildCatalogue(options, process.env),
  verifyAudit: async (place) => (await bare()).verifyAudit(place, process.env),
  keyFingerprint: async (options) => (await bare()).keyFingerprint(options, process.env),
};

// A reader such as `head` that closes the pipe early is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await buildProgram(deps).run(process.argv.slice(2));
