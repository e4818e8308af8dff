import { actions, type ActionId } from '../../contract/actions.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { isVerified, type Role } from '../../contract/operation.ts';
import type { ServiceSnapshot } from '../../contract/snapshot.ts';
import type { App } from '../../runtime/app.ts';
import { overallHealth } from '../overall-health.ts';
import { verdictOf, type Verdict } from '../verdict.ts';
import { answer, optionsOf, paged, paramOf, snapshotOf, submit, type Call, type Handlers } from './call.ts';

function serviceOf(app: App, name: string): Outcome<ServiceSnapshot> {
  const snapshot = snapshotOf(app);
  if (!snapshot.ok) return snapshot;
  const service = snapshot.value.services.find((candidate) => candidate.name === name);
  return service === undefined ? fail('service_unknown', 'no service of this name is configured') : ok(service);
}

/** Texts of queries can hold what nobody but those who act on the database should read. */
function visibleTo(role: Role, service: ServiceSnapshot): ServiceSnapshot {
  const { database } = service;
  if (role !== 'viewer' || database?.known !== true || database.value.queries === null) return service;
  const queries = database.value.queries.map((query) => ({ ...query, text: '' }));
  return { ...service, database: { ...database, value: { ...database.value, queries } } };
}

/** The same answer as the status page gives. */
function judged(
  service: ServiceSnapshot,
  { app, identity }: Pick<Call, 'app' | 'identity'>,
): ServiceSnapshot & { readonly verdict: Verdict } {
  return { ...visibleTo(identity.role, service), verdict: verdictOf(service, app.clock.now()) };
}

export const serviceHandlers = {
  async me({ app, identity }) {
    const { name, role, via, unproven = null } = identity;
    const allowed = (Object.keys(actions) as ActionId[]).filter((id) =>
      (actions[id].roles as readonly string[]).includes(role),
    );
    const person = { mode: app.config().grafana.identity, verified: isVerified(via), problem: unproven };
    return ok({ status: 200, body: { name, role, via, actions: allowed, version: app.version, identity: person } });
  },
  async status({ app }) {
    const fallback = { version: app.version, cluster: app.config().cluster };
    return ok({ status: 200, body: overallHealth(app.snapshot(), app.clock.now(), fallback) });
  },
  async listServices(call) {
    const snapshot = snapshotOf(call.app);
    if (!snapshot.ok) return snapshot;
    const items = snapshot.value.services.map((service) => judged(service, call));
    return ok({ status: 200, body: { items, next: null } });
  },
  async getService(call) {
    const found = serviceOf(call.app, paramOf(call, 'name'));
    return found.ok ? ok({ status: 200, body: judged(found.value, call) }) : found;
  },
  async recoverable(call) {
    const { from = null, to = null, limit } = call.query;
    return answer(await call.app.recoverable(paramOf(call, 'name'), { from, to, limit }));
  },
  async listAlerts({ app, query }) {
    const { service = null } = query;
    const isKnown = app.config().services.some(({ name }) => name === service);
    if (service !== null && !isKnown) return fail('service_unknown', 'no service of this name is configured');
    return answer(await app.alerts(service));
  },
  async pauseService(call) {
    const { seconds, reason } = call.body;
    return answer(await call.app.pause(paramOf(call, 'name'), seconds, optionsOf(call, { reason })));
  },
  async resumeService(call) {
    const service = paramOf(call, 'name');
    const resumed = await call.app.resume(service, optionsOf(call));
    return resumed.ok ? ok({ status: 200, body: { service, paused: false } }) : resumed;
  },
  async listMaintenance({ app }) {
    return ok({ status: 200, body: { items: app.maintenance(), next: null } });
  },
  async startMaintenance(call) {
    const { seconds, reason } = call.body;
    return answer(await call.app.startMaintenance(paramOf(call, 'name'), seconds, optionsOf(call, { reason })));
  },
  async endMaintenance(call) {
    return answer(await call.app.endMaintenance(paramOf(call, 'name'), optionsOf(call, call.body)));
  },
  async sla(call) {
    return answer(await call.app.sla(call.query.service ?? null));
  },
  async confirmKey(call) {
    const service = paramOf(call, 'name');
    const { fingerprint } = call.body;
    const confirmed = await call.app.confirmKey(service, fingerprint, optionsOf(call));
    return confirmed.ok ? ok({ status: 200, body: { service, fingerprint, confirmed: true } }) : confirmed;
  },
  async readiness(call) {
    const { service } = call.query;
    if (service !== undefined) {
      const found = serviceOf(call.app, service);
      return found.ok ? ok({ status: 200, body: { items: [found.value.readiness], next: null } }) : found;
    }
    const snapshot = snapshotOf(call.app);
    return snapshot.ok
      ? ok({ status: 200, body: { items: snapshot.value.services.map(({ readiness }) => readiness), next: null } })
      : snapshot;
  },
  async startDrill(call) {
    const { copy, backupId, recovery, ...wishes } = call.body;
    const what = { ...(backupId === undefined ? {} : { backupId }), ...(recovery === undefined ? {} : { recovery }) };
    return submit(call, { kind: 'drill', service: paramOf(call, 'name'), copy: copy ?? null, ...what }, wishes);
  },
  async startQuality(call) {
    const { restored, source, ...wishes } = call.body;
    return submit(call, { kind: 'quality', service: paramOf(call, 'name'), restored, source }, wishes);
  },
  async listQuality(call) {
    const { limit, cursor } = call.query;
    const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
    const found = await call.app.quality(paramOf(call, 'name'), page);
    return found.ok ? paged(call, found.value.items, found.value.next) : found;
  },
} satisfies Partial<Handlers>;
