import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { FailoverFacts, ScheduledSwitchover } from '../../contract/failover.ts';
import type { AppCore } from '../app-core.ts';
import type { RequestOptions } from '../app.ts';
import { pausesOf, sectionOf } from '../automation.ts';
import { audited } from '../changes.ts';
import { checkAuthority } from '../operations/authority.ts';
import { publish } from '../publish.ts';

/** Changes of the automation itself: small, kept, audited, without a journal of steps. */

export function readFailover(core: AppCore, service: string): Outcome<FailoverFacts> {
  const config = sectionOf(core, service, 'failover');
  if (!config.ok) return config;
  const facts = core.failover.facts(service);
  if (facts !== null) return ok(facts);
  return fail('not_ready', `the nodes of ${service} were not asked yet`, {
    retryable: true,
    details: { retryAfterSeconds: 2 },
  });
}

export const { pause: pauseFailover, resume: resumeFailover } = pausesOf(
  'failover',
  { pause: 'pauseFailover', resume: 'resumeFailover' },
  (core) => core.failoverMemory,
);

/** What is planned for longer than this is planned in a calendar. */
const farthestMs = 30 * 86_400_000;

export async function scheduleSwitchover(
  core: AppCore,
  service: string,
  wish: { readonly at: string; readonly candidate: string | null },
  options: RequestOptions,
): Promise<Outcome<ScheduledSwitchover>> {
  const request = { kind: 'switchover' as const, service, candidate: wish.candidate };
  const scheduled = {
    id: `switchover_${core.deps.random.hex(4)}`,
    at: new Date(wish.at).toISOString(),
    candidate: wish.candidate,
    by: options.actor.name,
    reason: options.reason ?? '',
  };
  return audited(
    core,
    'scheduleSwitchover',
    options,
    { service, target: wish.candidate, details: { at: scheduled.at } },
    async () => {
      const config = sectionOf(core, service, 'failover');
      if (!config.ok) return config;
      const refused = checkAuthority(request, service, options);
      if (refused !== null) return { ok: false, error: refused };
      const wait = Date.parse(scheduled.at) - +core.deps.clock.now();
      if (wait < 0) return fail('bad_request', `${scheduled.at} has passed`);
      if (wait > farthestMs) return fail('bad_request', `${scheduled.at} is more than 30 days away`);
      if (wish.candidate !== null && !config.value.nodes.some(({ name }) => name === wish.candidate))
        return fail('node_unknown', `${service} has no node called ${wish.candidate}`);
      await core.failoverMemory.load([service]);
      await core.failoverMemory.change(service, (kept) => ({ ...kept, scheduled }));
      await publish(core);
      return ok(scheduled);
    },
  );
}

export function cancelSwitchover(
  core: AppCore,
  service: string,
  options: RequestOptions,
): Promise<Outcome<{ readonly cancelled: boolean }>> {
  return audited(core, 'cancelSwitchover', options, { service }, async () => {
    const config = sectionOf(core, service, 'failover');
    if (!config.ok) return config;
    await core.failoverMemory.load([service]);
    const cancelled = core.failoverMemory.of(service).scheduled !== null;
    await core.failoverMemory.change(service, (kept) => ({ ...kept, scheduled: null }));
    await publish(core);
    return ok({ cancelled });
  });
}

/** Reads the operation, lets the approvals decide, and leaves a row about who did: also about a refusal. */
export async function approveOperation(
  core: AppCore,
  id: string,
  approve: boolean,
  options: RequestOptions,
): ReturnType<AppCore['operations']['get']> {
  const found = await core.operations.get(id);
  if (!found.ok) return found;
  const { service } = found.value;
  const action = approve ? 'approveOperation' : 'refuseOperation';
  return audited(core, action, options, { service, target: id }, async () => {
    const decided = core.approvals.decide(found.value, approve, options);
    if (!decided.ok) return decided;
    return core.operations.get(id);
  });
}
