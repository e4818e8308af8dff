import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet } from '../../../contract/scaling.ts';
import type { Clock } from '../../../ports/index.ts';
import { oneLine } from '../../health/words.ts';
import type { ScaleRequest, ScaleResult, ScalingContext } from '../port.ts';
import { victimsOf } from '../victims.ts';
import { statusOf, type DockerApi } from './api.ts';
import { isDead, isDraining, isOurs, lookAtContainers, nameOf, type Memory, type Seen } from './containers.ts';
import { readLoads, withLoads } from './load.ts';
import type { DockerOptions } from './options.ts';
import type { CheckReady } from './ready.ts';
import { bodyOf, newName } from './template.ts';

export interface Yard {
  readonly api: DockerApi;
  readonly options: DockerOptions;
  readonly service: string;
  readonly clock: Clock;
  readonly check: CheckReady;
  readonly memory: Memory;
}

const lookEveryMs = 250;
/** After it has ended: until the product no longer lists it. */
const goneWithinMs = 20_000;
const nameTries = 20;

export function lookAt(yard: Yard, signal: AbortSignal): Promise<Outcome<readonly Seen[]>> {
  return lookAtContainers(yard.api, yard.options, yard, signal);
}

/** With what each is loaded by; only where somebody asks for it, because each is one call more. */
export async function lookWithLoads(yard: Yard, signal: AbortSignal): Promise<Outcome<readonly Seen[]>> {
  const seen = await lookAt(yard, signal);
  if (!seen.ok) return seen;
  await readLoads(yard.api, seen.value, yard.memory.loads, signal);
  return ok(withLoads(seen.value, yard.memory.loads));
}

export function fleetOf(seen: readonly Seen[]): Fleet {
  return { instances: seen.map(({ instance }) => instance), wanted: null, ownedBy: null };
}

export interface Plan {
  /** Dead ones of ours, ended and removed whatever the number. */
  readonly clear: readonly Seen[];
  readonly end: readonly Seen[];
  readonly make: number;
}

/** Pure. */
export function planContainers(seen: readonly Seen[], request: ScaleRequest, service: string): Plan {
  const named = (one: Seen) => request.remove.includes(one.instance.name);
  // One that ended and that somebody else made is left to them: its files may be all that tells why.
  const clear = seen.filter((one) => isDead(one) && (isOurs(one, service) || named(one)));
  const alive = seen.filter((one) => !isDead(one) && !isDraining(one));
  const victims = victimsOf(fleetOf(alive), request.desired, request.remove);
  return {
    clear,
    end: victims.flatMap((name) => alive.filter(({ instance }) => instance.name === name)),
    make: Math.max(0, request.desired - alive.length),
  };
}

export async function scaleContainers(
  yard: Yard,
  request: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const before = await lookWithLoads(yard, context.signal);
  if (!before.ok) return before;
  const plan = planContainers(before.value, request, yard.service);
  // What ends already is waited for, too: it is accounted for when it has gone.
  const ending = [...plan.end, ...before.value.filter(isDraining)];
  const cleared = await endAll(yard, [...plan.clear, ...ending], request, context);
  if (!cleared.ok) return cleared;
  const made = await makeAll(yard, plan.make, before.value, context);
  const added = made.ok ? made.value : ((made.error.details?.['added'] ?? []) as readonly string[]);
  if (!made.ok && added.length === 0) return made;
  const after = made.ok ? await waitUntilReady(yard, { before: before.value, added, request }, context) : made;
  if (!after.ok) return after;
  const names = after.value.map(({ instance }) => instance.name);
  const gone = before.value.filter((one) => !isDead(one) && !isDraining(one)).map(({ instance }) => instance.name);
  return ok({
    fleet: fleetOf(after.value),
    added,
    removed: gone.filter((name) => !names.includes(name)),
  });
}

/** Each gets its time to finish; the product kills it after that. Waits until none is listed. */
async function endAll(
  yard: Yard,
  which: readonly Seen[],
  request: ScaleRequest,
  { signal, note }: ScalingContext,
): Promise<Outcome<null>> {
  if (which.length === 0) return ok(null);
  const ended = await Promise.all(which.map((one) => endOne(yard, one, request.drainSeconds, signal)));
  for (const [n, outcome] of ended.entries()) {
    if (!outcome.ok) return outcome;
    note(`${which[n]?.instance.name ?? ''} ended and was removed`);
  }
  const ids = new Set(which.map(({ container }) => container.Id));
  const until = +yard.clock.now() + goneWithinMs;
  for (;;) {
    const listed = await yard.api.list(yard.options.labels, signal);
    if (!listed.ok) return listed;
    const left = listed.value.filter(({ Id }) => ids.has(Id));
    if (left.length === 0) {
      for (const id of ids) yard.memory.ending.delete(id);
      return ok(null);
    }
    if (signal.aborted) return fail('cancelled', 'waiting for containers to go was cancelled');
    if (+yard.clock.now() >= until)
      return fail('scaling_failed', `${left.length} containers were removed and are still listed`);
    await yard.clock.sleep(lookEveryMs, signal);
  }
}

async function endOne(yard: Yard, one: Seen, seconds: number, signal: AbortSignal): Promise<Outcome<null>> {
  const { Id } = one.container;
  yard.memory.ending.add(Id);
  if (!isDead(one)) {
    const stopped = await yard.api.stop(Id, seconds, signal);
    // 304: it had ended; 404: it has gone.
    if (!stopped.ok && ![304, 404].includes(statusOf(stopped) ?? 0)) {
      // Refused: it goes on. Without an answer, or cancelled: the product goes on stopping it.
      if (statusOf(stopped) !== null) yard.memory.ending.delete(Id);
      return stopped;
    }
  }
  const removed = await yard.api.remove(Id, signal);
  // 409: --rm removes it already.
  if (!removed.ok && ![404, 409].includes(statusOf(removed) ?? 0)) return removed;
  yard.memory.ready.delete(Id);
  return ok(null);
}

/** Errors: `instance_not_ready` with those that were made before the one that failed. */
async function makeAll(
  yard: Yard,
  count: number,
  before: readonly Seen[],
  { signal, note }: ScalingContext,
): Promise<Outcome<readonly string[]>> {
  if (count === 0) return ok([]);
  const body = bodyOf(yard.options, yard.service, before.filter((one) => !isDead(one)).at(-1)?.container ?? null);
  if (!body.ok) return body;
  const taken = new Set(before.map(({ container }) => nameOf(container)));
  const added: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const made = await makeOne(yard, body.value, taken, signal);
    if (!made.ok && made.error.code === 'cancelled') return made;
    if (!made.ok)
      return fail(added.length === 0 ? 'scaling_failed' : 'instance_not_ready', made.error.message, {
        details: { ...made.error.details, added },
      });
    added.push(made.value);
    note(`${made.value} was made and started`);
  }
  return ok(added);
}

async function makeOne(yard: Yard, body: object, taken: Set<string>, signal: AbortSignal): Promise<Outcome<string>> {
  for (let n = 1; ; n += 1) {
    const name = newName(yard.service, taken);
    taken.add(name);
    const made = await yard.api.create(name, body, signal);
    // Somebody else's container has the name (Podman 4.3.1 says 500 then).
    const isTaken = [409, 500].includes(statusOf(made) ?? 0) && !made.ok && /in use/.test(made.error.message);
    if (isTaken && n < nameTries) continue;
    if (!made.ok) return statusOf(made) === 404 ? noImage(made.error.message) : made;
    const started = await yard.api.start(made.value, signal);
    if (started.ok) return ok(name);
    // It never ran: nothing of it is needed to see why.
    await yard.api.remove(made.value, AbortSignal.timeout(goneWithinMs));
    return started;
  }
}

function noImage(message: string): Outcome<never> {
  return fail('scaling_failed', `${message}; Genesis never pulls an image: pull it on this host first`);
}

interface Waiting {
  readonly before: readonly Seen[];
  readonly added: readonly string[];
  readonly request: ScaleRequest;
}

/**
 * One that ends while it is waited for will not get ready: it is not waited for any longer. Those that were ready before are not what is
 * waited for: one that fails its check for too much work is why there are to be more, and no reason to take the new ones back.
 */
async function waitUntilReady(
  yard: Yard,
  { before, added, request }: Waiting,
  { signal }: ScalingContext,
): Promise<Outcome<readonly Seen[]>> {
  const known = new Set(before.filter(({ instance }) => instance.state !== 'starting').map((one) => one.instance.name));
  const until = +yard.clock.now() + request.readySeconds * 1000;
  for (;;) {
    const now = await lookAt(yard, signal);
    if (signal.aborted) return fail('cancelled', 'waiting for new containers was cancelled; they are left as they are');
    if (!now.ok && !now.error.retryable) return now;
    const alive = now.ok ? now.value.filter((one) => !isDraining(one)) : [];
    const late = alive.filter(({ instance }) => instance.state !== 'ready' && !known.has(instance.name));
    const lost = added.filter((name) => !alive.some(({ instance }) => instance.name === name));
    if (now.ok && late.length === 0 && lost.length === 0) return countOf(now.value, request);
    const isOver = +yard.clock.now() >= until || lost.length > 0 || late.some(isDead);
    if (isOver && !now.ok) return now;
    if (isOver) return notReady(late, lost, request);
    await yard.clock.sleep(lookEveryMs, signal);
  }
}

function countOf(now: readonly Seen[], { desired }: ScaleRequest): Outcome<readonly Seen[]> {
  const alive = now.filter((one) => !isDead(one) && !isDraining(one)).length;
  return alive === desired
    ? ok(now)
    : fail('scaling_conflict', `${alive} containers run, ${desired} were asked for: somebody else makes or ends some`);
}

function notReady(late: readonly Seen[], lost: readonly string[], request: ScaleRequest): Outcome<never> {
  const words = [
    ...late.map(({ instance }) => `${instance.name}: ${instance.detail ?? instance.state}`),
    ...lost.map((name) => `${name} has gone`),
  ];
  return fail('instance_not_ready', oneLine(`not ready within ${request.readySeconds} s: ${words.join('; ')}`), {
    details: { added: late.map(({ instance }) => instance.name) },
  });
}
