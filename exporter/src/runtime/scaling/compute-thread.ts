import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { ForecastFacts } from '../../contract/forecast.ts';
import type { ScalingBacktest } from '../../contract/scaling-facts.ts';
import type { makeForecast } from '../../core/forecast.ts';
import type { backtest } from '../../core/scaling-backtest.ts';
import { startThread } from '../../engines/thread.ts';

/** What is worked out over weeks of points, as the arguments of the functions of the core that do it. */
export type ComputeJob =
  | { readonly kind: 'forecast'; readonly given: Parameters<typeof makeForecast> }
  | { readonly kind: 'backtest'; readonly given: Parameters<typeof backtest> };

export type ComputeResult<K extends ComputeJob['kind']> = K extends 'forecast' ? ForecastFacts : ScalingBacktest;

export type FromComputeWorker =
  | { readonly type: 'done'; readonly result: ForecastFacts | ScalingBacktest }
  | { readonly type: 'bug'; readonly stack: string };

const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 256 };

/**
 * Works it out in a thread of its own: it takes up to seconds, and the loop that answers probes must not wait for it. Its code and the
 * numerics are loaded there and leave with it. Errors: `cancelled`; `check_failed`: it needed more memory than it may have.
 */
export function computeInThread<K extends ComputeJob['kind']>(
  job: Extract<ComputeJob, { readonly kind: K }>,
  signal: AbortSignal,
): Promise<Outcome<ComputeResult<K>>> {
  if (signal.aborted) return Promise.resolve(fail('cancelled', `the ${job.kind} was cancelled before it began`));
  return new Promise((resolve, reject) => {
    const worker = startThread(import.meta.url, 'compute-worker', { data: job, resourceLimits });
    const abort = (): void => void worker.terminate();
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      act();
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: FromComputeWorker) =>
      settle(() => {
        if (message.type === 'done') resolve(ok(message.result as ComputeResult<K>));
        else reject(new Error(`the ${job.kind} failed: ${message.stack}`));
      }),
    );
    worker.on('error', (error: Error & { readonly code?: string }) =>
      settle(() => {
        if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return reject(error);
        resolve(fail('check_failed', `the ${job.kind} needs more memory than it may have`));
      }),
    );
    // After an answer this changes nothing any more.
    worker.on('exit', () =>
      settle(() => {
        if (signal.aborted) resolve(fail('cancelled', `the ${job.kind} was cancelled`));
        else reject(new Error(`the ${job.kind} ended without an answer`));
      }),
    );
  });
}
