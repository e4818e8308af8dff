import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScalingReading } from '../../../contract/scaling.ts';
import type { Clock } from '../../../ports/index.ts';
import type { ScaleRequest, ScalingEngine } from '../port.ts';
import { openKubeApi, type KubeApi, type OpenKubeApi } from './api.ts';
import { targetOf } from './cluster.ts';
import { describeScale } from './describe.ts';
import { fleetOf, look, ownedBy, readOwner } from './look.ts';
import { readLoads, readPodMetrics, shareOf, unreadable, type PodMetricKind } from './metrics.ts';
import type { KubernetesOptions } from './options.ts';
import { scaleTo } from './scale.ts';
import { readWarnings } from './warnings.ts';

export interface KubernetesDeps {
  readonly clock: Clock;
}

export interface KubernetesEngine extends ScalingEngine {
  /** Mean usage of the ready pods over their requests, as a share. It is as old as the oldest sample that it rests on. */
  readMetric(kind: PodMetricKind, signal: AbortSignal): Promise<ScalingReading>;
}

/** Replicas of a Deployment or StatefulSet through its scale subresource, or the bounds of the HPA that owns it. */
export function createKubernetesEngine(
  options: KubernetesOptions,
  { clock }: KubernetesDeps,
  open: OpenKubeApi = openKubeApi,
): KubernetesEngine {
  const target = targetOf(options);
  const { reach, close } = keepOpen(options, open);
  return {
    name: 'kubernetes',
    // A StatefulSet ends its highest ordinal, always.
    choosesRemoved: options.kind === 'Deployment',
    async fleet(signal) {
      const api = await reach();
      if (!api.ok) return api;
      const [owner, seen] = await Promise.all([readOwner(api.value, target, signal), look(api.value, target, signal)]);
      if (!owner.ok) return owner;
      if (!seen.ok) return seen;
      const loads = await readLoads(api.value, target, seen.value.selector, signal);
      return ok(fleetOf(seen.value, ownedBy(owner.value, options), loads));
    },
    async scale(request, context) {
      if (context.signal.aborted) return fail('cancelled', `${target.words} was not scaled: cancelled`);
      const wrong = wrongNumber(request);
      if (wrong !== null) return wrong;
      const api = await reach();
      if (!api.ok) return api;
      const hands = { api: api.value, target, clock, signal: context.signal };
      return scaleTo({ hands, options, request }, context);
    },
    async dryRun(request, signal) {
      const wrong = wrongNumber(request);
      if (wrong !== null) return wrong;
      const api = await reach();
      if (!api.ok) return api;
      return describeScale({ hands: { api: api.value, target, clock, signal }, options, request });
    },
    async warnings(signal) {
      const api = await reach();
      return api.ok ? readWarnings(api.value, target, options, signal) : [api.error.message];
    },
    async readMetric(kind, signal) {
      const api = await reach();
      if (!api.ok) return unreadable(api, clock.now());
      const seen = await look(api.value, target, signal);
      if (!seen.ok) return { ...unreadable(seen, clock.now()), why: 'unreachable', detail: seen.error.message };
      const metrics = await readPodMetrics(api.value, target, seen.value.selector, signal);
      if (!metrics.ok) return unreadable(metrics, clock.now());
      return shareOf(kind, { pods: seen.value.pods, metrics: metrics.value, now: clock.now() });
    },
    close,
  };
}

/** Opened at the first need; a login that cannot be read is tried again at the next. */
function keepOpen(options: KubernetesOptions, open: OpenKubeApi) {
  let opening: Promise<Outcome<KubeApi>> | null = null;
  const reach = async (): Promise<Outcome<KubeApi>> => {
    opening ??= open(options);
    const found = await opening;
    if (!found.ok) opening = null;
    return found;
  };
  const close = async (): Promise<void> => {
    const found = await opening;
    opening = null;
    if (found?.ok) await found.value.close();
  };
  return { reach, close };
}

function wrongNumber({ desired }: ScaleRequest): Outcome<never> | null {
  return Number.isInteger(desired) && desired >= 0
    ? null
    : fail('scaling_failed', `${desired} is no number of instances`);
}
