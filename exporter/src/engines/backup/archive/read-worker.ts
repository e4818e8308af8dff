import { parentPort, workerData } from 'node:worker_threads';
import { OpError, toOpError } from '../../../contract/errors.ts';
import type { EngineProgress } from '../port.ts';
import { compareJob } from './compare-job.ts';
import { copyJob } from './copy-job.ts';
import { errnoOf } from './errno.ts';
import type { FromWorker, ReadJob, WireOutcome } from './read-job.ts';
import { planJob, restoreJob } from './restore-job.ts';
import { recover } from './swap.ts';
import { verifyJob } from './verify-job.ts';
import type { JobContext } from './job-context.ts';

/** Thread that runs one ReadJob and answers once. Expected failures come as OpError; anything else is a bug and said with its stack. */

const progressEveryMs = 200;

function post(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function createContext(): JobContext {
  const aborter = new AbortController();
  parentPort?.on('message', () => aborter.abort());
  let toldAtMs = -Infinity;
  let toldPhase: EngineProgress['phase'] | null = null;
  const progress = (state: EngineProgress): void => {
    const nowMs = performance.now();
    if (state.phase === toldPhase && nowMs - toldAtMs < progressEveryMs) return;
    toldAtMs = nowMs;
    toldPhase = state.phase;
    post({ type: 'progress', progress: state });
  };
  return { signal: aborter.signal, progress };
}

function runJob(job: ReadJob, context: JobContext): Promise<unknown> {
  switch (job.kind) {
    case 'verify':
      return verifyJob(job.repository, job.backupId, context);
    case 'plan':
      return planJob(job.repository, job.backupId, job.selection, context);
    case 'restore':
      return restoreJob(job.request, context);
    case 'compare':
      return compareJob(job.repository, job.backupId, job.folder, context);
    case 'recover':
      return Promise.resolve(recover(job.operationId, job.roots));
    case 'copy':
      return copyJob(job.from, job.to, job.backupId, context);
  }
}

/** Keys cross the thread boundary as plain byte arrays; crypto wants Buffers. */
function revived(job: ReadJob): ReadJob {
  const ref = <R extends { readonly key: Uint8Array | null }>(r: R): R => ({ ...r, key: r.key && Buffer.from(r.key) });
  if (job.kind === 'restore') return { ...job, request: { ...job.request, repository: ref(job.request.repository) } };
  if (job.kind === 'copy') return { ...job, from: ref(job.from), to: ref(job.to) };
  return job.kind === 'recover' ? job : { ...job, repository: ref(job.repository) };
}

/** System errors are expected failures of a machine; other errors are bugs. */
function isExpected(thrown: unknown): boolean {
  return thrown instanceof OpError || errnoOf(thrown) !== null;
}

function toWire(thrown: unknown): WireOutcome {
  const { code, message, retryable, details } = toOpError(thrown);
  return { ok: false, code, message, retryable, details };
}

try {
  const value = await runJob(revived((workerData as { data: ReadJob }).data), createContext());
  post({ type: 'done', outcome: { ok: true, value } });
} catch (thrown) {
  if (isExpected(thrown)) post({ type: 'done', outcome: toWire(thrown) });
  else post({ type: 'bug', stack: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
} finally {
  parentPort?.close();
}
