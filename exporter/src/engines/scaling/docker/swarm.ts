import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet, Instance, InstanceState } from '../../../contract/scaling.ts';
import type { Clock } from '../../../ports/index.ts';
import { oneLine } from '../../health/words.ts';
import type { ScaleRequest, ScaleResult, ScalingContext } from '../port.ts';
import type { DockerApi } from './api.ts';
import type { Service, Task } from './objects.ts';
import type { DockerOptions } from './options.ts';

/** Replicas of a Swarm service: the number is set, Swarm starts and ends its tasks and chooses which. */

export interface Swarm {
  readonly api: DockerApi;
  readonly options: DockerOptions;
  readonly clock: Clock;
}

export interface SwarmLook {
  readonly service: Service;
  readonly replicas: number;
  /** Those that are to run, and those that end and have not ended. */
  readonly tasks: readonly Task[];
}

const lookEveryMs = 500;
const tries = 5;
const defaultGraceSeconds = 10;
/** Beyond the time that a task gets to end. */
const goneWithinMs = 30_000;
const ended = new Set(['complete', 'shutdown', 'failed', 'rejected', 'orphaned', 'remove']);
const before = new Set(['new', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting', 'allocated']);

export async function lookAtService({ api, options }: Swarm, signal: AbortSignal): Promise<Outcome<SwarmLook>> {
  const name = options.service;
  if (name === null) return fail('scaling_failed', 'docker.service is not set');
  const service = await api.service(name, signal);
  if (!service.ok) return service;
  const replicas = service.value.Spec.Mode?.Replicated?.Replicas ?? null;
  if (replicas === null) return fail('scaling_failed', `service ${name} is not replicated: one task runs on each node`);
  const tasks = await api.tasks(name, signal);
  if (!tasks.ok) return tasks;
  return ok({ service: service.value, replicas, tasks: tasks.value.filter(counts) });
}

/** A task that failed stays in the list, and another one takes its slot. */
function counts({ DesiredState, Status }: Task): boolean {
  const isToRun = DesiredState === 'running' || DesiredState === 'ready';
  return isToRun || !(ended.has(Status.State) || before.has(Status.State));
}

export function stateOfTask({ DesiredState, Status }: Task): InstanceState {
  if (DesiredState !== 'running' && DesiredState !== 'ready') return 'draining';
  // With a health check Swarm says running only once it passed.
  if (Status.State === 'running') return 'ready';
  if (ended.has(Status.State)) return 'unready';
  return before.has(Status.State) ? 'starting' : 'unknown';
}

const staying = (tasks: readonly Task[]): readonly Task[] => tasks.filter((task) => stateOfTask(task) !== 'draining');

export function nameOfTask(task: Task, service: Service): string {
  return `${service.Spec.Name}.${task.Slot ?? 0}.${task.ID}`;
}

export function swarmFleet({ service, replicas, tasks }: SwarmLook, port: number | null): Fleet {
  const instances = tasks.map((task): Instance => {
    const state = stateOfTask(task);
    const address = task.NetworksAttachments?.flatMap(({ Addresses }) => Addresses ?? [])[0]?.split('/')[0];
    const created = task.CreatedAt ?? null;
    return {
      name: nameOfTask(task, service),
      state,
      startedAt: created === null ? null : new Date(created).toISOString(),
      address: address === undefined || port === null ? null : `${address}:${port}`,
      load: null,
      protectedBy: null,
      detail:
        state === 'ready' ? null : oneLine(`${task.Status.State}: ${task.Status.Err || task.Status.Message || ''}`),
    };
  });
  return { instances, wanted: replicas, ownedBy: null };
}

export async function scaleService(
  swarm: Swarm,
  request: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const first = await lookAtService(swarm, context.signal);
  if (!first.ok) return first;
  const set = await setReplicas(swarm, first.value, request, context);
  if (!set.ok) return set;
  const names = (seen: SwarmLook) => staying(seen.tasks).map((task) => nameOfTask(task, seen.service));
  const after = await settle(swarm, first.value, request, context.signal);
  if (!after.ok) return after;
  const [was, is] = [names(first.value), names(after.value)];
  return ok({
    fleet: swarmFleet(after.value, swarm.options.port),
    added: is.filter((name) => !was.includes(name)),
    removed: was.filter((name) => !is.includes(name)),
  });
}

/** The whole definition goes back with its version; another version means that somebody else was there. */
async function setReplicas(
  swarm: Swarm,
  seen: SwarmLook,
  { desired }: ScaleRequest,
  { signal, note }: ScalingContext,
): Promise<Outcome<null>> {
  let now = seen;
  for (let n = 1; ; n += 1) {
    if (now.replicas === desired) return ok(null);
    if (now.replicas !== seen.replicas)
      return fail('scaling_conflict', `somebody else set ${now.service.Spec.Name} to ${now.replicas}`);
    const { ID, Version, Spec } = now.service;
    const Mode = { ...Spec.Mode, Replicated: { ...Spec.Mode?.Replicated, Replicas: desired } };
    const written = await swarm.api.updateService(ID, Version.Index, { ...Spec, Mode }, signal);
    if (written.ok) {
      note(`${Spec.Name} is set from ${seen.replicas} to ${desired}`);
      return ok(null);
    }
    // Docker says so with 500.
    if (!/out of sequence/.test(written.error.message)) return written;
    if (n >= tries) return fail('scaling_conflict', `${Spec.Name} changes all the time: ${written.error.message}`);
    await swarm.clock.sleep(lookEveryMs, signal);
    const again = await lookAtService(swarm, signal);
    if (!again.ok) return again;
    now = again.value;
  }
}

async function settle(
  swarm: Swarm,
  first: SwarmLook,
  request: ScaleRequest,
  signal: AbortSignal,
): Promise<Outcome<SwarmLook>> {
  const isIn = request.desired < staying(first.tasks).length;
  const grace = (first.service.Spec.TaskTemplate?.ContainerSpec?.StopGracePeriod ?? 0) / 1e9 || defaultGraceSeconds;
  const ms = isIn ? Math.max(grace, request.drainSeconds) * 1000 + goneWithinMs : request.readySeconds * 1000;
  // Not waited for: what was there before. One that fails for too much work is why there are to be more.
  const known = new Set(
    first.tasks.filter((task) => ['ready', 'unready'].includes(stateOfTask(task))).map(({ Slot }) => Slot),
  );
  const until = +swarm.clock.now() + ms;
  for (;;) {
    const now = await lookAtService(swarm, signal);
    if (signal.aborted) return fail('cancelled', 'waiting for the tasks was cancelled; Swarm goes on by itself');
    if (!now.ok && !now.error.retryable) return now;
    if (now.ok && now.value.replicas !== request.desired)
      return fail(
        'scaling_conflict',
        `somebody else set ${first.service.Spec.Name} to ${now.value.replicas} meanwhile`,
      );
    if (now.ok && isSettled(now.value, request, isIn, known)) return now;
    if (+swarm.clock.now() >= until) return now.ok ? notSettled(now.value, isIn, ms, known) : now;
    await swarm.clock.sleep(lookEveryMs, signal);
  }
}

function isSettled(
  { tasks }: SwarmLook,
  { desired }: ScaleRequest,
  isIn: boolean,
  known: ReadonlySet<Task['Slot']>,
): boolean {
  if (isIn) return tasks.length <= desired;
  const alive = staying(tasks);
  return alive.length === desired && alive.every((task) => stateOfTask(task) === 'ready' || known.has(task.Slot));
}

function notSettled(seen: SwarmLook, isIn: boolean, ms: number, known: ReadonlySet<Task['Slot']>): Outcome<never> {
  const late = seen.tasks.filter((task) => stateOfTask(task) !== 'ready' && (isIn || !known.has(task.Slot)));
  const words = late.map((task) => {
    const { State, Err, Message } = task.Status;
    return `${nameOfTask(task, seen.service)} ${State}: ${Err || Message || ''}`;
  });
  const said = oneLine(`after ${ms / 1000} s: ${words.join('; ') || `${seen.tasks.length} tasks`}`);
  if (isIn) return fail('scaling_failed', `tasks still run ${said}`);
  return fail('instance_not_ready', `not ready ${said}`, {
    details: { added: late.map((task) => nameOfTask(task, seen.service)) },
  });
}
