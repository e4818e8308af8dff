import { fail, ok } from '../contract/errors.ts';
import { chainOf, recoverable } from '../core/recoverable.ts';
import { createAlertReader } from './alerts.ts';
import type { App } from './app.ts';
import { writeAudit, type AppCore } from './app-core.ts';
import { audited, createToken, pauseService, reload, resumeService, revokeToken, setKeep } from './changes.ts';
import {
  approveOperation,
  cancelSwitchover,
  pauseFailover,
  readFailover,
  resumeFailover,
  scheduleSwitchover,
} from './failover/changes.ts';
import { createPersonProver } from './grafana-identity.ts';
import { confirmKey } from './keys.ts';
import { createLiveData } from './live/face.ts';
import { endMaintenance, startMaintenance } from './maintenance.ts';
import { fetchAs } from './outbound.ts';
import { readPlaybooks } from './playbooks/facts.ts';
import {
  backtestScaling,
  pauseScaling,
  previewScalingPolicy,
  readScaling,
  readScalingHistory,
  readScalingLoad,
  resetScalingPolicy,
  resumeScaling,
  setScalingPolicy,
} from './scaling/changes.ts';
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
  | 'pauseFailover'
  | 'resumeFailover'
  | 'scheduleSwitchover'
  | 'pauseScaling'
  | 'resumeScaling'
  | 'setScalingPolicy'
  | 'resetScalingPolicy'
  | 'cancelSwitchover'
  | 'approve'
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
    operations: (filter) => operations.list(filter),
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
    chain: async (id) => {
      const found = await store.backups.get(id);
      if (found === null) return fail('backup_unknown', `no backup is called ${id}`);
      return ok(chainOf(found, await store.backups.ofService(found.service)));
    },
    recoverable: async (service, wish) => {
      const configured = state.loaded.config.services.find(({ name }) => name === service);
      if (configured === undefined) return fail('service_unknown', `no service is called ${service}`);
      const entries = await store.backups.ofService(service);
      const pitr = core.handlerDeps.pitrOf(service);
      return ok(recoverable(service, entries, wish, configured.objectives.backup_sla, deps.clock.now(), pitr));
    },
    quality: async (service, page) => {
      if (!state.loaded.config.services.some(({ name }) => name === service))
        return fail('service_unknown', `no service is called ${service}`);
      return ok(await store.quality.list({ service, ...page }));
    },
    drills: (filter) => store.drills.list(filter),
    failover: (service) => readFailover(core, service),
    scaling: (service) => readScaling(core, service),
    scalingHistory: (service, hours) => readScalingHistory(core, service, hours),
    scalingLoad: (service, hours, signal) => readScalingLoad(core, service, hours, signal),
    previewScalingPolicy: (service, text) => previewScalingPolicy(core, service, text),
    backtestScaling: (service, wish, signal) => backtestScaling(core, service, wish, signal),
    playbooks: (service) => readPlaybooks(core, service),
    alerts: createAlertReader(core),
    provePerson: createProver(core),
    maintenance: () => [...core.maintenance.open().values()],
    sla: createSlaReader(core),
    auditLog: (filter) => store.audit.list(filter),
    auditRows: (filter) => store.audit.all(filter),
    verifyAudit: createAuditVerifier(core),
    live: createLiveData(core),
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
    pauseFailover: (service, seconds, options) => pauseFailover(core, service, seconds, options),
    resumeFailover: (service, options) => resumeFailover(core, service, options),
    scheduleSwitchover: (service, wish, options) => scheduleSwitchover(core, service, wish, options),
    cancelSwitchover: (service, options) => cancelSwitchover(core, service, options),
    pauseScaling: (service, seconds, options) => pauseScaling(core, service, seconds, options),
    resumeScaling: (service, options) => resumeScaling(core, service, options),
    setScalingPolicy: (service, text, options) => setScalingPolicy(core, service, text, options),
    resetScalingPolicy: (service, options) => resetScalingPolicy(core, service, options),
    approve: (id, approve, options) => approveOperation(core, id, approve, options),
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

function createProver({ deps, state }: AppCore): App['provePerson'] {
  const settings = () => state.loaded.config.grafana;
  // The keys are public: the token of the service account is for others to see dashboards with, and not sent along.
  const neighbour = () => ({ token: null, ca_file: settings().ca_file });
  const fetch = fetchAs(neighbour, deps.fetch, (ref) => state.loaded.resolveSecret(ref));
  return createPersonProver(settings, fetch, deps.clock);
}

function createAuditVerifier({ deps }: AppCore): App['verifyAudit'] {
  let walking: ReturnType<App['verifyAudit']> | null = null;
  const walk: App['verifyAudit'] = async () => {
    const { count, brokenAt } = await deps.store.audit.verify([]);
    const head = await deps.store.audit.head();
    const checkedAt = deps.clock.now().toISOString();
    return { state: brokenAt === null ? 'intact' : 'broken', rows: count, brokenAt, checkedAt, head };
  };
  return () => (walking ??= walk().finally(() => void (walking = null)));
}
