import { aFailover } from './failover-sample.ts';
import { aScalingApp } from './scaling-sample.ts';
import { randomBytes } from 'node:crypto';
import { Config } from '../../config/schema.ts';
import type { ActionId } from '../../contract/actions.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import { fail, ok } from '../../contract/errors.ts';
import type { Operation, Role } from '../../contract/operation.ts';
import { unknownReading } from '../../contract/sla.ts';
import type { MaintenanceWindow, Snapshot } from '../../contract/snapshot.ts';
import { recoverable } from '../../core/recoverable.ts';
import { slaReport } from '../../core/sla.ts';
import type { Clock, Log, Random } from '../../ports/index.ts';
import type { App, AppEvent, OperationRequest, RequestOptions } from '../../runtime/app.ts';
import type { AuditEntry, NewAuditEntry, Store, TokenRow } from '../../store/port.ts';
import { hashSecret } from '../sessions.ts';
import { fakeLive } from './fake-live.ts';
import { aBackup, aDrill, anOperation, aPlan, aSnapshot, t0 } from './samples.ts';

/** A clock that stands until it is moved. */
export class FakeClock implements Clock {
  nowMs = Date.parse(t0);

  now(): Date {
    return new Date(this.nowMs);
  }

  sleep(): Promise<void> {
    return Promise.resolve();
  }

  advance(seconds: number): void {
    this.nowMs += seconds * 1000;
  }
}

export const testRandom: Random = {
  bytes: (length) => randomBytes(length),
  hex: (length) => randomBytes(length).toString('hex'),
};

/** Secrets of the tokens that every fake App has. */
export const secrets = {
  viewer: 'gdr_viewer_0123456789abcdef0123456789abcdef',
  operator: 'gdr_operator_0123456789abcdef0123456789abcdef',
  admin: 'gdr_admin_0123456789abcdef0123456789abcdef',
  metrics: 'gdr_metrics_0123456789abcdef0123456789abcdef',
  expired: 'gdr_expired_0123456789abcdef0123456789abcdef',
  revoked: 'gdr_revoked_0123456789abcdef0123456789abcdef',
} as const;

function tokenRow(name: keyof typeof secrets): TokenRow {
  const role: Role = name === 'expired' || name === 'revoked' ? 'admin' : name;
  return {
    id: `tok_${name}`,
    name,
    role,
    hash: hashSecret(secrets[name]),
    createdAt: t0,
    createdBy: 'genesis',
    lastUsedAt: null,
    expiresAt: name === 'expired' ? '2026-11-22T01:59:59.000Z' : null,
    revokedAt: name === 'revoked' ? t0 : null,
  };
}

/** A part of the store that the API must not touch. */
function forbidden(name: string): never {
  return new Proxy(
    {},
    {
      get: () => {
        throw new Error(`the API must not use store.${name}`);
      },
    },
  ) as never;
}

function fakeStore(): Store {
  const rows = (Object.keys(secrets) as (keyof typeof secrets)[]).map(tokenRow);
  const facts = new Map<string, string>();
  return {
    backups: forbidden('backups'),
    operations: forbidden('operations'),
    drills: forbidden('drills'),
    events: forbidden('events'),
    audit: forbidden('audit'),
    pauses: forbidden('pauses'),
    maintenance: forbidden('maintenance'),
    liveAlerts: forbidden('liveAlerts'),
    quality: forbidden('quality'),
    tokens: {
      add: async (row) => void rows.push(row),
      byHash: async (hash) => rows.find((row) => row.hash === hash) ?? null,
      list: async () => rows,
      revoke: async (id, at) => {
        const index = rows.findIndex((row) => row.id === id);
        const row = rows[index];
        if (row === undefined) return false;
        rows[index] = { ...row, revokedAt: at };
        return true;
      },
      touch: async () => undefined,
    },
    facts: {
      get: async (name) => facts.get(name) ?? null,
      set: async (name, value) => void facts.set(name, value),
      list: async () => [],
      remove: async (name) => void facts.delete(name),
    },
    export: async () => Buffer.alloc(0),
    close: async () => undefined,
  };
}

/** What the API asked of the App, for tests to look at. */
export interface Recorded {
  readonly requests: { readonly request: OperationRequest; readonly options: RequestOptions }[];
  readonly plans: OperationRequest[];
  readonly audits: Omit<NewAuditEntry, 'at'>[];
  readonly authFailures: { readonly kind: string; readonly action: ActionId | null }[];
  readonly counted: { readonly method: string; readonly route: string; readonly status: string }[];
  readonly logged: { readonly message: string; readonly data: unknown }[];
}

export interface FakeApp extends App {
  readonly clock: FakeClock;
  readonly recorded: Recorded;
  emit(event: AppEvent): void;
  /** Replaced by tests. */
  current: {
    snapshot: Snapshot | null;
    config: Config;
    backup: CatalogueEntry;
    auditFails: boolean;
    maintenance: readonly MaintenanceWindow[];
    history: Parameters<typeof slaReport>[2];
    audit: readonly AuditEntry[];
    provePerson: App['provePerson'];
  };
}

function fakeLog(recorded: Recorded): Log {
  const write = (message: string, data?: unknown): void => void recorded.logged.push({ message, data });
  return { debug: write, info: write, warn: write, error: write };
}

/** An App without engines and disk: it answers samples, remembers what it was asked, and keeps idempotency keys. */
export function fakeApp(
  api: Readonly<Record<string, unknown>> = {},
  rest: Readonly<Record<string, unknown>> = {},
): FakeApp {
  const recorded: Recorded = { requests: [], plans: [], audits: [], authFailures: [], counted: [], logged: [] };
  const config = Config.parse({
    api: { requests_per_minute: 1_000_000, failed_logins_per_minute: 1_000_000, ...api },
    ...rest,
  });
  const current: FakeApp['current'] = {
    snapshot: aSnapshot(),
    config,
    backup: aBackup(),
    auditFails: false,
    maintenance: [],
    history: unknownReading('not_configured', 'prometheus.url is not set'),
    audit: [],
    provePerson: async () => fail('identity_invalid', 'X-Grafana-Id is not valid: it has expired'),
  };
  const listeners = new Set<(event: AppEvent) => void>();
  const byKey = new Map<string, Operation>();
  const page = <T>(...items: T[]) => Promise.resolve({ items, next: 'c2', total: items.length });
  const clock = new FakeClock();
  const store = fakeStore();
  return {
    clock,
    random: testRandom,
    log: fakeLog(recorded),
    store,
    home: '/srv/genesis',
    version: '0.1.0',
    recorded,
    current,
    config: () => current.config,
    snapshot: () => current.snapshot,
    async request(request, options) {
      recorded.requests.push({ request, options });
      const known = options.idempotencyKey === null ? undefined : byKey.get(options.idempotencyKey);
      if (known !== undefined) return ok(known);
      const operation = { ...anOperation(), id: `op_${recorded.requests.length}` };
      if (options.idempotencyKey !== null) byKey.set(options.idempotencyKey, operation);
      return ok(operation);
    },
    async plan(request) {
      recorded.plans.push(request);
      return ok(aPlan());
    },
    operation: async (id) =>
      id === 'nope' ? fail('operation_unknown', 'no operation has this id') : ok({ ...anOperation(), id }),
    operations: () => page(anOperation()),
    finished: async () => ok(anOperation()),
    cancel: async () => ok(anOperation()),
    backups: () => page(current.backup),
    backup: async (id) => (id === 'nope' ? fail('backup_unknown', 'no backup has this id') : ok(current.backup)),
    files: async () => ok({ files: [], next: null }),
    setKeep: async () => ok(current.backup),
    chain: async () => ok({ ancestors: [], dependents: [], complete: true, missing: [] }),
    recoverable: async (service, wish) => ok(recoverable(service, [current.backup], wish, 3600, clock.now())),
    drills: () => page(aDrill()),
    quality: async () => ok({ items: [], next: null }),
    failover: () => ok(aFailover()),
    ...aScalingApp(),
    playbooks: async (service) =>
      ok({ service, mode: 'off', maxPerHour: 3, runsLastHour: 0, held: null, issues: [], playbooks: [] }),
    pauseFailover: async (_service, _seconds, options) =>
      ok({ by: options.actor.name, reason: options.reason ?? '', since: t0, until: t0 }),
    resumeFailover: async () => ok({ resumed: true }),
    scheduleSwitchover: async (_service, wish, options) =>
      ok({ id: 'switchover_1', ...wish, by: options.actor.name, reason: options.reason ?? '' }),
    cancelSwitchover: async () => ok({ cancelled: true }),
    approve: async () => ok(anOperation()),
    alerts: async () =>
      ok({
        at: t0,
        source: 'http://127.0.0.1:9093',
        alerts: { known: false, reason: 'unreachable', message: 'nobody answers there' },
      }),
    provePerson: (token) => current.provePerson(token),
    pause: async (service, _seconds, options) =>
      ok({ service, by: options.actor.name, reason: options.reason ?? '', since: t0, until: t0 }),
    resume: async () => ok(undefined),
    maintenance: () => current.maintenance,
    startMaintenance: async (service, seconds, options) => {
      const until = new Date(+clock.now() + seconds * 1000).toISOString();
      const window = { service, by: options.actor.name, reason: options.reason ?? '', since: t0, until };
      current.maintenance = [window];
      return ok(window);
    },
    endMaintenance: async (service) => {
      const ended = current.maintenance.some((window) => window.service === service);
      current.maintenance = [];
      return ok({ service, ended });
    },
    sla: async (service) => {
      const { snapshot } = current;
      if (snapshot === null) return fail('not_ready', 'nothing has been observed yet');
      const services = snapshot.services.filter(({ name }) => service === null || name === service);
      if (service !== null && services.length === 0) return fail('service_unknown', `no service is called ${service}`);
      return ok(slaReport(snapshot, services, current.history, clock.now()));
    },
    confirmKey: async () => ok(undefined),
    auditLog: async () => ({ items: [...current.audit], next: null }),
    async *auditRows() {
      yield current.audit;
    },
    verifyAudit: async () => ({ state: 'intact', rows: 0, brokenAt: null, checkedAt: t0, head: null }),
    async audit(entry) {
      if (current.auditFails) throw new Error('disk full');
      recorded.audits.push(entry);
    },
    async createToken(token) {
      const row: TokenRow = { ...tokenRow('viewer'), ...token, id: 'tok_new', expiresAt: null };
      return ok({ row, secret: 'gdr_new_secret' });
    },
    revokeToken: async (id) =>
      (await store.tokens.revoke(id, t0)) ? ok(undefined) : fail('token_unknown', 'no token has this id'),
    reload: async () => ok(undefined),
    setLogLevel: async () => ok(undefined),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    live: fakeLive(),
    eventStreams: { count: 0 },
    countRequest: (labels) => void recorded.counted.push(labels),
    countAuthFailure: (kind, action) => void recorded.authFailures.push({ kind, action }),
    emit(event) {
      for (const listener of listeners) listener(event);
    },
  };
}
