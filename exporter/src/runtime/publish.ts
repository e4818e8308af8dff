import type { AppCore } from './app-core.ts';
import { emit } from './app-core.ts';
import { readKeyConfirmations } from './keys.ts';
import { buildSnapshot } from './snapshot.ts';

/** Makes the snapshot of this moment and tells everybody who listens. */
export async function publish(core: AppCore): Promise<void> {
  const { deps, state, collectors, scheduler } = core;
  const head = await deps.store.audit.head();
  const keyConfirmed = await readKeyConfirmations(core.handlerDeps);
  state.snapshot = buildSnapshot({
    now: deps.clock.now(),
    startedAt: core.startedAt,
    version: deps.version,
    config: state.loaded.config,
    configHash: state.loaded.hash,
    reload: state.reload,
    readings: collectors.readings,
    collectors: collectors.snapshot(),
    nextRuns: (service) => scheduler.nextRuns(service),
    pauses: scheduler.pauses(),
    maintenance: core.maintenance.open(),
    running: core.operations.running(),
    keyConfirmed,
    audit: { count: head?.count ?? 0, writable: state.auditWritable },
    eventStreams: core.eventStreams.count,
    live: core.live.facts(),
    abilities: (engine) => core.handlerDeps.engine(engine).abilities,
    health: (service) => core.health.facts(service),
    failover: (service) => core.failover.facts(service),
    scaling: (service) => core.scaling.summary(service),
  });
  emit(core, { type: 'snapshot', at: state.snapshot.at });
}
