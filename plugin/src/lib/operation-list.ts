import { choiceParam, textParam, type StateOf } from './url-state.ts';

/** The Operations page's state in its URL and the query that it makes of it. */

export const operationKindChoices = [
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
] as const;
export const endedStates = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const;

export const operationParams = {
  service: textParam(63),
  kind: choiceParam(operationKindChoices),
  state: choiceParam(endedStates),
  actor: textParam(200),
  /** The operation whose drawer is open. */
  operation: textParam(100),
} as const;
export type OperationListState = StateOf<typeof operationParams>;

export const operationFilters = ['service', 'kind', 'state', 'actor'] as const;

/** The query of what has ended. */
export function pastQuery(state: OperationListState): Record<string, string> {
  const filters = operationFilters.flatMap((name) => (state[name] === '' ? [] : [[name, state[name]] as const]));
  return Object.fromEntries([...filters, ['active', 'false'] as const, ['limit', '50'] as const]);
}

export function clearedOperationFilters(): Partial<OperationListState> {
  return { service: '', kind: '', state: '', actor: '' };
}
