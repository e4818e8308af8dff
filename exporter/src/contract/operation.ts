import type { IsoTime } from './observed.ts';
import type { ErrorCode } from './errors.ts';

export const operationKinds = [
  'backup',
  'verify',
  'restore',
  'drill',
  'quality',
  'copy',
  'delete',
  'retention',
  'failover',
  'switchover',
  'fence',
  'rejoin',
  'playbook',
  'scale',
] as const;
export type OperationKind = (typeof operationKinds)[number];

export const operationStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;
export type OperationState = (typeof operationStates)[number];

export const roles = ['viewer', 'operator', 'admin', 'metrics'] as const;
export type Role = (typeof roles)[number];

/**
 * How the one who asked has proved it. `grafana`: a person whom Grafana's signature names; `grafana_unverified`: the token of
 * Grafana, and whoever used it there has not been proven.
 */
export const actorVias = ['token', 'session', 'schedule', 'cli', 'grafana', 'grafana_unverified'] as const;
export type ActorVia = (typeof actorVias)[number];

/** Who asked. `via` tells how they proved it. */
export interface Actor {
  readonly name: string;
  readonly role: Role | 'system';
  readonly via: ActorVia;
}

/** `grafana.identity`: whether the person behind Grafana's proxy is proven, and what becomes of a request where that fails. */
export const identityModes = ['off', 'warn', 'require'] as const;
export type IdentityMode = (typeof identityModes)[number];

/** Whether a signature names the person behind a row; null where there is no person behind a proxy: a token, session or schedule. */
export function isVerified(via: string): boolean | null {
  if (via === 'grafana') return true;
  return via === 'grafana_unverified' ? false : null;
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
  /** It waits for a second person until then. Absent: it waits for nobody. */
  readonly approval?: { readonly expiresAt: IsoTime };
}

/** Seconds that something should take and what the figure rests on, or why nobody can say. */
export type Expectation =
  | { readonly known: true; readonly seconds: number; readonly source: string }
  | { readonly known: false; readonly why: string };

/** What a dry run answers: exactly what would be done, and what stands in the way. */
export interface Plan {
  readonly kind: OperationKind;
  readonly service: string;
  readonly steps: readonly string[];
  /** Non-empty: the action would be refused now. */
  readonly blockers: readonly { readonly code: ErrorCode; readonly message: string; readonly hint: string }[];
  readonly warnings: readonly string[];
  readonly destructive: boolean;
  /** What does not run, or is not to be used, meanwhile. */
  readonly stops: readonly string[];
  readonly expected: Expectation;
  /** Bytes that will be read or written, whichever is the work; null when not known. */
  readonly bytes: number | null;
  /** Data that would be lost or changed; empty: none. */
  readonly atStake: readonly string[];
  /** How to go back afterwards. */
  readonly wayBack: string;
  /** What has to be sent as `confirm`; null: nothing. */
  readonly confirm: string | null;
  readonly reasonRequired: boolean;
  /** The least role that may do it. */
  readonly role: 'operator' | 'admin';
  /** Facts the plan rests on, e.g. {backupId, bytes, target, dataAsOf}. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Changes when what the plan rests on changes; send it back as `planEtag`. */
  readonly etag: string;
}

/** What a drill of a database proves, each resting on the one before. */
export const drillLevels = {
  1: 'files and checksums',
  2: 'starts and recovers',
  3: 'pages and indexes are sound',
  4: 'the data is there and fresh',
  5: 'the data is like its source',
} as const;

export interface DrillLevel {
  readonly level: 1 | 2 | 3 | 4 | 5;
  readonly name: string;
  /** `skipped`: not configured, or a level before failed; never as good as passed. */
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** What was looked at and seen, with figures. */
  readonly detail: string;
}

export interface DrillPhase {
  readonly name: 'restore' | 'start' | 'recover' | 'check';
  readonly seconds: number;
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
  /** Of a database; empty for file trees. */
  readonly levels: readonly DrillLevel[];
  /** Parts of the measured time, in order. */
  readonly phases: readonly DrillPhase[];
  /** How far was replayed, e.g. `latest` or `time 2026-11-22T02:00:00.000Z`; null for file trees. */
  readonly recoveryTarget: string | null;
  /** The newest moment seen in the restored data; null: not looked for, or not found. */
  readonly restoredTo: IsoTime | null;
  readonly qualityId: string | null;
}
