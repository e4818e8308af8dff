import type { FailoverEngineName } from '../../contract/failover.ts';
import type { Clock, Exec, HttpFetch, Log } from '../../ports/index.ts';
import { createPatroniFailover } from './patroni/engine.ts';
import type { FailoverEngine } from './port.ts';
import { createPostgresFailover } from './postgres/engine.ts';
import { createServiceFailover } from './service/engine.ts';

export interface FailoverDeps {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  readonly log: Log;
}

export function createFailoverEngines(deps: FailoverDeps): Readonly<Record<FailoverEngineName, FailoverEngine>> {
  return {
    postgres: createPostgresFailover(deps),
    patroni: createPatroniFailover(deps),
    service: createServiceFailover(deps),
  };
}
