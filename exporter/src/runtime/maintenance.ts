import { maxMaintenanceSeconds } from '../contract/actions.ts';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { MaintenanceWindow } from '../contract/snapshot.ts';
import type { AppCore } from './app-core.ts';
import { writeAudit } from './app-core.ts';
import type { RequestOptions } from './app.ts';
import { audited } from './changes.ts';
import type { HandlerDeps } from './handler.ts';
import { publish } from './publish.ts';

/** The open windows of this process, as the store has them. */
export interface Maintenance {
  open(): ReadonlyMap<string, MaintenanceWindow>;
  /** Reads the store and removes what has expired; returns the windows that it removed. */
  refresh(): Promise<readonly MaintenanceWindow[]>;
}

export function createMaintenance(deps: Pick<HandlerDeps, 'store' | 'clock'>): Maintenance {
  let open: ReadonlyMap<string, MaintenanceWindow> = new Map();
  return {
    open: () => open,
    refresh: async () => {
      const nowMs = +deps.clock.now();
      const stored = await deps.store.maintenance.list();
      const expired = stored.filter((window) => Date.parse(window.until) <= nowMs);
      for (const { service } of expired) await deps.store.maintenance.clear(service);
      open = new Map(stored.filter((window) => !expired.includes(window)).map((window) => [window.service, window]));
      return expired;
    },
  };
}

/**
 * Opens a window, or puts a new one in the place of an open one. The alerts of the service are muted by the metric that the rules join;
 * its scheduled work and its readiness stay as they are. Errors: `service_unknown`, `reason_required`, `bad_request`, `audit_unwritable`.
 */
export function startMaintenance(
  core: AppCore,
  service: string,
  seconds: number,
  options: RequestOptions,
): Promise<Outcome<MaintenanceWindow>> {
  const refused = whyRefused(core, service, seconds, options);
  if (refused !== null) return Promise.resolve(refused);
  const now = core.deps.clock.now();
  const until = new Date(+now + seconds * 1000).toISOString();
  const window = { service, by: options.actor.name, reason: options.reason ?? '', since: now.toISOString(), until };
  return audited(core, 'startMaintenance', options, { service, details: { until } }, async () => {
    await core.deps.store.maintenance.set(window);
    await closeExpired(core);
    await publish(core);
    return ok(window);
  });
}

function whyRefused(core: AppCore, service: string, seconds: number, options: RequestOptions): Outcome<never> | null {
  if (!isConfigured(core, service)) return fail('service_unknown', `no service is called ${service}`);
  if (options.reason === null) return fail('reason_required', 'a maintenance window needs a reason');
  if (seconds > maxMaintenanceSeconds)
    return fail('bad_request', `a maintenance window lasts at most 7 days (${maxMaintenanceSeconds} seconds)`);
  if (seconds < 1) return fail('bad_request', 'a maintenance window lasts at least a second');
  return null;
}

/** Closes the window now; `ended: false` where none was open. Errors: `service_unknown`, `audit_unwritable`. */
export function endMaintenance(
  core: AppCore,
  service: string,
  options: RequestOptions,
): Promise<Outcome<{ readonly service: string; readonly ended: boolean }>> {
  return audited(core, 'endMaintenance', options, { service }, async () => {
    const ended = core.maintenance.open().has(service);
    // The window of a service that was taken out of the file can still be closed.
    if (!ended && !isConfigured(core, service)) return fail('service_unknown', `no service is called ${service}`);
    await core.deps.store.maintenance.clear(service);
    await closeExpired(core);
    await publish(core);
    return ok({ service, ended });
  });
}

function isConfigured(core: AppCore, service: string): boolean {
  return core.state.loaded.config.services.some(({ name }) => name === service);
}

/** Closes what has expired and leaves a trace of it: from this moment on alerts are heard again. Returns whether there was any. */
export async function closeExpired(core: AppCore): Promise<boolean> {
  const expired = await core.maintenance.refresh();
  for (const { service, until, reason } of expired) {
    core.deps.log.info('a maintenance window has closed by itself', { service });
    const entry = {
      actor: 'genesis',
      role: 'system',
      via: 'schedule',
      action: 'maintenance.expired',
      service,
      target: null,
      result: 'succeeded' as const,
      reason,
      operationId: null,
      remote: null,
      details: { until },
    };
    // Muting must end also when nobody can write it down; readiness and a metric say that the log cannot be written.
    await writeAudit(core, entry).catch((thrown: unknown) =>
      core.deps.log.error('the end of a maintenance window could not be audited', { error: toOpError(thrown).message }),
    );
  }
  return expired.length > 0;
}
