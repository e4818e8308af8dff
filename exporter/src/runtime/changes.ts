import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { CatalogueEntry } from '../contract/backup.ts';
import type { Role } from '../contract/operation.ts';
import type { Pause } from '../contract/snapshot.ts';
import type { AuditEntry, NewAuditEntry } from '../store/port.ts';
import type { RequestOptions } from './app.ts';
import { writeAudit, type AppCore } from './app-core.ts';
import { detailsOf } from './operations/core.ts';
import { publish } from './publish.ts';
import { makeToken, type NewToken } from './tokens.ts';

type AuditFields = Partial<Pick<NewAuditEntry, 'service' | 'target' | 'details'>>;

function entryFor(
  action: string,
  options: RequestOptions,
  result: AuditEntry['result'],
  fields: AuditFields,
): Omit<NewAuditEntry, 'at'> {
  return {
    actor: options.actor.name,
    role: options.actor.role,
    via: options.actor.via,
    action,
    service: null,
    target: null,
    result,
    reason: options.reason,
    operationId: null,
    remote: options.remote,
    ...fields,
    details: detailsOf(options, fields.details),
  };
}

/** Writes the intent, does it, writes how it ended: for changes that need no journal. Errors: `audit_unwritable` and the effect's own. */
export async function audited<T>(
  core: AppCore,
  action: string,
  options: RequestOptions,
  fields: AuditFields,
  effect: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  try {
    await writeAudit(core, entryFor(action, options, 'intent', fields));
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'audit_unwritable') };
  }
  const outcome = await effect().catch((thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }));
  const ended = outcome.ok ? fields : { ...fields, details: { ...fields.details, code: outcome.error.code } };
  await writeAudit(core, entryFor(action, options, outcome.ok ? 'succeeded' : 'failed', ended)).catch(
    (thrown: unknown) =>
      core.deps.log.error('the end of a change could not be audited', { action, error: toOpError(thrown).message }),
  );
  core.wake.wake('readings');
  return outcome;
}

function isConfigured(core: AppCore, service: string): boolean {
  return core.state.loaded.config.services.some((s) => s.name === service);
}

export async function setKeep(
  core: AppCore,
  id: string,
  change: { readonly keep?: boolean; readonly note?: string | null },
  options: RequestOptions,
): Promise<Outcome<CatalogueEntry>> {
  const { backups } = core.deps.store;
  const entry = await backups.get(id);
  if (entry === null) return fail('backup_unknown', `no backup is called ${id}`);
  const fields = { service: entry.service, target: id };
  if (change.keep === false && entry.keep && options.actor.role !== 'admin') {
    await writeAudit(core, entryFor('patchBackup', options, 'denied', fields));
    return fail('forbidden', 'unkeep needs the role admin');
  }
  return audited(core, 'patchBackup', options, { ...fields, details: { ...change } }, async () => {
    await backups.setKeep(id, change.keep ?? entry.keep, change.note === undefined ? entry.note : change.note);
    const now = await backups.get(id);
    return now === null ? fail('backup_unknown', `${id} was removed meanwhile`) : ok(now);
  });
}

export async function pauseService(
  core: AppCore,
  service: string,
  seconds: number,
  options: RequestOptions,
): Promise<Outcome<Pause>> {
  if (!isConfigured(core, service)) return fail('service_unknown', `no service is called ${service}`);
  if (options.reason === null) return fail('reason_required', 'a pause needs a reason');
  const now = core.deps.clock.now();
  const until = new Date(+now + seconds * 1000).toISOString();
  const pause: Pause = { service, by: options.actor.name, reason: options.reason, since: now.toISOString(), until };
  return audited(core, 'pauseService', options, { service, details: { until } }, async () => {
    await core.deps.store.pauses.set(pause);
    await core.scheduler.refresh();
    await publish(core);
    return ok(pause);
  });
}

export function resumeService(core: AppCore, service: string, options: RequestOptions): Promise<Outcome<void>> {
  return audited(core, 'resumeService', options, { service }, async () => {
    if (!isConfigured(core, service)) return fail('service_unknown', `no service is called ${service}`);
    await core.deps.store.pauses.clear(service);
    await core.scheduler.refresh();
    await publish(core);
    return ok(undefined);
  });
}

export function createToken(
  core: AppCore,
  token: { readonly name: string; readonly role: Role; readonly expiresInSeconds: number | null },
  options: RequestOptions,
): Promise<Outcome<NewToken>> {
  return audited(core, 'createToken', options, { target: `${token.name} (${token.role})` }, async () => {
    const made = makeToken(core.deps.random, core.deps.clock.now(), { ...token, createdBy: options.actor.name });
    await core.deps.store.tokens.add(made.row);
    return ok(made);
  });
}

export function revokeToken(core: AppCore, id: string, options: RequestOptions): Promise<Outcome<void>> {
  return audited(core, 'revokeToken', options, { target: id }, async () => {
    const revoked = await core.deps.store.tokens.revoke(id, core.deps.clock.now().toISOString());
    return revoked ? ok(undefined) : fail('token_unknown', `no live token has the id ${id}`);
  });
}

function lastDurations(core: AppCore): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const service of core.state.snapshot?.services ?? []) {
    const newest = service.backups.known ? service.backups.value.newest : null;
    if (newest !== null) found[service.name] = newest.durationSeconds;
  }
  return found;
}

/** A bad file keeps the old configuration, and the metric says so. */
export function reload(core: AppCore, options: RequestOptions): Promise<Outcome<void>> {
  return audited(core, 'reload', options, {}, async () => {
    const { deps, state } = core;
    const loaded = deps.load(lastDurations(core));
    state.reload = { ok: loaded.ok, at: deps.clock.now().toISOString() };
    if (!loaded.ok) {
      deps.log.error('the configuration was not reloaded', { code: loaded.error.code, error: loaded.error.message });
      await publish(core);
      return loaded;
    }
    const listenBefore = state.loaded.config.api.listen;
    state.loaded = loaded.value;
    state.text = deps.readText();
    const { api, log } = loaded.value.config;
    deps.log.setLevel(log.level);
    if (listenBefore !== api.listen) deps.log.warn('api.listen changes at the next start', { listen: api.listen });
    await core.scheduler.refresh();
    await core.collectors.runChanged();
    await publish(core);
    return ok(undefined);
  });
}
