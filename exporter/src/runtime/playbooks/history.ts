import type { Operation } from '../../contract/operation.ts';
import {
  playbookOutcomes,
  type PlaybookOutcome,
  type PlaybookRecord,
  type PlaybookRun,
} from '../../contract/playbooks.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { whyHeld } from '../../core/playbooks.ts';
import type { Clock } from '../../ports/index.ts';
import type { Store } from '../../store/port.ts';

/** Runs as the journal has them. */

interface HistoryDeps {
  readonly clock: Clock;
  readonly store: Pick<Store, 'operations'>;
}

/** More than `max_per_hour` can be. */
const lookBack = 200;

/** Newest first. */
export async function runsOf({ store }: HistoryDeps, service: string): Promise<readonly Operation[]> {
  return (await store.operations.list({ service, kind: 'playbook', limit: lookBack })).items;
}

/** Why no run of the service may begin now; null: one may. */
export async function heldBy(deps: HistoryDeps, { name, playbooks }: ServiceConfig): Promise<string | null> {
  const begun = (await runsOf(deps, name)).map(({ createdAt }) => createdAt);
  return whyHeld(begun, { maxPerHour: playbooks.max_per_hour }, deps.clock.now());
}

export function runOf(operation: Operation): PlaybookRun {
  const { id, state, actor, reason, createdAt, startedAt, endedAt, result, error } = operation;
  const kept = result ?? error?.details ?? {};
  return {
    operationId: id,
    state,
    by: actor.name,
    reason,
    startedAt: startedAt ?? createdAt,
    endedAt,
    outcome: isOutcome(kept['outcome']) ? kept['outcome'] : null,
    records: Array.isArray(kept['records']) ? (kept['records'] as readonly PlaybookRecord[]) : [],
  };
}

function isOutcome(value: unknown): value is PlaybookOutcome {
  return (playbookOutcomes as readonly unknown[]).includes(value);
}
