import { fail, ok, type ErrorCode, type Outcome } from '../../contract/errors.ts';
import { startThread } from '../thread.ts';
import type { CompareRequest, Comparison } from './compare-servers.ts';

export type FromCompareWorker =
  | { readonly type: 'done'; readonly comparison: Comparison }
  | {
      readonly type: 'failed';
      readonly failure: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly retryable: boolean;
        readonly details: Readonly<Record<string, unknown>> | undefined;
      };
    }
  | { readonly type: 'bug'; readonly stack: string };

/** Rows come and go by the thousand: a small young generation keeps what they leave behind from piling up. */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };
/** So long may the sessions take to close after a stop. */
const stopMs = 5_000;

/**
 * Compares in a thread of its own, so that the loop which answers probes never waits for the statistics, and with bounded memory.
 * Errors: those of compareServers; `check_failed`: it needed more memory than it may have.
 */
export function compareInThread(request: CompareRequest, signal: AbortSignal): Promise<Outcome<Comparison>> {
  if (signal.aborted) return Promise.resolve(fail('cancelled', 'the comparison was cancelled before it began'));
  return new Promise((resolve, reject) => {
    const worker = startThread(import.meta.url, 'compare-worker', { data: request, resourceLimits });
    let answer: Outcome<Comparison> | null = null;
    let deadline: NodeJS.Timeout | undefined;
    const abort = (): void => {
      worker.postMessage('abort');
      deadline = setTimeout(() => void worker.terminate(), stopMs);
    };
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      clearTimeout(deadline);
      act();
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: FromCompareWorker) => {
      if (message.type === 'done') answer = ok(message.comparison);
      else if (message.type === 'failed') {
        const { code, message: text, retryable, details } = message.failure;
        answer = fail(code, text, { retryable, ...(details === undefined ? {} : { details }) });
      } else settle(() => reject(new Error(`the comparison failed: ${message.stack}`)));
    });
    worker.on('error', (error: Error & { readonly code?: string }) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
        answer = fail('check_failed', 'the comparison needs more memory than it may have');
      else settle(() => reject(error));
    });
    worker.on('exit', () => {
      const cancelled = signal.aborted ? fail<Comparison>('cancelled', 'the comparison was cancelled') : null;
      const outcome = answer ?? cancelled;
      if (outcome !== null) settle(() => resolve(outcome));
      else settle(() => reject(new Error('the comparison ended without an answer')));
    });
  });
}
