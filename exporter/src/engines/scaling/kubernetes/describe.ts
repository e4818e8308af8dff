import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { look, ownerWords, readOwner, wantedOf, type Look } from './look.ts';
import type { Hpa } from './objects.ts';
import { isEnding } from './pods.ts';
import { refusalBy, type ScaleWork } from './scale.ts';
import { minimumOf, writeMinimum, writeReplicas } from './write.ts';

/** What scaling would do, in words; the number is tried on the API server with dryRun=All. Changes nothing. */
export async function describeScale(work: ScaleWork): Promise<Outcome<readonly string[]>> {
  const { api, target, signal } = work.hands;
  const owner = await readOwner(api, target, signal);
  if (!owner.ok) return owner;
  const seen = await look(api, target, signal);
  if (!seen.ok) return seen;
  const refused = refusalBy(owner.value, work.options, work.request.desired, target);
  if (refused !== null) return fail('scaling_failed', refused);
  return owner.value === null ? describeReplicas(work, seen.value) : describeMinimum(work, owner.value);
}

async function describeReplicas(work: ScaleWork, seen: Look): Promise<Outcome<readonly string[]>> {
  const { hands, request } = work;
  const wanted = wantedOf(seen);
  if (wanted === request.desired) return ok([`${hands.target.words} is set to ${wanted} already: nothing is changed`]);
  const tried = await writeReplicas(hands, wanted, request.desired, true);
  if (!tried.ok) return tried;
  const first = `${hands.target.words} is set from ${wanted} to ${request.desired}; Kubernetes accepts it (dryRun=All)`;
  return ok([first, ...(request.desired < wanted ? describeEnds(work, seen) : [])]);
}

function describeEnds({ hands, request }: ScaleWork, seen: Look): readonly string[] {
  const alive = seen.pods.filter((pod) => !isEnding(pod)).map(({ metadata: { name } }) => name);
  const count = Math.max(0, alive.length - request.desired);
  const named = request.remove.filter((name) => alive.includes(name)).slice(0, count);
  const which =
    hands.target.kind === 'StatefulSet'
      ? `to end: the ${count} with the highest ordinals`
      : `to end: ${named.length === 0 ? `${count} of Kubernetes’ choice` : named.join(', ')}; those that are not ready go first`;
  const grace = seen.workload.spec.template.spec.terminationGracePeriodSeconds ?? 30;
  const short =
    grace < request.drainSeconds
      ? [`they get ${grace} s to end (terminationGracePeriodSeconds), not the ${request.drainSeconds} s of the policy`]
      : [];
  return [which, ...short];
}

async function describeMinimum({ hands, request }: ScaleWork, owner: Hpa): Promise<Outcome<readonly string[]>> {
  const from = minimumOf(owner);
  const name = ownerWords(owner);
  if (from === request.desired) return ok([`minReplicas of ${name} is ${from} already: nothing is changed`]);
  const tried = await writeMinimum(hands, owner, request.desired, true);
  if (!tried.ok) return tried;
  return ok([
    `minReplicas of ${name} is set from ${from} to ${request.desired}; Kubernetes accepts it (dryRun=All)`,
    `it runs between ${request.desired} and ${owner.spec.maxReplicas} by its own metrics`,
  ]);
}
