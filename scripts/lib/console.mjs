import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { root } from './places.mjs';
import { childEnvironment } from './run.mjs';
import { say } from './say.mjs';

/** Below the server, which is what somebody waits for first. */
const lowPriority = 10;

/**
 * Builds the console beside the server that starts, where its sources have changed since. The page at /console says so and looks again
 * until it is there. Returns a function that gives the build up.
 */
export function buildConsoleBeside(node) {
  const child = spawn(node.path, ['--disable-warning=ExperimentalWarning', 'plugin/scripts/console-fresh.ts'], {
    cwd: root,
    env: childEnvironment(node),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  child.once('spawn', () => {
    try {
      setPriority(child.pid, lowPriority);
    } catch {
      return; // it is slower for the server, no more
    }
  });
  child.once('error', (thrown) => say(`the console could not be built: ${thrown.message}`));
  child.once('close', (code) => {
    const last = output.trim().split('\n').at(-1) ?? '';
    if (code === 0 && last !== '') say(`${last}: reload the page`);
    if (code !== 0 && code !== null) say(`the console could not be built, the page /status works: ${last}`);
  });
  return () => child.kill();
}
