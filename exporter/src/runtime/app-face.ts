import { fail, ok } from '../contract/errors.ts';
import type { App } from './app.ts';
import { writeAudit, type AppCore } from './app-core.ts';
import { audited, createToken, pauseService, reload, resumeService, revokeToken, setKeep } from './changes.ts';
import { confirmKey } from './keys.ts';
import { endMaintenance, startMaintenance } from './maintenance.ts';
import { createSlaReader } from './sla.ts';

/** The App as the API and the command line see it. */
export function createAppFace(core: AppCore): App {
  return { ...readings(core), ...changes(core) };
}

type Changes = Pick<
  App,
  | 'request'
  | 'plan'
  | 'cancel'
  | 'setKeep'
  | 'pause'
  | 'resume'
  | 'startMaintenance'
  | 'endMaintenance'
  | 'confirmKey'
  | 'audit'
  | 'createToken'
  | 'revokeToken'
  | 'reload'
  | 'setLogLevel'
  | 'countRequest'
  | 'countAuthFailure'
>;

function readings(core: AppCore): Omit<App, keyof Changes> {
  const { deps, state, operations } = core;
  const { store } = deps;
  return {
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
    store,
    home: deps.home.path,
    version: deps.version,
    eventStreams: core.eventStreams,
    config: () => state.loaded.config,
    snapshot: () => state.snapshot,
    operation: (id) => operations.get(id),
    operations: (filter) => store.operations.list(filter),
    finished: (id, signal) => operations.finished(id, signal),
    backups: (filter) => store.backups.list(filter),
    backup: async (id) => {
      const found = await store.backups.get(id);
      return found === null ? fail('backup_unknown', `no backup is called ${id}`) : ok(found);
    },
    files: async (id, query) => {
      const entry = await store.backups.get(id);
      if (entry === null) return fail('backup_unknown', `no backup is called ${id}`);
      const service = await core.handlerDeps.service(entry.service);
      if (!service.ok) return service;
      return core.handlerDeps
        .engine(entry.engine)
        .files(service.value.repository, id, query, new AbortController().signal);
    },
    drills: (filter) => store.drills.list(filter),
    maintenance: () => [...core.maintenance.open().values()],
    sla: createSlaReader(core),
    auditLog: (filter) => store.audit.list(filter),
    subscribe: (listener) => {
      core.listeners.add(listener);
      return () => core.listeners.delete(listener);
    },
  };
}

function changes(core: AppCore): Changes {
  const { deps, operations } = core;
  return {
    request: (request, options) => operations.request(request, options),
    plan: (request, options) => operations.plan(request, options),
    cancel: (id, options) => operations.cancel(id, options),
    setKeep: (id, change, options) => setKeep(core, id, change, options),
    pause: (service, seconds, options) => pauseService(core, service, seconds, options),
    resume: (service, options) => resumeService(core, service, options),
    startMaintenance: (service, seconds, options) => startMaintenance(core, service, seconds, options),
    endMaintenance: (service, options) => endMaintenance(core, service, options),
    confirmKey: (service, fingerprint, options) =>
      audited(core, 'confirmKey', options, { service, target: fingerprint }, () =>
        confirmKey(core.handlerDeps, service, fingerprint),
      ),
    audit: (entry) => writeAudit(core, entry),
    createToken: (token, options) => createToken(core, token, options),
    revokeToken: (id, options) => revokeToken(core, id, options),
    reload: (options) => reload(core, options),
    setLogLevel: (level, options) =>
      audited(core, 'setLogLevel', options, { target: level }, async () => {
        deps.log.setLevel(level);
        return ok(undefined);
      }),
    countRequest: (labels, seconds) => deps.meter.countRequest(labels, seconds),
    countAuthFailure: (kind, action) => deps.meter.countAuthFailure(kind, action),
  };
}
