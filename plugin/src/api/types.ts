import type { actions, ActionBody, ActionId, Plan, replies } from '@genesis-dr/exporter/contract';
import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import type { z } from 'zod';

/** Everything that the pages read is inferred from the contract: no reply is described a second time. */

/** What an action answers. */
export type Reply<K extends ActionId> = (typeof replies)[K]['schema'] extends infer S extends z.ZodType
  ? z.output<S>
  : never;

/** The query an action takes; `unknown` keys are refused by the exporter, so by the compiler too. */
export type Query<K extends ActionId> = (typeof actions)[K] extends { query: infer Q extends z.ZodType }
  ? Partial<z.input<Q>>
  : Record<string, never>;

type BodyOf<K extends ActionId> = (typeof actions)[K] extends { body: z.ZodType }
  ? ActionBody<Extract<K, Parameters<(a: WithBody) => void>[0]>>
  : Record<string, never>;
type WithBody = { [K in ActionId]: (typeof actions)[K] extends { body: z.ZodType } ? K : never }[ActionId];
/** What an action is given. */
export type Body<K extends ActionId> = BodyOf<K>;

/** Actions that can be looked at first. */
export type PlannedAction = {
  [K in WithBody]: ActionBody<K> extends { dryRun?: boolean | undefined } ? K : never;
}[WithBody];

type ParametersOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParametersOf<Rest>
  : never;
/** Names in the braces of an action's path. */
export type Params<K extends ActionId> = { readonly [N in ParametersOf<(typeof actions)[K]['path']>]: string };

export interface Call<K extends ActionId> {
  /** For the braces in the path. */
  readonly params?: Params<K>;
  readonly query?: Query<K>;
  readonly body?: Body<K>;
  readonly signal?: AbortSignal;
  /** The same key makes a repeated request the same operation. */
  readonly idempotencyKey?: string;
  /** The prefix to call through, where the request itself asks for more than the action (its `adminWhen`). */
  readonly as?: GrafanaPrefix;
}

export type Service = Reply<'getService'>;
export type Backup = Reply<'getBackup'>;
export type BackupFile = Reply<'listBackupFiles'>['items'][number];
export type Operation = Reply<'getOperation'>;
export type Drill = Reply<'listDrills'>['items'][number];
export type AuditEntry = Reply<'listAudit'>['items'][number];
export type Readiness = Service['readiness'];
export type Status = Reply<'status'>;
export type PlanReply = z.output<typeof import('@genesis-dr/exporter/contract').PlanReply>;
export type { ActionId, Plan };
