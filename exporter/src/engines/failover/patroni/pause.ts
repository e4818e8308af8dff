import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverCluster, FailoverContext, FailoverNode } from '../port.ts';
import { parseSettings } from './answers.ts';
import { askStatus } from './probe.ts';
import { wordsOf } from './rest.ts';
import type { PatroniDeps } from './view.ts';

const lookEveryMs = 250;
const tries = 5;

/**
 * Patroni's maintenance mode for the whole cluster. It is on when the configuration says so and every Patroni that answers has seen it;
 * that takes up to its loop_wait.
 */
export async function setPaused(
  deps: PatroniDeps,
  cluster: FailoverCluster,
  paused: boolean,
  { signal, note }: FailoverContext,
): Promise<Outcome<void>> {
  const word = paused ? 'paused' : 'resumed';
  const until = +deps.clock.now() + cluster.timeoutSeconds * 1000;
  const patched = await patch(deps, cluster, paused, signal);
  if (!patched.ok) return patched;
  let last = '';
  while (!signal.aborted && +deps.clock.now() < until) {
    const behind = await notYet(deps, cluster, paused, signal);
    if (behind.length === 0) {
      note(`Patroni is ${word} on every node that answers`);
      return ok(undefined);
    }
    last = behind.join(', ');
    await deps.clock.sleep(lookEveryMs, signal);
  }
  if (signal.aborted) return fail('cancelled', `whether Patroni is ${word} was no longer looked at: cancelled`);
  return fail('failover_failed', `Patroni is not ${word} after ${cluster.timeoutSeconds} s on ${last}`);
}

/** The first node whose Patroni writes it. 409 is a race with another writer: it is tried again. */
async function patch(
  deps: PatroniDeps,
  cluster: FailoverCluster,
  paused: boolean,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const timeoutMs = Math.max(cluster.probeTimeoutSeconds, 10) * 1000;
  const body = { pause: paused ? true : null };
  const reasons = new Set<string>();
  for (let n = 0; n < tries; n += 1) {
    let raced = false;
    for (const node of cluster.nodes) {
      if (signal.aborted) return fail('cancelled', 'Patroni was not asked to pause or resume: cancelled');
      const answer = await deps.ask(node, '/config', { method: 'PATCH', body, timeoutMs, signal });
      if (answer.ok && answer.value.status === 200) return ok(undefined);
      reasons.add(answer.ok ? `${node.name}: ${wordsOf(answer.value)}` : answer.error.message);
      raced ||= answer.ok && answer.value.status === 409;
    }
    if (!raced) break;
    await deps.clock.sleep(lookEveryMs, signal);
  }
  return fail('failover_failed', `no Patroni takes the change of its configuration: ${[...reasons].join('; ')}`);
}

async function notYet(
  deps: PatroniDeps,
  cluster: FailoverCluster,
  paused: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const behind = async (node: FailoverNode): Promise<string | null> => {
    const [status, config] = await Promise.all([
      askStatus(deps.ask, node, timeoutMs, signal),
      deps.ask(node, '/config', { timeoutMs, signal }),
    ]);
    if (!status.ok || !('state' in status.value)) return null; // it says nothing: it is not waited for
    const written = config.ok ? (parseSettings(config.value.json)?.paused ?? null) : null;
    return (status.value.pause === true) === paused && written === paused ? null : node.name;
  };
  const all = await Promise.all(cluster.nodes.map(async (node) => behind(node)));
  return all.filter((name) => name !== null);
}
