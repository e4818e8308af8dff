import type { IsoTime } from './observed.ts';
import type { ErrorCode } from './errors.ts';

export const operationKinds = ['backup', 'verify', 'restore', 'drill', 'copy', 'delete', 'retention'] as const;
export type OperationKind = (typeof operationKinds)[number];

export const operationStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;
export type OperationState = (typeof operationStates)[number];

export const roles = ['viewer', 'operator', 'admin', 'metrics'] as const;
export type Role = (typeof roles)[number];

/** Who asked. `via` tells how they proved it. */
export interface Actor {
  readonly name: string;
  readonly role: Role | 'system';
  readonly via: 'token' | 'session' | 'schedule' | 'cli';
}

export interface OperationStep {
  readonly name: string;
  readonly state: 'running' | 'succeeded' | 'failed';
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime | null;
  readonly detail: string | null;
}

export interface OperationProgress {
  readonly phase: string;
  readonly entriesDone: number;
  readonly bytesDone: number;
  /** Null when the total is not known yet. */
  readonly bytesTotal: number | null;
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

export interface OperationFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly service: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly idempotencyKey: string | null;
  readonly state: OperationState;
  readonly createdAt: IsoTime;
  readonly startedAt: IsoTime | null;
  readonly endedAt: IsoTime | null;
  readonly steps: readonly OperationStep[];
  readonly progress: OperationProgress | null;
  /** Kind-specific: a backup has {backupId}, a restore {target}, a drill {drillId, passed}. */
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: OperationFailure | null;
}

/** What a dry run answers: exactly what would be done, and what stands in the way. */
export interface Plan {
  readonly kind: OperationKind;
  readonly service: string;
  readonly steps: readonly string[];
  /** Non-empty: the action would be refused now. */
  readonly blockers: readonly { readonly code: ErrorCode; readonly message: string; readonly hint: string }[];
  readonly warnings: readonly string[];
  readonly destructive: boolean;
  /** Facts the plan rests on, e.g. {backupId, bytes, target, dataAsOf}. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Changes when what the plan rests on changes; send it back as `planEtag`. */
  readonly etag: string;
}

/** The recorded proof of one drill. */
export interface DrillRecord {
  readonly id: string;
  readonly service: string;
  readonly testType: 'restore';
  readonly backupId: string | null;
  readonly operationId: string;
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime;
  readonly passed: boolean;
  /** Wall time from the start of the restore until data and check were proven, seconds; null when it failed before. */
  readonly rtoSeconds: number | null;
  /** Age of the newest restored state when the drill began, seconds; null when it failed before. */
  readonly rpoSeconds: number | null;
  readonly entriesCompared: number;
  readonly bytesCompared: number;
  readonly differences: readonly string[];
  readonly check: { readonly exitCode: number; readonly output: string } | null;
  readonly source: string;
  readonly failure: OperationFailure | null;
}
