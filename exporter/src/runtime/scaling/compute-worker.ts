import { parentPort, workerData } from 'node:worker_threads';
import type { ComputeJob, FromComputeWorker } from './compute-thread.ts';

/** Thread that works one thing out and answers once. */

function post(message: FromComputeWorker): void {
  parentPort?.postMessage(message);
}

try {
  const { data: job } = workerData as { readonly data: ComputeJob };
  if (job.kind === 'forecast') {
    const { makeForecast } = await import('../../core/forecast.ts');
    post({ type: 'done', result: makeForecast(...job.given) });
  } else {
    const { backtest } = await import('../../core/scaling-backtest.ts');
    post({ type: 'done', result: backtest(...job.given) });
  }
} catch (thrown) {
  post({ type: 'bug', stack: Error.isError(thrown) ? (thrown.stack ?? thrown.message) : String(thrown) });
}
