import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { oneLine } from '../../health/words.ts';
import type { ScaleRequest } from '../port.ts';
import { look, wantedOf, type Look } from './look.ts';
import { isEnding, isReady, stateOf, whyNotReady } from './pods.ts';
import type { Hands } from './write.ts';

/** Often at first, then seldom: each look is three calls. */
const firstLookMs = 100;
const lastLookMs = 1000;
/** Between the end of the grace time and the last word of the kubelet. */
const goneWithinMs = 30_000;

export interface Waiting {
  readonly hands: Hands;
  readonly request: ScaleRequest;
  readonly before: Look;
  /** False: another controller holds the number, which may be more than was asked for. */
  readonly exact: boolean;
}

const alivePods = (seen: Look) => seen.pods.filter((pod) => !isEnding(pod));

/** Whether what runs is what was asked for, and has been noticed by the controller. Pure. */
export function isOut({ request, before }: Waiting, now: Look): boolean {
  const alive = alivePods(now);
  const known = knownOf(before);
  const ready = alive.filter(isReady).length;
  return (
    // More during a rollout, which starts new ones before it ends old ones.
    alive.length >= request.desired &&
    alive.every((pod) => isReady(pod) || known.has(pod.metadata.name)) &&
    hasNoticed(now) &&
    (now.workload.status?.readyReplicas ?? 0) >= ready
  );
}

/**
 * Those that were ready, or failed, before anything was asked for are not what is waited for: one that fails its probe for too much work is
 * why there are to be more, and no reason to take the new ones back.
 */
function knownOf(before: Look): ReadonlySet<string> {
  return new Set(
    alivePods(before)
      .filter((pod) => stateOf(pod) !== 'starting')
      .map(({ metadata: { name } }) => name),
  );
}

/**
 * A rollout of a Deployment runs more than were asked for: it may hang, and the number is set all the same. Those that end are waited for
 * in any case: the status of a StatefulSet, too, lags behind its pods, and looks like a rollout while they go.
 */
export function isIn({ request }: Waiting, now: Look): boolean {
  if (!hasNoticed(now)) return false;
  if (now.pods.length <= request.desired) return true;
  const someEnd = alivePods(now).length < now.pods.length;
  return !someEnd && isRollingOut(now) && now.pods.length <= request.desired + surgeOf(now, request.desired);
}

function isRollingOut({ workload: { status } }: Look): boolean {
  return (status?.updatedReplicas ?? 0) < (status?.replicas ?? 0);
}

/** Pods beyond its number that a Deployment may run meanwhile: a number, or a share that is rounded up (25 % by default). */
function surgeOf({ workload: { spec } }: Look, desired: number): number {
  const most = String(spec.strategy?.rollingUpdate?.maxSurge ?? (spec.strategy?.rollingUpdate ? '25%' : 0));
  const number = Number.parseFloat(most);
  if (!(number >= 0)) return 0;
  return most.endsWith('%') ? Math.ceil((desired * number) / 100) : number;
}

function hasNoticed({ workload }: Look): boolean {
  return (workload.status?.observedGeneration ?? 0) >= (workload.metadata.generation ?? 0);
}

/** Errors: `instance_not_ready`, `scaling_conflict`, `cancelled`, `scaling_failed` when nobody could look at the end. */
export async function waitUntilOut(work: Waiting): Promise<Outcome<Look>> {
  const ended = await waitFor(work, isOut, work.request.readySeconds * 1000);
  if (ended.ok || ended.error.code !== 'exec_timeout') return ended;
  const now = await look(work.hands.api, work.hands.target, work.hands.signal);
  if (!now.ok) return now;
  const known = knownOf(work.before);
  const late = alivePods(now.value).filter((pod) => !isReady(pod) && !known.has(pod.metadata.name));
  const reasons = late.map((pod) => `${pod.metadata.name}: ${whyNotReady(pod)}`);
  const missing = work.request.desired - alivePods(now.value).length;
  if (missing > 0) reasons.unshift(`${missing} were not created${whyNotCreated(now.value)}`);
  return fail(
    'instance_not_ready',
    `${work.hands.target.words} has ${now.value.workload.status?.readyReplicas ?? 0} ready after ${work.request.readySeconds} s: ${oneLine(reasons.join('; ') || 'its controller has not said so')}`,
    { details: { added: late.map(({ metadata: { name } }) => name) } },
  );
}

function whyNotCreated({ workload }: Look): string {
  const said = workload.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return said?.message ? `: ${said.message}` : '';
}

export async function waitUntilIn(work: Waiting): Promise<Outcome<Look>> {
  const grace = work.before.pods.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 30);
  const ms = Math.max(work.request.drainSeconds, ...grace) * 1000 + goneWithinMs;
  const ended = await waitFor(work, isIn, ms);
  if (ended.ok || ended.error.code !== 'exec_timeout') return ended;
  const now = await look(work.hands.api, work.hands.target, work.hands.signal);
  if (!now.ok) return now;
  const left = now.value.pods.filter(isEnding).map(({ metadata: { name } }) => name);
  const which = left.length === 0 ? 'none of them has been told to end' : `${left.join(', ')} still end`;
  return fail(
    'scaling_failed',
    `${work.hands.target.words} has ${now.value.pods.length} pods after ${ms / 1000} s: ${which}`,
  );
}

/** A look that fails is looked again: an API server that restarts is no failed instance. */
async function waitFor(
  work: Waiting,
  isDone: (work: Waiting, now: Look) => boolean,
  withinMs: number,
): Promise<Outcome<Look>> {
  const { api, target, clock, signal } = work.hands;
  const until = +clock.now() + withinMs;
  for (let pauseMs = firstLookMs; ; pauseMs = Math.min(pauseMs * 1.5, lastLookMs)) {
    const now = await look(api, target, signal);
    if (signal.aborted) return fail('cancelled', `waiting for ${target.words} was cancelled; it goes on by itself`);
    if (!now.ok && !now.error.retryable) return now;
    if (now.ok && isDone(work, now.value)) return ok(now.value);
    if (now.ok && work.exact && wantedOf(now.value) !== work.request.desired)
      return fail('scaling_conflict', `somebody else set ${target.words} to ${wantedOf(now.value)} meanwhile`);
    if (+clock.now() >= until) return now.ok ? fail('exec_timeout', 'time is up') : now;
    await clock.sleep(pauseMs, signal);
  }
}
