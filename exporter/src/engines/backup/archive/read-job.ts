import { OpError, type ErrorCode, type Outcome } from '../../../contract/errors.ts';
import type { EngineProgress, RepositoryRef, RestoreRequest, RunContext, Selection } from '../port.ts';
import { startThread } from '../../thread.ts';

/** One piece of heavy reading that a worker thread does, so that the loop that serves `/metrics` never waits for it. */
export type ReadJob =
  | { readonly kind: 'verify'; readonly repository: RepositoryRef; readonly backupId: string }
  | {
      readonly kind: 'plan';
      readonly repository: RepositoryRef;
      readonly backupId: string;
      readonly selection: Selection;
    }
  | { readonly kind: 'restore'; readonly request: RestoreRequest }
  | {
      readonly kind: 'compare';
      readonly repository: RepositoryRef;
      readonly backupId: string;
      readonly folder: string;
    }
  | { readonly kind: 'recover'; readonly operationId: string; readonly roots: readonly string[] }
  | { readonly kind: 'copy'; readonly from: RepositoryRef; readonly to: RepositoryRef; readonly backupId: string };

/** An Outcome as it crosses the thread boundary: an OpError would lose its class there. */
export type WireOutcome =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryable: boolean;
      readonly details: Readonly<Record<string, unknown>> | undefined;
    };

export type FromWorker =
  | { readonly type: 'progress'; readonly progress: EngineProgress }
  | { readonly type: 'done'; readonly outcome: WireOutcome }
  /** A bug: its stack, to be thrown on this side. */
  | { readonly type: 'bug'; readonly stack: string };

/**
 * Runs the job in a thread of its own. When the signal aborts, the worker winds down by itself (it knows what to remove)
 * and answers `cancelled`.
 */
export function runReadJob<R>(job: ReadJob, context: RunContext): Promise<Outcome<R>> {
  if (context.signal.aborted) return Promise.resolve(failed('cancelled', `${job.kind} was cancelled before it began`));
  return new Promise((resolve, reject) => {
    // The young generation bounds how much garbage piles up between collections, and so the resident memory.
    const worker = startThread(import.meta.url, 'read-worker', {
      data: job,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const abort = (): void => worker.postMessage('abort');
    const settle = (act: () => void): void => {
      context.signal.removeEventListener('abort', abort);
      act();
    };
    context.signal.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'progress') context.onProgress(message.progress);
      else if (message.type === 'done') settle(() => resolve(fromWire<R>(message.outcome)));
      else settle(() => reject(new Error(`the ${job.kind} worker failed: ${message.stack}`)));
    });
    worker.on('error', (error) => settle(() => reject(error)));
    worker.on('exit', (code) =>
      settle(() => reject(new Error(`the ${job.kind} worker ended without an answer (exit code ${code})`))),
    );
  });
}

function failed<R>(code: ErrorCode, message: string): Outcome<R> {
  return { ok: false, error: new OpError(code, message) };
}

function fromWire<R>(wire: WireOutcome): Outcome<R> {
  // The worker's own code made the value; both sides are compiled from the same types.
  if (wire.ok) return { ok: true, value: wire.value as R };
  const details = wire.details === undefined ? {} : { details: wire.details };
  return { ok: false, error: new OpError(wire.code, wire.message, { retryable: wire.retryable, ...details }) };
}
