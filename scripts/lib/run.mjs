import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { cacheFolder, root } from './places.mjs';

/** Environment of every child: the Node in use first on the PATH, its compile cache on. */
export function childEnvironment(node, extra = {}) {
  return {
    ...process.env,
    PATH: `${node.binFolder}${delimiter}${process.env.PATH ?? ''}`,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cacheFolder(), `compile-${node.version}`),
    ...extra,
  };
}

const forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2'];

/** Runs a program in the checkout; its output is ours. Signals go on to it. Resolves with {code, signal}. */
export function runProgram(node, args, { env = {}, file = node.path } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, env: childEnvironment(node, env), stdio: 'inherit' });
    const listeners = forwarded.map((signal) => {
      // Ctrl-C reaches the whole foreground group by itself; sent on, it would arrive twice.
      const listener = () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
      process.on(signal, listener);
      return [signal, listener];
    });
    const stop = () => listeners.forEach(([signal, listener]) => process.off(signal, listener));
    child.once('error', (thrown) => {
      stop();
      reject(thrown);
    });
    child.once('exit', (code, signal) => {
      stop();
      resolve({ code, signal });
    });
  });
}
