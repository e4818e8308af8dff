import type { QueryClient } from '@tanstack/react-query';
import { hasEnded, queryKey } from './hooks.ts';
import type { ActionId, Operation } from './types.ts';

/** What an observation can have changed; lists of journals change with operations instead. */
const observed: readonly ActionId[] = [
  'status',
  'listServices',
  'getService',
  'getFailover',
  'getScaling',
  'readiness',
  'sla',
  'listAlerts',
  'listMaintenance',
];
const ofOperations: readonly ActionId[] = [
  'listOperations',
  'getService',
  'listServices',
  'getFailover',
  'getScaling',
  'getScalingHistory',
  'getScalingLoad',
];
const afterOperations: readonly ActionId[] = [
  'listBackups',
  'getBackup',
  'backupChain',
  'recoverable',
  'listDrills',
  'listQuality',
  'readiness',
  'status',
];

/** The operation itself is known from the event. */
export function noteOperation(cache: QueryClient, operation: Operation): void {
  cache.setQueryData(queryKey('getOperation', { params: { id: operation.id } }), operation);
}

/** An operation changed its state: what it touches is asked again. */
export function applyOperation(cache: QueryClient, operation: Operation): void {
  invalidate(cache, hasEnded(operation.state) ? [...ofOperations, ...afterOperations] : ofOperations);
}

export function applySnapshot(cache: QueryClient): void {
  invalidate(cache, observed);
}

export function applyAlert(cache: QueryClient): void {
  invalidate(cache, ['listAlerts', 'listAlertDefinitions' as ActionId]);
}

/** After an action of this page: everything that may have changed by it. */
export function applyAction(cache: QueryClient): void {
  void cache.invalidateQueries();
}

function invalidate(cache: QueryClient, ids: readonly ActionId[]): void {
  const wanted = new Set<unknown>(ids);
  // A request that runs already was asked before the event; without cancelling, its old answer would win.
  void cache.invalidateQueries({ predicate: (query) => wanted.has(query.queryKey[0]) });
}
