import { ok } from '../../contract/errors.ts';
import type { FailoverFacts } from '../../contract/failover.ts';
import { withoutFence } from './kept.ts';
import type { FailoverWatchDeps, Look } from './watch.ts';

/** What the watch sees to while there is nothing to move: what is kept and what the load balancer has are made to agree with what is seen. */
export async function tend(deps: FailoverWatchDeps, service: string, look: Look, signal: AbortSignal): Promise<void> {
  // Something moves, or another exporter acts.
  if (!look.view.leader || deps.running(service) !== null) return;
  await forgetDoubts(deps, service, look);
  // Also while something is held: who is out stays out.
  await cutOffAgain(deps, service, look, signal);
  if (look.facts.decision.action !== 'none') return;
  await letPrimaryBack(deps, service, look, signal);
  await startScheduled(deps, service, look.facts);
}

/** A candidate whose promotion ended without proof is seen to follow again: it was not promoted, and may be the next time. */
async function forgetDoubts(deps: FailoverWatchDeps, service: string, { watched, facts }: Look): Promise<void> {
  for (const { name, fence, probe, health } of facts.nodes) {
    const doubted = facts.history.some((one) => one.operationId === fence?.operationId && one.to === name);
    if (fence === null || fence.manual || fence.proof !== null || !doubted) continue;
    if (probe?.reach !== 'answered' || probe.role !== 'standby' || probe.writable !== false) continue;
    if (health.successesInRow < watched.policy.successesInRow) continue;
    await deps.memory.change(service, (kept) => withoutFence(kept, name));
    deps.log.warn('a node whose promotion was in doubt follows again', { service, node: name });
  }
}

/** A load balancer forgets at a reload who was cut off. */
async function cutOffAgain(
  deps: FailoverWatchDeps,
  service: string,
  { watched, facts }: Look,
  signal: AbortSignal,
): Promise<void> {
  const { balancer, serverNames } = watched;
  if (balancer === null || facts.mode !== 'auto') return;
  const servers = facts.balancer?.known === true ? facts.balancer.value.servers : [];
  for (const { name, fence } of facts.nodes) {
    // Where all serve nothing is proven by taking a node out, and it has to stay out all the same.
    const isOut = fence !== null && (fence.proof !== null || facts.strategy !== 'active_passive');
    const state = servers.find(({ node }) => node === name)?.state;
    if (!isOut || name === facts.primary || state === undefined || state === 'maint' || state === 'unknown') continue;
    const done = await balancer.cutOff(serverNames.get(name) ?? name, signal);
    deps.log.warn('a fenced node was cut off again', { service, node: name, done: done.ok });
  }
}

/** A primary that a held failover had cut off gets its clients back once it is seen to write: nobody took its place. */
async function letPrimaryBack(
  deps: FailoverWatchDeps,
  service: string,
  { watched, facts }: Look,
  signal: AbortSignal,
): Promise<void> {
  const { balancer, serverNames } = watched;
  const primary = facts.nodes.find(({ name }) => name === facts.primary);
  if (facts.mode !== 'auto' || primary === undefined || primary.probe?.writable !== true) return;
  const { name, fence } = primary;
  if (fence === null || fence.proof !== null || fence.manual) return;
  const done = balancer === null ? ok(undefined) : await balancer.admit(serverNames.get(name) ?? name, signal);
  if (done.ok) await deps.memory.change(service, (kept) => withoutFence(kept, name));
  deps.log.warn('the primary is back and clients are let in again', { service, node: name, done: done.ok });
}

/** Due and not begun. One that was missed for so long is no longer what somebody planned. */
const missedMs = 5 * 60_000;

async function startScheduled(deps: FailoverWatchDeps, service: string, { scheduled }: FailoverFacts): Promise<void> {
  if (scheduled === null) return;
  const lateMs = +deps.clock.now() - Date.parse(scheduled.at);
  if (lateMs < 0) return;
  await deps.memory.change(service, (kept) => ({ ...kept, scheduled: null }));
  if (lateMs > missedMs)
    return deps.log.error('a scheduled switchover was missed and is forgotten', { service, at: scheduled.at });
  const request = { kind: 'switchover' as const, service, candidate: scheduled.candidate };
  const asked = await deps.act(request, `scheduled by ${scheduled.by}: ${scheduled.reason}`);
  if (!asked.ok)
    deps.log.error('a scheduled switchover was refused', {
      service,
      code: asked.error.code,
      error: asked.error.message,
    });
}
