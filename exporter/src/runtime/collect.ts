import { statfs } from 'node:fs/promises';
import type { CatalogueEntry } from '../contract/backup.ts';
import { fail, ok, OpError, toOpError, type Outcome } from '../contract/errors.ts';
import { unknown, type Observed } from '../contract/observed.ts';
import type { DrillRecord } from '../contract/operation.ts';
import type {
  CollectorName,
  CollectorSnapshot,
  CopyFacts,
  RepositoryFacts,
  SystemFacts,
} from '../contract/snapshot.ts';
import type { HandlerDeps } from './handler.ts';
import { isConnected, isSameDisk } from './mounts.ts';
import { observedFrom } from './observe.ts';
import { seenFact } from './handlers/copy.ts';
import type { ResolvedCopy, ResolvedService } from './services.ts';
import { dirname } from 'node:path';

/** The last reading of everything, kept until the next one; each says when it was made and whether it is known. */
export interface Readings {
  readonly entries: Map<string, Observed<readonly CatalogueEntry[]>>;
  readonly lastAttempts: Map<string, ReadonlyMap<string, { readonly endedAt: string; readonly success: boolean }>>;
  readonly repository: Map<string, Observed<RepositoryFacts>>;
  readonly copies: Map<string, Map<string, Observed<CopyFacts>>>;
  readonly drills: Map<string, Observed<readonly DrillRecord[]>>;
  system: Observed<SystemFacts>;
}

export interface CollectorDeps extends HandlerDeps {
  readSystem(): Promise<Outcome<SystemFacts>>;
}

interface Collector {
  readonly name: CollectorName;
  intervalSeconds(): number;
  /** Resolves with the first failure, or null when every reading succeeded. */
  collect(): Promise<OpError | null>;
}

export interface Collectors {
  readonly readings: Readings;
  /** Runs what is due; one that still runs is not started again. Resolves with whether anything was read. */
  runDue(nowMs: number): Promise<boolean>;
  /** All, now: after an operation has ended, and for commands that run without a server. */
  runAll(): Promise<void>;
  snapshot(): readonly CollectorSnapshot[];
}

async function nearestStatfs(path: string): Promise<Outcome<RepositoryFacts>> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const s = await statfs(at);
      return ok({ freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize });
    } catch (thrown) {
      const error = toOpError(thrown, 'repository_unreadable');
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) return { ok: false, error };
    }
  }
}

async function readCopy(
  deps: CollectorDeps,
  service: ResolvedService,
  copy: ResolvedCopy,
  entries: readonly CatalogueEntry[],
): Promise<Outcome<CopyFacts>> {
  const seen = (await deps.store.facts.get(seenFact(service.config.name, copy.name))) !== null;
  const connected = await isConnected(copy, seen, deps.markerFile(service.config.backup.engine));
  const waiting = entries.filter((e) => !e.copies.includes(copy.name));
  const newest = entries.find((e) => e.copies.includes(copy.name)) ?? null;
  const oldestWaiting = waiting.at(-1);
  const space = await nearestStatfs(copy.ref.path);
  if (!space.ok) return space;
  return ok({
    connected,
    lagSeconds:
      oldestWaiting === undefined ? 0 : Math.max(0, (+deps.clock.now() - Date.parse(oldestWaiting.endedAt)) / 1000),
    queue: waiting.length,
    newestBackupEndedAt: newest?.endedAt ?? null,
    freeBytes: space.value.freeBytes,
    sameDisk: await isSameDisk(copy.ref.path, service.repository.path),
  });
}

const attemptPattern = /^last_attempt:[^:]+:(.+)$/;

export function createCollectors(deps: CollectorDeps): Collectors {
  const at = (): string => deps.clock.now().toISOString();
  const readings: Readings = {
    entries: new Map(),
    lastAttempts: new Map(),
    repository: new Map(),
    copies: new Map(),
    drills: new Map(),
    system: unknown(at(), new OpError('internal', 'not read yet')),
  };

  async function eachService(read: (name: string) => Promise<OpError | null>): Promise<OpError | null> {
    let first: OpError | null = null;
    const names = deps.config().services.map((s) => s.name);
    for (const map of [
      readings.entries,
      readings.lastAttempts,
      readings.repository,
      readings.copies,
      readings.drills,
    ]) {
      for (const name of map.keys()) if (!names.includes(name)) map.delete(name);
    }
    for (const name of names) {
      const error = await read(name).catch((thrown: unknown) => toOpError(thrown));
      first ??= error;
    }
    return first;
  }

  function keep<T>(map: Map<string, Observed<T>>, name: string, outcome: Outcome<T>): OpError | null {
    map.set(name, observedFrom(at(), outcome));
    return outcome.ok ? null : outcome.error;
  }

  async function guarded<T>(read: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return ok(await read());
    } catch (thrown) {
      return { ok: false, error: toOpError(thrown) };
    }
  }

  async function catalogue(name: string): Promise<OpError | null> {
    const entries = await guarded(() => deps.store.backups.ofService(name));
    const facts = await guarded(() => deps.store.facts.list(`last_attempt:${name}:`));
    if (facts.ok) {
      readings.lastAttempts.set(
        name,
        new Map(
          facts.value.map((f) => [
            attemptPattern.exec(f.name)?.[1] ?? '',
            JSON.parse(f.value) as { endedAt: string; success: boolean },
          ]),
        ),
      );
    }
    return keep(readings.entries, name, entries) ?? (facts.ok ? null : facts.error);
  }

  async function repository(name: string): Promise<OpError | null> {
    const service = await deps.service(name);
    return keep(readings.repository, name, service.ok ? await nearestStatfs(service.value.repository.path) : service);
  }

  async function copies(name: string): Promise<OpError | null> {
    const service = await deps.service(name);
    const entries = await guarded(() => deps.store.backups.ofService(name));
    const found = new Map<string, Observed<CopyFacts>>();
    let first: OpError | null = null;
    for (const { name: copyName } of deps.config().services.find((s) => s.name === name)?.copies ?? []) {
      const copy = service.ok ? service.value.copies.find((c) => c.name === copyName) : undefined;
      const read = !service.ok
        ? service
        : !entries.ok
          ? entries
          : copy === undefined
            ? fail<CopyFacts>('not_found', `no copy ${copyName}`)
            : await readCopy(deps, service.value, copy, entries.value);
      first ??= keep(found, copyName, read);
    }
    readings.copies.set(name, found);
    return first;
  }

  async function drills(name: string): Promise<OpError | null> {
    return keep(
      readings.drills,
      name,
      await guarded(async () => (await deps.store.drills.list({ service: name, limit: 100 })).items),
    );
  }

  const dr = (): number => deps.config().collectors.dr_interval;
  const all: readonly Collector[] = [
    { name: 'catalogue', intervalSeconds: dr, collect: () => eachService(catalogue) },
    { name: 'repository', intervalSeconds: dr, collect: () => eachService(repository) },
    { name: 'copies', intervalSeconds: dr, collect: () => eachService(copies) },
    { name: 'drills', intervalSeconds: dr, collect: () => eachService(drills) },
    {
      name: 'system',
      intervalSeconds: () => deps.config().collectors.system_interval,
      collect: async () => {
        const read = await deps.readSystem();
        readings.system = observedFrom(at(), read);
        return read.ok ? null : read.error;
      },
    },
  ];
  const states = new Map(
    all.map((c) => [
      c.name,
      {
        running: false,
        lastStartMs: -Infinity,
        success: null as boolean | null,
        durationSeconds: null as number | null,
        lastSuccessAt: null as string | null,
      },
    ]),
  );

  async function run(collector: Collector): Promise<void> {
    const state = states.get(collector.name);
    if (state === undefined || state.running) return;
    state.running = true;
    state.lastStartMs = +deps.clock.now();
    const error = await collector.collect().catch((thrown: unknown) => toOpError(thrown));
    state.running = false;
    // A clock set back in between must not give a negative duration.
    state.durationSeconds = Math.max(0, (+deps.clock.now() - state.lastStartMs) / 1000);
    if (error !== null && state.success !== false)
      deps.log.warn('a collector failed', { collector: collector.name, code: error.code, error: error.message });
    state.success = error === null;
    if (error === null) state.lastSuccessAt = at();
  }

  return {
    readings,
    runDue: async (nowMs) => {
      const due = all.filter((c) => {
        const last = states.get(c.name)?.lastStartMs ?? -Infinity;
        return nowMs - last >= c.intervalSeconds() * 1000 || nowMs < last;
      });
      await Promise.all(due.map(run));
      return due.length > 0;
    },
    runAll: async () => {
      await Promise.all(all.map(run));
    },
    snapshot: () =>
      all.map((c) => {
        const s = states.get(c.name);
        return {
          name: c.name,
          intervalSeconds: c.intervalSeconds(),
          success: s?.success ?? null,
          durationSeconds: s?.durationSeconds ?? null,
          lastSuccessAt: s?.lastSuccessAt ?? null,
        };
      }),
  };
}
