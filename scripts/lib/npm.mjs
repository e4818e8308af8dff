import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { BootstrapError } from './say.mjs';

/** npm's own script: of the npm that runs us, else of the npm on the PATH. */
export function findNpmCli(env = process.env) {
  const running = env.npm_execpath;
  if (running !== undefined && basename(running) === 'npm-cli.js' && existsSync(running)) return running;
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, 'npm');
    if (folder === '' || !existsSync(candidate)) continue;
    const real = realpathSync(candidate);
    if (basename(real) === 'npm-cli.js') return real;
  }
  throw new BootstrapError('npm was not found on the PATH: install the npm that belongs to your Node');
}

/**
 * Runs npm with the given Node, or with the Node that started us where npm does not run with it: distributions ship
 * an npm whose modules only their own Node finds. Returns {status, stdout, stderr}.
 */
export function runNpm(node, args, { cwd, inheritOutput = false }) {
  const cli = findNpmCli();
  const runner =
    spawnSync(node.path, [cli, '--version'], { cwd, stdio: 'ignore' }).status === 0 ? node.path : process.execPath;
  const env = { ...process.env, PATH: `${node.binFolder}${delimiter}${process.env.PATH ?? ''}` };
  const stdio = inheritOutput ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'];
  return spawnSync(runner, [cli, ...args], { cwd, env, stdio, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
