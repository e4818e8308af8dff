import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type {
  ScalingBacktest,
  ScalingFacts,
  ScalingLoad,
  ScalingOverride,
  ScalingRecord,
} from '../../contract/scaling-facts.ts';
import type { ScalingPreview } from '../../contract/index.ts';
import { readScalingPolicy, showScalingPolicy } from '../../config/scaling-policy.ts';
import type { AppCore } from '../app-core.ts';
import type { RequestOptions } from '../app.ts';
import { pausesOf, sectionOf } from '../automation.ts';
import { audited } from '../changes.ts';
import { publish } from '../publish.ts';
import { computeInThread } from './compute-thread.ts';
import { policyInForce, sectionHash, stepOf } from './create.ts';
import { demandMetric, readLoad } from './load.ts';
import { scalingPolicyOf } from './settings.ts';

/** What people read of scaling, and changes of the automation itself: small, kept, audited, without a journal of steps. */

export function readScaling(
  core: AppCore,
  service: string,
): Outcome<{ readonly scaling: ScalingFacts; readonly policy: string }> {
  const section = sectionOf(core, service, 'scaling');
  if (!section.ok) return section;
  const facts = core.scaling.facts(service);
  const policy = showScalingPolicy(policyInForce(section.value, core.scalingMemory, service));
  if (facts !== null) return ok({ scaling: facts, policy });
  return fail('not_ready', `the instances of ${service} were not looked at yet`, {
    retryable: true,
    details: { retryAfterSeconds: 2 },
  });
}

export function readScalingHistory(core: AppCore, service: string, hours: number): Outcome<readonly ScalingRecord[]> {
  const section = sectionOf(core, service, 'scaling');
  if (!section.ok) return section;
  const sinceMs = +core.deps.clock.now() - hours * 3_600_000;
  return ok(core.scalingMemory.history(service).filter(({ endedAt }) => Date.parse(endedAt) >= sinceMs));
}

export async function readScalingLoad(
  core: AppCore,
  service: string,
  hours: number,
  signal: AbortSignal,
): Promise<Outcome<ScalingLoad>> {
  const watched = await core.scaling.resolve(service);
  if (!watched.ok) return watched;
  const to = core.deps.clock.now();
  // Some hundred points are all that a page can show.
  const stepSeconds = Math.max(stepOf(watched.value), Math.ceil((hours * 3600) / 720 / 60) * 60);
  const span = { from: new Date(+to - hours * 3_600_000), to, stepSeconds };
  const sources = { history: core.scalingHistory, prometheus: core.prometheus, query: watched.value.sources.query };
  return ok(await readLoad(service, watched.value.policy, sources, span, signal));
}

export const { pause: pauseScaling, resume: resumeScaling } = pausesOf(
  'scaling',
  { pause: 'pauseScaling', resume: 'resumeScaling' },
  (core) => core.scalingMemory,
);

export function previewScalingPolicy(core: AppCore, service: string, text: string): Outcome<ScalingPreview> {
  const section = sectionOf(core, service, 'scaling');
  if (!section.ok) return section;
  const read = readScalingPolicy(text);
  if (!read.ok) return ok({ valid: false, faults: [...read.faults], decision: null });
  const decision = core.scaling.preview(service, scalingPolicyOf(read.policy));
  return ok({ valid: true, faults: [], decision: decision as ScalingPreview['decision'] });
}

export function setScalingPolicy(
  core: AppCore,
  service: string,
  text: string,
  options: RequestOptions,
): Promise<Outcome<ScalingOverride>> {
  return audited(core, 'setScalingPolicy', options, { service }, async () => {
    const section = sectionOf(core, service, 'scaling');
    if (!section.ok) return section;
    if (options.confirm !== service)
      return fail('confirmation_required', `this changes what the number follows: confirm must be "${service}"`);
    if (options.reason === null) return fail('reason_required', 'another policy needs a reason');
    const read = readScalingPolicy(text);
    if (!read.ok) return invalid(read.faults);
    const override = {
      by: options.actor.name,
      at: core.deps.clock.now().toISOString(),
      reason: options.reason,
    };
    await core.scalingMemory.load([service]);
    await core.scalingMemory.change(service, (kept) => ({
      ...kept,
      override: { ...override, text, fileHash: sectionHash(section.value) },
    }));
    await publish(core);
    return ok(override);
  });
}

function invalid(
  faults: readonly { readonly path: string; readonly message: string; readonly mend: string }[],
): Outcome<never> {
  const said = faults.map(({ path, message, mend }) => `${path === '' ? 'the policy' : path} ${message}; ${mend}`);
  return fail('bad_request', `the policy is not valid: ${said.join('. ')}`, { details: { faults } });
}

export function resetScalingPolicy(core: AppCore, service: string, options: RequestOptions): Promise<Outcome<null>> {
  return audited(core, 'resetScalingPolicy', options, { service }, async () => {
    const section = sectionOf(core, service, 'scaling');
    if (!section.ok) return section;
    await core.scalingMemory.load([service]);
    await core.scalingMemory.change(service, (kept) => ({ ...kept, override: null }));
    await publish(core);
    return ok(null);
  });
}

const longestBacktestMs = 92 * 86_400_000;

export async function backtestScaling(
  core: AppCore,
  service: string,
  wish: { readonly from: Date; readonly to: Date; readonly policy: string | null },
  signal: AbortSignal,
): Promise<Outcome<ScalingBacktest>> {
  const watched = await core.scaling.resolve(service);
  if (!watched.ok) return watched;
  if (+wish.from >= +wish.to) return fail('bad_request', 'the time ends before it begins');
  if (+wish.to - +wish.from > longestBacktestMs) return fail('bad_request', 'the time is longer than 92 days');
  const read = wish.policy === null ? null : readScalingPolicy(wish.policy);
  if (read !== null && !read.ok) return invalid(read.faults);
  const current = watched.value.policy;
  const metric = demandMetric(current);
  if (metric === null)
    return fail('not_supported', `no metric of ${service} grows with its demand: nothing can be replayed`);
  const stepSeconds = stepOf(watched.value);
  const sources = { history: core.scalingHistory, prometheus: core.prometheus, query: watched.value.sources.query };
  const load = await readLoad(service, current, sources, { ...wish, stepSeconds }, signal);
  if (load.problem !== null) return fail('not_ready', `nothing can be replayed: ${load.problem}`);
  const proposed = read === null ? null : scalingPolicyOf(read.policy);
  const span = { metric: metric.name, stepSeconds, from: wish.from.toISOString(), to: wish.to.toISOString() };
  return computeInThread({ kind: 'backtest', given: [load.points, { current, proposed }, span] }, signal);
}
