import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { Actor } from '../contract/operation.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import type { RequestOptions } from '../runtime/app.ts';
import type { TokenRow } from '../store/port.ts';
import type { TokenReply } from '../contract/replies.ts';
import { overallHealth } from '../api/overall-health.ts';
import type { LocalApp } from './deps.ts';
import type { ActionOptions, Session } from './session.ts';

const nothing: ActionOptions = { reason: null, confirm: null, idempotencyKey: null };

/** The App in this process, as the commands see it. Who may read the home may do everything in it: the role is admin, via cli. */
export function createLocalSession(local: LocalApp, user: string): Session {
  const { app } = local;
  const actor: Actor = { name: `cli:${user}`, role: 'admin', via: 'cli' };
  const by = (options: ActionOptions): RequestOptions => ({ ...options, actor, remote: null, planEtag: null });
  return {
    where: 'process',
    ...readingsOf(local),
    setKeep: (id, change) => app.setKeep(id, change, by(nothing)),
    start: (request, options) => app.request(request, by(options)),
    plan: (request, options) => app.plan(request, by(options)),
    cancel: (id, reason) => app.cancel(id, by({ ...nothing, reason })),
    pause: (service, seconds, reason) => app.pause(service, seconds, by({ ...nothing, reason })),
    resume: (service) => app.resume(service, by(nothing)),
    startMaintenance: (service, seconds, reason) => app.startMaintenance(service, seconds, by({ ...nothing, reason })),
    endMaintenance: (service, reason) => app.endMaintenance(service, by({ ...nothing, reason })),
    pauseFailover: (service, seconds, reason) => app.pauseFailover(service, seconds, by({ ...nothing, reason })),
    resumeFailover: (service) => app.resumeFailover(service, by(nothing)),
    scheduleSwitchover: (service, wish, options) => app.scheduleSwitchover(service, wish, by(options)),
    cancelSwitchover: (service) => app.cancelSwitchover(service, by(nothing)),
    pauseScaling: (service, seconds, reason) => app.pauseScaling(service, seconds, by({ ...nothing, reason })),
    resumeScaling: (service) => app.resumeScaling(service, by(nothing)),
    previewScalingPolicy: (service, text) => Promise.resolve(app.previewScalingPolicy(service, text)),
    setScalingPolicy: (service, text, { reason, confirm }) =>
      app.setScalingPolicy(service, text, by({ ...nothing, reason, confirm })),
    resetScalingPolicy: (service, reason) => app.resetScalingPolicy(service, by({ ...nothing, reason })),
    backtestScaling: (service, { from, to, policy }) =>
      app.backtestScaling(service, { from: new Date(from), to: new Date(to), policy }, AbortSignal.timeout(60_000)),
    createToken: async (token) => {
      const made = await app.createToken(token, by(nothing));
      return made.ok ? ok({ token: withoutHash(made.value.row), secret: made.value.secret }) : made;
    },
    revokeToken: (id) => app.revokeToken(id, by(nothing)),
    loginCode: () =>
      Promise.resolve(
        fail('server_unreachable', `no server runs on the home ${app.home}: there is nothing to log in to`),
      ),
    confirmKey: (service, fingerprint) => app.confirmKey(service, fingerprint, by(nothing)),
    close: () => local.close(),
  };
}

type Readings = Pick<
  Session,
  | 'status'
  | 'services'
  | 'service'
  | 'backups'
  | 'backup'
  | 'files'
  | 'operation'
  | 'operations'
  | 'drills'
  | 'maintenance'
  | 'failover'
  | 'scaling'
  | 'scalingHistory'
  | 'playbooks'
  | 'sla'
  | 'audit'
  | 'tokens'
>;

function readingsOf({ app }: LocalApp): Readings {
  const snapshot = (): Outcome<Snapshot> => {
    const seen = app.snapshot();
    return seen === null ? fail('internal', 'the services were not observed yet') : ok(seen);
  };
  return {
    status: () =>
      Promise.resolve(
        ok(overallHealth(app.snapshot(), app.clock.now(), { version: app.version, cluster: app.config().cluster })),
      ),
    services: () => {
      const seen = snapshot();
      return Promise.resolve(seen.ok ? ok(seen.value.services) : seen);
    },
    service: (name) => {
      const seen = snapshot();
      if (!seen.ok) return Promise.resolve(seen);
      const found = seen.value.services.find((service) => service.name === name);
      return Promise.resolve(
        found === undefined ? fail('service_unknown', `there is no service "${name}"`) : ok(found),
      );
    },
    backups: async (filter) => ok(await app.backups(filter)),
    backup: (id) => app.backup(id),
    files: async (id, query) => {
      const got = await app.files(id, query);
      return got.ok ? ok({ items: got.value.files, next: got.value.next }) : got;
    },
    operation: (id) => app.operation(id),
    operations: async (filter) => ok(await app.operations(filter)),
    drills: async (filter) => ok(await app.drills(filter)),
    maintenance: () => Promise.resolve(ok(app.maintenance())),
    scaling: (service) => {
      const found = app.scaling(service);
      return Promise.resolve(found.ok ? ok({ service, ...found.value }) : found);
    },
    scalingHistory: (service, hours) => {
      const found = app.scalingHistory(service, hours);
      return Promise.resolve(found.ok ? ok({ items: found.value }) : found);
    },
    failover: (service) => {
      const facts = app.failover(service);
      return Promise.resolve(facts.ok ? ok({ service, failover: facts.value }) : facts);
    },
    playbooks: (service) => app.playbooks(service),
    sla: (service) => app.sla(service),
    audit: async (filter) => ok(await app.auditLog(filter)),
    tokens: async () => ok((await app.store.tokens.list()).map(withoutHash)),
  };
}

function withoutHash(row: TokenRow): TokenReply {
  const { id, name, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt } = row;
  return { id, name, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt };
}
