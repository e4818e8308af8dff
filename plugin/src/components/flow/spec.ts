import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import { routes } from '@genesis-dr/exporter/contract/client';
import type { ActionId, Body, Params, Reply } from '../../api/types.ts';
import type { ReasonNeed } from '../../lib/flow.ts';

/** Actions that change something. */
export type ChangingAction = {
  [K in ActionId]: (typeof routes)[K]['method'] extends 'GET' ? never : K;
}[ActionId];

/** One thing a person can do: everything the flow needs to show, ask, send and follow. */
export interface ActionSpec<K extends ChangingAction = ChangingAction> {
  readonly id: K;
  readonly params?: Params<K>;
  /** Without dryRun, planEtag, confirm and reason: the flow adds them. */
  readonly body?: Partial<Body<K>>;
  /** `admin` where this request asks for more than its action (`adminWhen`: restore in place, unkeep, cancel what others started). */
  readonly as?: GrafanaPrefix;
  /** Of the dialog: "Restore backup_…". */
  readonly title: string;
  /** Of the button that does it: "Restore". */
  readonly verb: string;
  readonly service: string;
  /** For actions without a dry run: what will happen, one line each. */
  readonly effects?: readonly string[];
  /** Default: required where the plan demands it, else optional; `none` where the body has no reason. */
  readonly reason?: ReasonNeed;
  /** Typed confirmation of an action without a plan; with one, the plan says. */
  readonly confirm?: string;
  /** Red button although there is no plan to say so. */
  readonly destructive?: boolean;
  /** False: the choices are not complete yet, so nothing is planned or sent. */
  readonly ready?: boolean;
  /** Called once with the reply, before the dialog shows the result. */
  readonly onDone?: (reply: Reply<K>) => void;
}

/** Which prefix, and so which permission, an action needs. */
export function prefixOf(spec: Pick<ActionSpec, 'id' | 'as'>): 'operate' | 'admin' {
  if (spec.as === 'admin') return 'admin';
  return (routes[spec.id].roles as readonly string[]).includes('operator') ? 'operate' : 'admin';
}
