import { fail, ok, type OpError, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { ScalingRecord, ScalingTrigger } from '../../contract/scaling-facts.ts';
import type { Fleet, ScalingPolicy } from '../../contract/scaling.ts';
import { scheduleAt } from '../../core/scaling-schedule.ts';
import { chooseRemoved } from '../../core/scaling.ts';
import type { ScaleRequest, ScalingEngine } from '../../engines/scaling/port.ts';
import type { Breakers } from '../breakers.ts';
import { blocker, type Blocker, type Handler, type HandlerDeps, type PlanDraft } from '../handler.ts';
import type { Lease } from '../lease.ts';
import type { RunTools } from '../run-tools.ts';
import { scalingBreaker } from '../scaling/breaker.ts';
import type { ScalingMemory } from '../scaling/kept.ts';
import type { ScaleAsk, ScalingWatch, WatchedScaling } from '../scaling/watch.ts';

export interface ScaleHandlerDeps {
  readonly handlers: HandlerDeps;
  readonly watch: Pick<ScalingWatch, 'resolve'>;
  readonly memory: ScalingMemory;
  readonly breakers: Breakers;
  readonly lease: Lease;
  protect(service: string, fleet: Fleet): Fleet;
}

/** What is asked for, with what is there now. */
interface Aim {
  readonly watched: WatchedScaling;
  readonly fleet: Fleet;
  readonly current: number;
  readonly request: ScaleRequest;
  readonly blockers: readonly Blocker[];
}

/** Sets the number of instances: what is new has to get ready, or is ended again; what goes is drained first. */
export function createScaleHandler(deps: ScaleHandlerDeps): Handler<ScaleAsk> {
  return {
    serviceOf: async ({ service }) => {
      const found = await deps.handlers.service(service);
      return found.ok ? ok(found.value.config.name) : found;
    },
    plan: async (request) => {
      const { signal } = new AbortController();
      const aim = await aimOf(deps, request, signal);
      return aim.ok ? draftOf(aim.value, request, signal) : aim;
    },
    run: (request, operation, tools) => run(deps, request, operation, tools),
    recover: (request, operation) => recover(deps, request, operation),
  };
}

/** Those that serve or are about to. */
function countOf({ instances }: Fleet): number {
  return instances.filter(({ state }) => state === 'ready' || state === 'starting').length;
}

async function aimOf(deps: ScaleHandlerDeps, ask: ScaleAsk, signal: AbortSignal): Promise<Outcome<Aim>> {
  const watched = await deps.watch.resolve(ask.service);
  if (!watched.ok) return watched;
  const { engine, policy } = watched.value;
  const seen = await engine.fleet(signal);
  if (!seen.ok) return seen;
  const fleet = deps.protect(ask.service, seen.value);
  const current = countOf(fleet);
  const going = current - ask.desired;
  const chosen = going > 0 ? chooseRemoved(fleet, going) : [];
  const remove = ask.remove !== undefined && ask.remove.length >= going ? ask.remove : chosen;
  const request = {
    desired: ask.desired,
    remove,
    readySeconds: policy.readySeconds,
    drainSeconds: policy.drainSeconds,
  };
  const blockers = [...blockersOf(deps, ask, policy, fleet, engine, chosen.length, going)];
  return ok({ watched: watched.value, fleet, current, request, blockers });
}

function* blockersOf(
  deps: ScaleHandlerDeps,
  ask: ScaleAsk,
  policy: ScalingPolicy,
  fleet: Fleet,
  engine: ScalingEngine,
  removable: number,
  going: number,
): Generator<Blocker> {
  const now = deps.handlers.clock.now();
  const schedule = scheduleAt(policy.schedules, now);
  const [min, max] = [schedule?.min ?? policy.min, schedule?.max ?? policy.max];
  if (ask.desired < min || ask.desired > max)
    yield blocker('scaling_held', `${ask.desired} is outside the bounds of ${ask.service}: ${min} to ${max}`);
  if (fleet.ownedBy !== null)
    yield blocker('scaling_held', `${fleet.ownedBy} sets the number of ${ask.service}; change it there`);
  if (engine.choosesRemoved && going > 0 && removable < going)
    yield blocker('scaling_held', `only ${removable} of ${going} may be removed: ${protectedInWords(fleet)}`);
  if (ask.trigger === undefined) return;
  // Decided a while ago, perhaps: whoever paused it since must be heard.
  const { pause } = deps.memory.of(ask.service);
  if (policy.mode !== 'auto') yield blocker('scaling_held', `the mode is ${policy.mode} by now`);
  if (pause !== null && Date.parse(pause.until) > +now)
    yield blocker('scaling_held', `${pause.by} paused it until ${pause.until}`);
}

function protectedInWords({ instances }: Fleet): string {
  const kept = instances.flatMap(({ name, protectedBy }) => (protectedBy === null ? [] : [`${name} (${protectedBy})`]));
  return kept.length === 0 ? 'the others are not ready' : kept.join(', ');
}

async function draftOf(
  { watched, current, request, blockers }: Aim,
  ask: ScaleAsk,
  signal: AbortSignal,
): Promise<Outcome<PlanDraft>> {
  const { engine, policy } = watched;
  const steps = await engine.dryRun(request, signal);
  if (!steps.ok) return steps;
  const warnings = await engine.warnings(signal);
  const { cost } = policy;
  const change = ask.desired - current;
  return ok({
    steps: steps.value,
    blockers,
    warnings: [
      ...warnings,
      ...(change === 0 ? [`${ask.desired} are there already: nothing would be done`] : []),
      ...(policy.mode === 'auto' ? ['the policy goes on from this number, after its cooldowns'] : []),
    ],
    facts: { current, desired: ask.desired },
    shown: {
      change,
      min: policy.min,
      max: policy.max,
      remove: change < 0 ? request.remove : [],
      costPerHourBefore: cost === null ? null : current * cost.instanceHour,
      costPerHourAfter: cost === null ? null : ask.desired * cost.instanceHour,
      currency: cost?.currency ?? null,
      ceilingPerHour: cost?.ceilingPerHour ?? null,
    },
    consequences: {
      stops:
        change < 0 ? [`${-change} of ${current} instances, each after up to ${policy.drainSeconds} s of draining`] : [],
      bytes: null,
      atStake: change < 0 ? [`work that an instance does not end within ${policy.drainSeconds} s`] : [],
      wayBack: `set ${current} again`,
      isLike: (params) => Math.sign(Number(params['desired']) - current) === Math.sign(change),
    },
  });
}

async function run(
  deps: ScaleHandlerDeps,
  ask: ScaleAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const aim = await aimOf(deps, ask, tools.signal);
  if (!aim.ok) return aim;
  const { current, blockers, request } = aim.value;
  const [first] = blockers;
  if (first !== undefined) return fail(first.code, first.message);
  if ((await deps.lease.holder()) === null)
    return fail('scaling_held', 'another exporter acts for this service by now');
  const trigger: ScalingTrigger = ask.trigger ?? 'manual';
  const changing = { operationId: operation.id, before: current, wanted: ask.desired, trigger };
  await deps.memory.change(ask.service, (kept) => ({ ...kept, changing }));
  const done = await effect(deps, ask, operation, aim.value, tools);
  await conclude(deps, ask, operation, current, done);
  const { after, added, removed, rolledBack } = done;
  if (done.error !== null) return { ok: false, error: done.error };
  return ok({ before: current, wanted: request.desired, after, added, removed, rolledBack });
}

/** What came of it. */
interface Done {
  readonly after: number | null;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly rolledBack: boolean;
  readonly error: OpError | null;
}

async function effect(
  deps: ScaleHandlerDeps,
  ask: ScaleAsk,
  operation: Operation,
  { watched, current, request }: Aim,
  tools: Pick<RunTools, 'step' | 'signal'>,
): Promise<Done> {
  const { engine } = watched;
  const scaled = await tools.step(`from ${current} to ${request.desired} instances`, (note) =>
    throughBreaker(deps, ask, () => engine.scale(request, { signal: tools.signal, operation: operation.id, note })),
  );
  if (scaled.ok) {
    const { fleet, added, removed } = scaled.value;
    return { after: countOf(fleet), added, removed, rolledBack: false, error: null };
  }
  const added = addedOf(scaled.error);
  const rolledBack = scaled.error.code === 'instance_not_ready' && (await rollBack(engine, operation, current, added, request, tools)); // prettier-ignore
  const seen = await engine.fleet(new AbortController().signal);
  return { after: seen.ok ? countOf(seen.value) : null, added, removed: [], rolledBack, error: scaled.error };
}

/** It keeps the automation from trying for ever; a person who has mended something need not wait for it, and may close it. */
async function throughBreaker<T>(
  { breakers }: ScaleHandlerDeps,
  ask: ScaleAsk,
  call: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (ask.trigger !== undefined) return breakers.guarded(ask.service, scalingBreaker, call);
  const done = await call();
  if (done.ok || done.error.code !== 'cancelled') await breakers.tell(ask.service, scalingBreaker, done.ok);
  return done;
}

function addedOf({ details }: OpError): readonly string[] {
  const added = details?.['added'];
  return Array.isArray(added) ? added.filter((one): one is string => typeof one === 'string') : [];
}

/** Instances that never got ready cost money and serve nobody. A cancel must not keep them. Those beside them that did get ready are drained. */
async function rollBack(
  engine: ScalingEngine,
  operation: Operation,
  before: number,
  added: readonly string[],
  { readySeconds, drainSeconds }: ScaleRequest,
  tools: Pick<RunTools, 'step'>,
): Promise<boolean> {
  const { signal } = new AbortController();
  const request = { desired: before, remove: added, readySeconds, drainSeconds };
  const ended = await tools.step('end the new instances again', (note) =>
    engine.scale(request, { signal, operation: operation.id, note }),
  );
  return ended.ok;
}

async function conclude(
  deps: ScaleHandlerDeps,
  ask: ScaleAsk,
  operation: Operation,
  before: number,
  done: Done,
): Promise<void> {
  const { clock } = deps.handlers;
  const endedAt = clock.now().toISOString();
  const startedAt = operation.startedAt ?? operation.createdAt;
  const action = ask.desired < before ? ('scale_down' as const) : ('scale_up' as const);
  const succeeded = done.error === null;
  const isRepair = ask.trigger === 'repair';
  const decision = deps.memory.of(ask.service).decisions[0];
  const record: ScalingRecord = {
    operationId: operation.id,
    action,
    trigger: ask.trigger ?? 'manual',
    before,
    wanted: ask.desired,
    after: done.after,
    startedAt,
    endedAt,
    seconds: (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
    succeeded,
    rolledBack: done.rolledBack,
    reason: operation.reason ?? '',
    metrics: Object.fromEntries(
      (decision?.votes ?? []).flatMap(({ metric, reading }) => (reading.known ? [[metric, reading.value]] : [])),
    ),
    error: done.error?.message ?? null,
    by: operation.actor.name,
  };
  // First of the two: after a crash between them it is concluded once more, and replaces its record.
  await deps.memory.record(ask.service, record);
  await deps.memory.change(ask.service, (kept) => ({
    ...kept,
    changing: null,
    // What failed is not wanted any more: the next evaluation decides by what is there.
    desired: succeeded ? ask.desired : (done.after ?? before),
    // What only puts right must not make the load wait for its cooldown.
    lastUpAt: action === 'scale_up' && !isRepair ? endedAt : kept.lastUpAt,
    lastDownAt: action === 'scale_down' && !isRepair ? endedAt : kept.lastDownAt,
    lastByMetric: {
      ...kept.lastByMetric,
      ...Object.fromEntries((ask.metrics ?? []).map((metric) => [metric, endedAt])),
    },
  }));
  if (done.error?.code === 'cancelled') return;
  await deps.handlers.measure({
    kind: 'scaling',
    service: ask.service,
    at: endedAt,
    labels: {
      region: deps.handlers.config().services.find(({ name }) => name === ask.service)?.region ?? 'local',
      action,
      result: succeeded ? 'success' : 'failure',
    },
    durationSeconds: record.seconds,
  });
}

/**
 * After a crash: what was begun is looked at, and nothing is waited for: instances that start go on starting, and the next evaluation
 * finishes what is half done (see `repair`) towards the number that was wanted.
 */
async function recover(
  deps: ScaleHandlerDeps,
  ask: ScaleAsk,
  operation: Operation,
): Promise<{ readonly state: 'interrupted' | 'succeeded'; readonly left: string }> {
  await deps.memory.load([ask.service]);
  const { changing } = deps.memory.of(ask.service);
  if (changing?.operationId !== operation.id)
    return { state: 'interrupted', left: 'nothing: it had not begun to change anything' };
  const watched = await deps.watch.resolve(ask.service);
  const seen = watched.ok ? await watched.value.engine.fleet(new AbortController().signal) : watched;
  if (!seen.ok) return { state: 'interrupted', left: `not looked at: ${seen.error.message}` };
  const { instances } = seen.value;
  const there = countOf(seen.value);
  const ready = instances.filter(({ state }) => state === 'ready').length;
  const done = { after: there, added: [], removed: [], rolledBack: false };
  if (ready === ask.desired && instances.length === ready) {
    await conclude(deps, ask, operation, changing.before, { ...done, error: null });
    return { state: 'succeeded', left: 'it had ended; every instance was looked at' };
  }
  await deps.memory.change(ask.service, (kept) => ({ ...kept, desired: ask.desired, changing: null }));
  return {
    state: 'interrupted',
    left: `${ready} of ${instances.length} instances are ready, ${ask.desired} were wanted; the next evaluation goes on from there`,
  };
}
