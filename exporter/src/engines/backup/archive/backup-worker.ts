import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { OpError, toOpError } from '../../../contract/errors.ts';
import type { BackupJob, FromBackupWorker } from './backup-job.ts';
import { runComponent, type WarningSink } from './component-job.ts';
import { errnoOf } from './errno.ts';
import type { ManifestComponent } from './format.ts';

/** Thread that copies the components of one backup and answers once. Aborting is ending the thread: the other side removes the folder. */

const progressEveryMs = 200;

function post(message: FromBackupWorker): void {
  parentPort?.postMessage(message);
}

function createTicker(done: readonly ManifestComponent[]): (entries: number, bytes: number) => void {
  let toldAtMs = -Infinity;
  return (entries, bytes) => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < progressEveryMs) return;
    toldAtMs = nowMs;
    const earlier = done.reduce((sum, c) => ({ entries: sum.entries + c.entries, bytes: sum.bytes + c.bytes }), {
      entries: 0,
      bytes: 0,
    });
    post({
      type: 'progress',
      progress: {
        phase: 'copy',
        entriesDone: earlier.entries + entries,
        bytesDone: earlier.bytes + bytes,
        bytesTotal: null,
      },
    });
  };
}

/** System errors are expected failures of a machine; other errors are bugs. */
function isExpected(thrown: unknown): boolean {
  return thrown instanceof OpError || errnoOf(thrown) !== null;
}

/** With every core busy here, the thread that answers probes must still get its turn. */
const usualNice = 5;

/** On Linux this is the thread's own niceness. A process that is nicer already stays so: only root may take it back. */
function beNice(wanted: number): void {
  if (wanted > getPriority(0)) setPriority(0, wanted);
}

async function runBackup(job: BackupJob): Promise<FromBackupWorker> {
  beNice(job.limits.nice ?? usualNice);
  const components: ManifestComponent[] = [];
  const sink: WarningSink = { warnings: [], count: 0 };
  const tick = createTicker(components);
  for (const component of job.components) {
    try {
      components.push(await runComponent(job, component, { sink, tick }));
    } catch (thrown) {
      if (!isExpected(thrown)) throw thrown;
      const error = toOpError(thrown, 'io_failed');
      return {
        type: 'failed',
        failure: { component: component.name, code: error.code, message: error.message, completed: components },
      };
    }
  }
  return { type: 'done', result: { components, warnings: sink.warnings, warningCount: sink.count } };
}

try {
  post(await runBackup((workerData as { readonly data: BackupJob }).data));
} catch (thrown) {
  post({ type: 'bug', stack: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
} finally {
  parentPort?.close();
}
