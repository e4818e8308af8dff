import { nextRun, type JobName } from '../core/schedule.ts';
import { decideWork, type Work, type WorkInput } from '../core/work.ts';
import type { Pause } from '../contract/snapshot.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { RequestOptions } from './app.ts';
import type { Collectors } from './collect.ts';
import type { AnyRequest, HandlerDeps } from './handler.ts';
import { jobSchedules } from './observe.ts';
import type { Operations } from './operations/operations.ts';

const jobNames: readonly JobName[] = ['full', 'differential', 'incremental', 'drill'];

export interface Scheduler {
  /** Decides and starts; returns how many operations were started. */
  run(): Promise<number>;
  /** Next run by job; null values where there is none. */
  nextRuns(service: ServiceConfig): ReadonlyMap<string, Date | null>;
  pauses(): ReadonlyMap<string, Pause>;
  /** Reads pauses and last runs; drops pauses that have expired. */
  refresh(): Promise<void>;
}

interface SchedulerCore {
  readonly deps: HandlerDeps;
  readonly operations: Operations;
  readonly collectors: Collectors;
  /** By service: when each job was last started or caught up. */
  readonly lastHandled: Map<string, Map<JobName, Date>>;
  /** By `service:kind`: the last attempt that has not succeeded. */
  readonly lastAttempt: Map<string, Date>;
  pauses: ReadonlyMap<string, Pause>;
}

export function createScheduler(deps: HandlerDeps, operations: Operations, collectors: Collectors): Scheduler {
  const core: SchedulerCore = {
    deps,
    operations,
    collectors,
    lastHandled: new Map(),
    lastAttempt: new Map(),
    pauses: new Map(),
  };
  return {
    refresh: () => refresh(core),
    run: async () => {
      let started = 0;
      for (const service of deps.config().services) {
        for (const work of decideWork(inputOf(core, service), deps.clock.now()))
          if (await start(core, service, work)) started += 1;
      }
      return started;
    },
    nextRuns: (service) => nextRunsOf(core, service),
    pauses: () => core.pauses,
  };
}

async function refresh(core: SchedulerCore): Promise<void> {
  const { deps } = core;
  const found = new Map<string, Pause>();
  for (const pause of await deps.store.pauses.list()) {
    if (Date.parse(pause.until) <= +deps.clock.now()) {
      await deps.store.pauses.clear(pause.service);
      deps.log.info('a pause has expired', { service: pause.service });
    } else found.set(pause.service, pause);
  }
  core.pauses = found;
  for (const service of deps.config().services) {
    if (core.lastHandled.has(service.name)) continue;
    const prefix = `last_run:${service.name}:`;
    const facts = await deps.store.facts.list(prefix);
    core.lastHandled.set(
      service.name,
      new Map(facts.map((f) => [f.name.slice(prefix.length) as JobName, new Date(f.value)])),
    );
  }
}

function inputOf(core: SchedulerCore, service: ServiceConfig): WorkInput {
  const { readings } = core.collectors;
  const entries = readings.entries.get(service.name);
  const drills = readings.drills.get(service.name);
  const copies = [...(readings.copies.get(service.name)?.values() ?? [])];
  const attempt = (kind: string): Date | null => core.lastAttempt.get(`${service.name}:${kind}`) ?? null;
  return {
    service: service.name,
    hasComponents: service.postgres !== null || Object.keys(service.backup.components).length > 0,
    schedules: jobSchedules(service),
    lastHandled: core.lastHandled.get(service.name) ?? new Map(),
    paused: core.pauses.has(service.name),
    entries: entries?.known === true ? entries.value : null,
    drills: drills?.known === true ? drills.value : null,
    running: core.operations.running().filter((o) => o.service === service.name),
    copiesBehind: copies.some((c) => c.known && c.value.connected && c.value.queue > 0),
    lastBackupAttemptAt: attempt('backup'),
    lastDrillAttemptAt: attempt('drill'),
    lastCopyAttemptAt: attempt('copy'),
  };
}

async function remember(core: SchedulerCore, service: string, jobs: readonly JobName[], at: Date): Promise<void> {
  const map = core.lastHandled.get(service) ?? new Map<JobName, Date>();
  core.lastHandled.set(service, map);
  for (const job of jobs) {
    await core.deps.store.facts.set(`last_run:${service}:${job}`, at.toISOString());
    map.set(job, at);
  }
}

function requestFor(service: string, work: Exclude<Work, { kind: 'baseline' }>, makesBackup: boolean): AnyRequest {
  if (work.kind === 'backup') return { kind: 'backup', service, type: work.type, components: null, note: null };
  if (work.kind === 'drill') return { kind: 'drill', service, copy: null, isScheduled: true };
  return makesBackup ? { kind: 'copy', service, makesBackup } : { kind: 'copy', service };
}

async function start(core: SchedulerCore, service: ServiceConfig, work: Work): Promise<boolean> {
  const now = core.deps.clock.now();
  if (work.kind === 'baseline') {
    await remember(core, service.name, work.handles, now);
    return false;
  }
  const attempt = `${service.name}:${work.kind}`;
  core.lastAttempt.set(attempt, now);
  const options: RequestOptions = {
    actor: { name: 'scheduler', role: 'system', via: 'schedule' },
    remote: null,
    reason: work.reason,
    confirm: service.name,
    planEtag: null,
    idempotencyKey: null,
  };
  const makesBackup = core.deps.engine(service.backup.engine).abilities.copies === 'made';
  const begun = await core.operations.request(requestFor(service.name, work, makesBackup), options);
  if (begun.ok) {
    await remember(core, service.name, work.handles, now);
    forgetWhenDone(core, attempt, begun.value.id).catch((thrown: unknown) =>
      // At a stop the state may be closed before this reads it: then nothing will be attempted again anyway.
      core.deps.log.debug('the end of scheduled work was not seen', {
        operation: begun.value.id,
        error: String(thrown),
      }),
    );
    return true;
  }
  // A held service is tried again at the next tick; the schedule does not move on.
  if (begun.error.code === 'operation_conflict') core.lastAttempt.delete(attempt);
  else
    core.deps.log.warn('scheduled work was refused', {
      service: service.name,
      kind: work.kind,
      code: begun.error.code,
      error: begun.error.message,
    });
  return false;
}

/** The wait between attempts is for failures only: what succeeded may be needed again at once. */
async function forgetWhenDone(core: SchedulerCore, attempt: string, operationId: string): Promise<void> {
  const ended = await core.operations.finished(operationId, new AbortController().signal);
  if (ended.ok && ended.value.state === 'succeeded') core.lastAttempt.delete(attempt);
}

function nextRunsOf(core: SchedulerCore, service: ServiceConfig): ReadonlyMap<string, Date | null> {
  const handled = core.lastHandled.get(service.name);
  const now = core.deps.clock.now();
  return new Map(
    jobNames.map((job) => {
      const schedule = jobSchedules(service).find((s) => s.job === job);
      const last = handled?.get(job);
      const from = last !== undefined && +last <= +now ? last : now;
      return [job, schedule === undefined ? null : nextRun(schedule, from)];
    }),
  );
}
