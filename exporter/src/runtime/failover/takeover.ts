import { fail, type Outcome } from '../../contract/errors.ts';
import type { FailoverRecord } from '../../contract/failover.ts';
import type { Phase } from '../../core/transitions.ts';
import type { FailoverContext } from '../../engines/failover/port.ts';
import type { PhaseEffect, Takeover, TakeoverDeps } from './move.ts';
import { balance, demote, fence } from './phases-fence.ts';
import { check, verify } from './phases-look.ts';
import { catchUp, handOver, promote, repoint } from './phases-promote.ts';
import { admit, rejoin } from './phases-rejoin.ts';

/** What each phase is called in the journal; a restart finds them again by these words. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  check: 'look at every node',
  drain: 'let no new client in',
  cut_off: 'cut the old primary off at the load balancer',
  fence: 'fence the old primary',
  demote: 'stop the old primary in order',
  catch_up: 'wait for the rest of the log',
  promote: 'promote the new primary',
  hand_over: 'let the product move the primary',
  repoint: 'point the other standbys at it',
  rejoin: 'bring the node back as a standby',
  admit: 'open the load balancer to it',
  verify: 'see that exactly one node takes writes',
};

const effects: Readonly<Record<Phase, PhaseEffect>> = {
  check,
  drain: async (deps, move, context) => balance(deps, move, context, 'drain'),
  cut_off: async (deps, move, context) => balance(deps, move, context, 'cutOff'),
  fence,
  demote,
  catch_up: catchUp,
  promote,
  hand_over: handOver,
  repoint,
  rejoin,
  admit,
  verify,
};

/** Errors: those of the engine; `failover_held` where another exporter holds the lease by now. */
export async function makePhase(
  deps: TakeoverDeps,
  move: Takeover,
  phase: Phase,
  context: FailoverContext,
): Promise<Outcome<unknown>> {
  // Read again right before each effect: another exporter may have taken over while the phase before went on.
  if ((await deps.lease.holder()) === null)
    return fail('failover_held', 'another exporter holds the lease now; nothing more is done here');
  return effects[phase](deps, move, context);
}

/** A planned move waits for all of it; what an unplanned one lost is known only from the old primary's log. */
export function measuredLoss({ transition, lastBytes }: Takeover): number | null {
  return transition.kind === 'switchover' && lastBytes !== null ? 0 : null;
}

export interface PhaseTime {
  readonly name: string;
  readonly seconds: number;
}

export function recordOf(
  move: Takeover,
  automatic: boolean,
  times: readonly PhaseTime[],
  ends: { readonly startedAt: string; readonly endedAt: string; readonly succeeded: boolean; readonly reason: string },
): FailoverRecord {
  return {
    operationId: move.operationId,
    kind: move.transition.kind,
    automatic,
    from: move.from?.name ?? null,
    to: move.to?.name ?? null,
    ...ends,
    seconds: Math.max(0, (Date.parse(ends.endedAt) - Date.parse(ends.startedAt)) / 1000),
    phases: times,
    loss: {
      predictedBytes: move.loss?.bytes ?? null,
      measuredBytes: ends.succeeded ? measuredLoss(move) : null,
    },
  };
}
