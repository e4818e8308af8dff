import type { AppCore, AppDeps, AppState } from '../app-core.ts';
import type { Breakers } from '../breakers.ts';
import type { HandlerDeps } from '../handler.ts';
import type { PlaybookHandlerDeps } from '../handlers/playbook.ts';
import { createPlaybookWatch, type PlaybookWatch } from './watch.ts';

/** What is made after them. */
export type PlaybooksLater = Pick<
  AppCore,
  'operations' | 'health' | 'failover' | 'maintenance' | 'scheduler' | 'stopping'
>;

/** All that playbooks need, in one place. */
export function createPlaybooks(
  deps: AppDeps,
  state: AppState,
  handlers: HandlerDeps,
  breakers: Breakers,
  later: () => PlaybooksLater,
): { readonly watch: PlaybookWatch; readonly handler: PlaybookHandlerDeps } {
  const handler: PlaybookHandlerDeps = {
    handlers,
    clock: deps.clock,
    log: deps.log,
    exec: deps.exec,
    fetch: deps.fetch,
    resolveSecret: (ref) => state.loaded.resolveSecret(ref),
    nowMs: () => performance.now(),
    readSystem: () => deps.readSystem(),
    failover: (service) => later().failover.facts(service),
    breakers,
    operations: () => later().operations,
    logLevel: () => state.loaded.config.log.level,
    workers: () => state.loaded.config.operations.max_workers,
    stopping: () => later().stopping.signal,
  };
  const watch = createPlaybookWatch({
    clock: deps.clock,
    log: deps.log,
    services: () => state.loaded.config.services,
    health: (service) => later().health.facts(service),
    planned: (service) => plannedWork(later(), service),
    running: () => later().operations.running(),
    act: (service, issue, why) =>
      later().operations.request(
        { kind: 'playbook', service, issue, automatic: true },
        {
          actor: { name: 'playbooks', role: 'system', via: 'schedule' },
          remote: null,
          reason: why.slice(0, 500),
          confirm: service,
          planEtag: null,
          idempotencyKey: null,
        },
      ),
  });
  return { watch, handler };
}

/** What people have announced for a service: nothing is to be restarted under their hands. */
function plannedWork({ maintenance, scheduler }: PlaybooksLater, service: string): string | null {
  if (maintenance.open().has(service)) return 'a maintenance window is open';
  return scheduler.pauses().has(service) ? 'the service is paused' : null;
}
