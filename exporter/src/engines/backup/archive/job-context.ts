import { setImmediate as nextTurn } from 'node:timers/promises';
import { OpError } from '../../../contract/errors.ts';
import type { EngineProgress } from '../port.ts';

/** What a job is given inside its worker thread. */
export interface JobContext {
  readonly signal: AbortSignal;
  /** May be called as often as one likes; told about five times a second. */
  progress(state: EngineProgress): void;
}

/** Throws `cancelled` once the signal has aborted. */
export function checkCancelled(context: { readonly signal: AbortSignal }): void {
  if (context.signal.aborted) throw new OpError('cancelled', 'the operation was cancelled');
}

/** Lets the abort message through in long synchronous work: about twenty times a second, and then throws `cancelled`. */
export function createBreather(context: JobContext): () => Promise<void> | undefined {
  let sinceMs = performance.now();
  return () => {
    if (performance.now() - sinceMs < 50) return undefined;
    return nextTurn().then(() => {
      sinceMs = performance.now();
      checkCancelled(context);
    });
  };
}
