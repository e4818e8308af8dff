import { decideWork, type Work, type WorkInput } from '../core/work.ts';
import { nextRun, type JobName } from '../core/schedule.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { Pause } from '../contract/snapshot.ts';
import type { RequestOptions } from './app.ts';
import type { Collectors } from './collect.ts';
import type { AnyRequest, HandlerDeps } from './handler.ts';
import { jobSchedules } from './observe.ts';
import type { Operations } from './operations.ts';

const jobNames: readonly JobName[] = ['full', 'incremental', 'drill'];

export interface Scheduler {
  /** Decides and starts; returns how many operations were started. */
  run(): Promise<number>;
  /** Next run by job; null values where there is none. */
  nextRuns(service: ServiceConfig): ReadonlyMap<string, Date | null>;
  pauses(): ReadonlyMap<string, Pause>;
  /** Reads pauses and last runs; drops pauses that have expired. */
  refresh(): Promise<void>;
}

export function createScheduler(deps: HandlerDeps, operations: Operations, collectors: Collectors): Scheduler {
  const lastHandled = new Map<string, Map<JobName, Date>>();
  const lastAttempt = new Map<string, Date>();
  let pauses: ReadonlyMap<string, Pause> = new Map();

  async function refresh(): Promise<void> {
    const now = deps.clock.now();
    const found = new Map<string, Pause>();
    for (const pause of await deps.store.pauses.list()) {
      if (Date.parse(pause.until) <= +now) {
        await deps.store.pauses.clear(pause.service);
        deps.log.info('a pause has expired', { service: pause.service });
      } else found.set(pause.service, pause);
    }
    pauses = found;
    for (const service of deps.config().services) {
      if (lastHandled.has(service.name)) continue;
      const facts = await deps.store.facts.list(`last_run:${service.name}:`);
      lastHandled.set(
        service.name,
        new Map(facts.map((f) => [f.name.slice(`last_run:${service.name}:`.length) as JobName, new Date(f.value)])),
      );
    }
  }

  function inputOf(service: ServiceConfig): WorkInput {
    const entries = collectors.readings.entries.get(service.name);
    const drills = collectors.readings.drills.get(service.name);
    const copies = [...(collectors.readings.copies.get(service.name)?.values() ?? [])];
    const attempt = (kind: string): Date | null => lastAttempt.get(`${service.name}:${kind}`) ?? null;
    return {
      service: service.name,
      hasComponents: Object.keys(service.backup.components).length > 0,
      schedules: jobSchedules(service),
      lastHandled: lastHandled.get(service.name) ?? new Map(),
      paused: pauses.has(service.name),
      entries: entries?.known === true ? entries.value : null,
      drills: drills?.known === true ? drills.value : null,
      running: operations.running().filter((o) => o.service === service.name),
      copiesBehind: copies.some((c) => c.known && c.value.connected && c.value.queue > 0),
      lastBackupAttemptAt: attempt('backup'),
      lastDrillAttemptAt: attempt('drill'),
      lastCopyAttemptAt: attempt('copy'),
    };
  }

  async function remember(service: string, jobs: readonly JobName[], at: Date): Promise<void> {
    const map = lastHandled.get(service) ?? new Map<JobName, Date>();
    lastHandled.set(service, map);
    for (const job of jobs) {
      await deps.store.facts.set(`last_run:${service}:${job}`, at.toISOString());
      map.set(job, at);
    }
  }

  async function start(service: ServiceConfig, work: Work): Promise<boolean> {
    const now = deps.clock.now();
    if (work.kind === 'baseline') {
      await remember(service.name, work.handles, now);
      return false;
    }
    const request: AnyRequest =
      work.kind === 'backup'
        ? { kind: 'backup', service: service.name, type: work.type, components: null, note: null }
        : work.kind === 'drill'
          ? { kind: 'drill', service: service.name, copy: null }
          : { kind: 'copy', service: service.name };
    lastAttempt.set(`${service.name}:${work.kind}`, now);
    const options: RequestOptions = {
      actor: { name: 'scheduler', role: 'system', via: 'schedule' },
      remote: null,
      reason: work.reason,
      confirm: service.name,
      planEtag: null,
      idempotencyKey: null,
    };
    const begun = await operations.request(request, options);
    if (begun.ok) {
      await remember(service.name, work.handles, now);
      void forgetWhenDone(`${service.name}:${work.kind}`, begun.value.id);
      return true;
    }
    // A held service is tried again at the next tick; the schedule does not move on.
    if (begun.error.code !== 'operation_conflict')
      deps.log.warn('scheduled work was refused', {
        service: service.name,
        kind: work.kind,
        code: begun.error.code,
        error: begun.error.message,
      });
    if (begun.error.code === 'operation_conflict') lastAttempt.delete(`${service.name}:${work.kind}`);
    return false;
  }

  /** The wait between attempts is for failures only: what succeeded may be needed again at once. */
  async function forgetWhenDone(attempt: string, operationId: string): Promise<void> {
    const ended = await operations.finished(operationId, new AbortController().signal);
    if (ended.ok && ended.value.state === 'succeeded') lastAttempt.delete(attempt);
  }

  return {
    refresh,
    run: async () => {
      let started = 0;
      for (const service of deps.config().services) {
        for (const work of decideWork(inputOf(service), deps.clock.now())) if (await start(service, work)) started += 1;
      }
      return started;
    },
    nextRuns: (service) => {
      const handled = lastHandled.get(service.name);
      return new Map(
        jobNames.map((job) => {
          const schedule = jobSchedules(service).find((s) => s.job === job);
          const now = deps.clock.now();
          const last = handled?.get(job);
          const from = last !== undefined && +last <= +now ? last : now;
          return [job, schedule === undefined ? null : nextRun(schedule, from)];
        }),
      );
    },
    pauses: () => pauses,
  };
}
