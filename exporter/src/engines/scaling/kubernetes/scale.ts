import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScaleRequest, ScaleResult, ScalingContext } from '../port.ts';
import type { Target } from './cluster.ts';
import { fleetOf, keeperOf, look, ownedBy, ownerWords, readOwner, wantedOf, type Look } from './look.ts';
import type { Hpa } from './objects.ts';
import type { KubernetesOptions } from './options.ts';
import { isEnding } from './pods.ts';
import { costAnnotation, costChanges } from './removal.ts';
import { waitUntilIn, waitUntilOut, type Waiting } from './wait.ts';
import { annotatePod, minimumOf, writeMinimum, writeReplicas, type Hands } from './write.ts';

export interface ScaleWork {
  readonly hands: Hands;
  readonly options: KubernetesOptions;
  readonly request: ScaleRequest;
}

const namesOf = (seen: Look) => seen.pods.filter((pod) => !isEnding(pod)).map(({ metadata: { name } }) => name);
const nothing: ReadonlyMap<string, number> = new Map();

export async function scaleTo(work: ScaleWork, context: ScalingContext): Promise<Outcome<ScaleResult>> {
  const { hands, request } = work;
  const { api, target, signal } = hands;
  const owner = await readOwner(api, target, signal);
  if (!owner.ok) return owner;
  const before = await look(api, target, signal);
  if (!before.ok) return before;
  const refused = refusalBy(owner.value, work.options, request.desired, target);
  if (refused !== null) return fail('scaling_failed', refused);
  if (owner.value !== null && wantedOf(before.value) === 0)
    return fail(
      'scaling_failed',
      `${ownerWords(owner.value)} does nothing while the target is set to 0: set its replicas to 1 or more first`,
    );
  const written =
    owner.value === null
      ? await setReplicas(work, before.value, context)
      : await setMinimum(work, owner.value, context);
  if (!written.ok) return written;
  const after = await settle(work, before.value, owner.value, context);
  if (!after.ok) return after;
  const names = { before: namesOf(before.value), after: namesOf(after.value) };
  return ok({
    fleet: fleetOf(after.value, ownedBy(owner.value, work.options), nothing),
    added: names.after.filter((name) => !names.before.includes(name)),
    removed: names.before.filter((name) => !names.after.includes(name)),
  });
}

/** Why the owner keeps the number from being set; null: it does not. Pure. */
export function refusalBy(
  owner: Hpa | null,
  { hpa }: Pick<KubernetesOptions, 'hpa'>,
  desired: number,
  target: Pick<Target, 'words'>,
): string | null {
  if (owner === null) return null;
  const name = ownerWords(owner);
  if (hpa === 'refuse') return `${name} owns ${target.words} and would set the number back (kubernetes.hpa: refuse)`;
  const keeper = keeperOf(owner);
  if (keeper !== null) return `${name}: its bounds would be set back, they belong into ${keeper}`;
  if (desired > owner.spec.maxReplicas)
    return `${name} has maxReplicas ${owner.spec.maxReplicas}, and ${desired} were asked for: raise it there first`;
  return null;
}

async function setReplicas({ hands, request }: ScaleWork, before: Look, context: ScalingContext) {
  const wanted = wantedOf(before);
  const { target } = hands;
  if (wanted === request.desired) {
    context.note(`${target.words} is set to ${wanted} already`);
    return ok(null);
  }
  const tried = await writeReplicas(hands, wanted, request.desired, true);
  if (!tried.ok) return tried;
  context.note(`Kubernetes accepts ${request.desired} replicas of ${target.words} (dryRun=All)`);
  const costs = await setCosts({ hands, request }, before, context);
  if (!costs.ok) return costs;
  const written = await writeReplicas(hands, wanted, request.desired, false);
  if (written.ok) context.note(`${target.words} is set from ${wanted} to ${request.desired}`);
  return written;
}

/** Before the number: the controller ends pods the moment it sees the new one. */
async function setCosts(
  { hands, request }: Pick<ScaleWork, 'hands' | 'request'>,
  before: Look,
  context: ScalingContext,
): Promise<Outcome<null>> {
  if (hands.target.kind !== 'Deployment') return ok(null);
  const changes = costChanges(before.pods, request.remove, namesOf(before).length - request.desired);
  for (const { pod, cost } of changes) {
    const done = await annotatePod(hands, pod, { [costAnnotation]: cost });
    if (!done.ok) return done;
    if (cost !== null) context.note(`${pod} is to end first`);
  }
  return ok(null);
}

async function setMinimum({ hands, request }: ScaleWork, owner: Hpa, context: ScalingContext) {
  const from = minimumOf(owner);
  const name = ownerWords(owner);
  if (from === request.desired) {
    context.note(`minReplicas of ${name} is ${from} already`);
    return ok(null);
  }
  const tried = await writeMinimum(hands, owner, request.desired, true);
  if (!tried.ok) return tried;
  const written = await writeMinimum(hands, owner, request.desired, false);
  if (written.ok) context.note(`minReplicas of ${name} is set from ${from} to ${request.desired}`);
  return written;
}

async function settle(
  { hands, request }: ScaleWork,
  before: Look,
  owner: Hpa | null,
  context: ScalingContext,
): Promise<Outcome<Look>> {
  const waiting: Waiting = { hands, request, before, exact: owner === null };
  const count = namesOf(before).length;
  if (owner !== null && request.desired <= count) {
    // When it goes down to its minimum is its own decision; for less load it waits 300 s by default.
    context.note(
      `${ownerWords(owner)} runs between ${request.desired} and ${owner.spec.maxReplicas} by its own metrics`,
    );
    return look(hands.api, hands.target, hands.signal);
  }
  if (request.desired < count || before.pods.length > count) {
    const gone = await waitUntilIn(waiting);
    if (!gone.ok || request.desired < count) return gone;
  }
  return waitUntilOut(waiting);
}
