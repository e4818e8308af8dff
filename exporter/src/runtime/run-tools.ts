import type { Outcome } from '../contract/errors.ts';
import { OpError, toOpError } from '../contract/errors.ts';
import type { OperationProgress } from '../contract/operation.ts';
import type { EngineProgress, RunContext } from '../engines/backup/port.ts';
import type { Clock } from '../ports/index.ts';
import type { OperationStore } from '../store/port.ts';

/** What a handler works with: every effect is a named step in the journal. */
export interface RunTools {
  readonly operationId: string;
  readonly signal: AbortSignal;
  /** Writes the step as running, runs it, writes how it ended. `note` becomes the step's detail. */
  step<T>(name: string, effect: (note: (detail: string) => void) => Promise<Outcome<T>>): Promise<Outcome<T>>;
  readonly context: RunContext;
}

/** Rate and time left are those of the current phase; a phase starts anew when its name changes. */
export function createProgressMeter(clock: Clock): (progress: EngineProgress) => OperationProgress {
  let phase: string | null = null;
  let startedMs = 0;
  return (progress) => {
    const nowMs = +clock.now();
    if (phase !== progress.phase) {
      phase = progress.phase;
      startedMs = nowMs;
    }
    const seconds = (nowMs - startedMs) / 1000;
    const rate = seconds >= 0.5 ? progress.bytesDone / seconds : null;
    const left =
      progress.bytesTotal === null || rate === null || rate <= 0
        ? null
        : Math.max(0, (progress.bytesTotal - progress.bytesDone) / rate);
    return {
      phase: progress.phase,
      entriesDone: progress.entriesDone,
      bytesDone: progress.bytesDone,
      bytesTotal: progress.bytesTotal,
      bytesPerSecond: rate,
      secondsLeft: left,
    };
  };
}

export function createRunTools(o: {
  readonly operationId: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly journal: OperationStore;
  readonly onProgress: (progress: OperationProgress) => void;
  readonly onStep: () => void;
}): RunTools {
  const meter = createProgressMeter(o.clock);
  return {
    operationId: o.operationId,
    signal: o.signal,
    context: { signal: o.signal, onProgress: (progress) => o.onProgress(meter(progress)) },
    step: async (name, effect) => {
      const startedAt = o.clock.now().toISOString();
      let detail: string | null = null;
      await o.journal.step(o.operationId, { name, state: 'running', startedAt, endedAt: null, detail });
      o.onStep();
      const outcome = await effect((text) => (detail = text)).catch((thrown: unknown) => ({
        ok: false as const,
        error: toOpError(thrown),
      }));
      const end = { name, startedAt, endedAt: o.clock.now().toISOString() };
      if (outcome.ok) await o.journal.step(o.operationId, { ...end, state: 'succeeded', detail });
      else
        await o.journal.step(o.operationId, {
          ...end,
          state: 'failed',
          detail: `${outcome.error.code}: ${outcome.error.message}`,
        });
      o.onStep();
      return outcome;
    },
  };
}

export function cancelledError(what: string): OpError {
  return new OpError('cancelled', `${what} was cancelled`);
}
