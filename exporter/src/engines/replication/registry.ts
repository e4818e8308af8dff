import type { Clock } from '../../ports/index.ts';
import type { ReplicationEngine } from './port.ts';
import { createPostgresReplication } from './postgres/engine.ts';

/** Every product whose replication can be watched, by name. */
export function createReplicationEngines(deps: { readonly clock: Clock }): {
  readonly postgres: ReplicationEngine;
} {
  return { postgres: createPostgresReplication(deps) };
}
