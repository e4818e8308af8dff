// Entry of every npm script: `node scripts/bootstrap.mjs TASK [arguments]`. Runs on Node 18 and later, with nothing installed.
// Finds or fetches the Node that the project needs, installs the dependencies when they changed, then runs the task with it.
import { constants } from 'node:os';
import { ensureDependencies } from './lib/dependencies.mjs';
import { ensureNode } from './lib/node.mjs';
import { BootstrapError } from './lib/say.mjs';
import { runTask, taskNames } from './lib/tasks.mjs';

const [task, ...args] = process.argv.slice(2);

async function main() {
  if (task === undefined || !taskNames.includes(task)) {
    throw new BootstrapError(`unknown task "${task ?? ''}"; there are: ${taskNames.join(', ')}`, 2);
  }
  const node = await ensureNode();
  await ensureDependencies(node);
  return runTask(task, args, node);
}

try {
  const end = await main();
  process.exitCode = end.signal === null ? (end.code ?? 1) : 128 + constants.signals[end.signal];
} catch (thrown) {
  if (!(thrown instanceof BootstrapError)) throw thrown;
  process.stderr.write(`genesis: ${thrown.message}\n`);
  process.exitCode = thrown.exitCode;
}
