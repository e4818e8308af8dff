import type { Operation, OperationState, OperationStep } from '@genesis-dr/exporter/contract';

/** Decisions about how an operation is shown; times are ISO text, results are seconds. */

const live: ReadonlySet<OperationState> = new Set(['queued', 'running']);

export function isLive(operation: Pick<Operation, 'state'>): boolean {
  return live.has(operation.state);
}

/** Running ones first, as they came; the rest keeps the order of the reply (newest first). */
export function groupOperations<T extends Pick<Operation, 'state'>>(
  operations: readonly T[],
): { readonly running: readonly T[]; readonly past: readonly T[] } {
  return { running: operations.filter(isLive), past: operations.filter((operation) => !isLive(operation)) };
}

/** From its start (not from being queued) to its end, or to now; null when it has not started. */
export function elapsedSeconds(operation: Pick<Operation, 'startedAt' | 'endedAt'>, nowMs: number): number | null {
  if (operation.startedAt === null) return null;
  const endMs = operation.endedAt === null ? nowMs : Date.parse(operation.endedAt);
  return Math.max(0, (endMs - Date.parse(operation.startedAt)) / 1000);
}

export interface StepView {
  readonly name: string;
  readonly state: OperationStep['state'] | 'unfinished';
  readonly startedAt: string;
  readonly seconds: number | null;
  readonly detail: string | null;
}

/** Steps with how long each took. A step that was open when the operation ended never finished: its length is not known. */
export function stepViews(operation: Pick<Operation, 'state' | 'steps'>, nowMs: number): readonly StepView[] {
  return operation.steps.map(({ name, state, startedAt, endedAt, detail }) => {
    const isCutOff = state === 'running' && !isLive(operation);
    const endMs = endedAt === null ? (isCutOff ? null : nowMs) : Date.parse(endedAt);
    const seconds = endMs === null ? null : Math.max(0, (endMs - Date.parse(startedAt)) / 1000);
    return { name, state: isCutOff ? 'unfinished' : state, startedAt, seconds, detail };
  });
}

/** 0 to 1, or null where the total is not known: an unknown total is never shown as a part of something. */
export function progressShare(progress: Operation['progress']): number | null {
  if (progress === null || progress.bytesTotal === null || progress.bytesTotal <= 0) return null;
  return Math.min(1, Math.max(0, progress.bytesDone / progress.bytesTotal));
}

/** Why a person may not cancel it; null: they may. The API says itself whether it can be cancelled and what that leaves. */
export type CancelRefusal = 'ended' | 'others' | 'role';

/** Mirrors what the API decides, so that the button says beforehand why it would be refused; the API still decides. */
export function cancelRefusal(
  operation: Pick<Operation, 'state' | 'actor'>,
  me: { readonly name: string; readonly role: string } | null,
): CancelRefusal | null {
  if (!isLive(operation)) return 'ended';
  if (me === null || (me.role !== 'admin' && me.role !== 'operator')) return 'role';
  return me.role === 'admin' || startedBy(operation, me.name) ? null : 'others';
}

/** What the schedule started belongs to nobody, also where somebody has its name. */
export function startedBy({ actor }: Pick<Operation, 'actor'>, name: string): boolean {
  return actor.name === name && actor.via !== 'schedule';
}

/** The backup that an operation made or worked on, where its journal names one. */
export function backupOf(operation: Pick<Operation, 'result' | 'params'>): string | null {
  const id = operation.result?.['backupId'] ?? operation.params['backupId'];
  return typeof id === 'string' ? id : null;
}

/** The folder that a restore wrote; null for others, before the end and in place. */
export function restoredFolderOf(operation: Pick<Operation, 'kind' | 'result'>): string | null {
  const target = operation.result?.['target'];
  return operation.kind === 'restore' && typeof target === 'string' && target !== 'in place' ? target : null;
}

export function isInPlace(operation: Pick<Operation, 'kind' | 'params'>): boolean {
  const target = operation.params['target'] as { readonly kind?: unknown } | undefined;
  return operation.kind === 'restore' && target?.kind === 'in_place';
}
