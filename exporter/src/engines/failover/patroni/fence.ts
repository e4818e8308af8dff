import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FenceProof } from '../../../contract/failover.ts';
import type { Exec, ExecResult } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverContext, FailoverNode } from '../port.ts';
import { lookForServers, signalServers } from '../postgres/sight.ts';
import { leaderOf, memberOf, nodeOf } from './answers.ts';
import { probeNode } from './probe.ts';
import { readView, type PatroniDeps } from './view.ts';

const lookEveryMs = 250;

export interface Fencing {
  readonly deps: PatroniDeps & { readonly exec: Exec };
  readonly cluster: FailoverCluster;
  readonly node: FailoverNode;
  readonly context: FailoverContext;
}

/**
 * Whether the node surely cannot acknowledge a write. `product`: another node holds the leader key and this one's own PostgreSQL says that
 * it is in recovery. `process`: nothing of its data folder runs on this machine, and no Patroni that could start it. `command`: the
 * configured confirmation said so. A leader key alone proves nothing: a frozen Patroni has lost it and its PostgreSQL goes on.
 */
export async function provenDown(work: Fencing): Promise<FenceProof | null> {
  const { deps, context } = work;
  const started = +deps.clock.now();
  const found = (await byProduct(work)) ?? (await byProcesses(work)) ?? (await byCommand(work));
  if (found === null || context.signal.aborted) return null;
  const now = deps.clock.now();
  return { ...found, at: now.toISOString(), seconds: Math.max(0, +now - started) / 1000 };
}

type Found = Pick<FenceProof, 'method' | 'detail'> | null;

async function byProduct({ deps, cluster, node, context: { signal } }: Fencing): Promise<Found> {
  const seen = await readView(deps, cluster, null, signal);
  if (!seen.ok) return null;
  const { view } = seen.value;
  const leader = leaderOf(view);
  const holder = leader === null ? null : nodeOf(leader.name, cluster.nodes, view);
  if (holder === null || holder === node || leader?.name === memberOf(node, view)?.name) return null;
  // After the key was seen elsewhere: a look from before could be of the time in which it still led. The holder is asked, too, because the
  // view of a Patroni that was cut off is old.
  const [own, its] = await Promise.all([
    probeNode(deps, cluster, node, signal),
    probeNode(deps, cluster, holder, signal),
  ]);
  if (own.reach !== 'answered' || own.role !== 'standby' || own.writable !== false) return null;
  if (its.role !== 'primary' || its.writable !== true) return null;
  return {
    method: 'product',
    detail: `${holder.name} holds the leader key, and PostgreSQL of ${node.name} is in recovery`,
  };
}

async function byProcesses(work: Fencing): Promise<Found> {
  const { deps, cluster, node, context } = work;
  if (node.data === null || !(await nothingRuns(node.data))) return null;
  // Patroni starts what was stopped; one that is frozen still listens and would do so when it goes on.
  if (!(await nobodyListens(work))) return null;
  const probe = await probeNode(deps, cluster, node, context.signal);
  // The folder may be in use in a container that this process does not see into; its address would not refuse then.
  if (probe.reach !== 'refused' || !(await nothingRuns(node.data))) return null;
  return { method: 'process', detail: `nothing of ${node.data} runs on this machine, and no Patroni listens there` };
}

async function nothingRuns(data: string): Promise<boolean> {
  const sight = await lookForServers(data);
  return sight !== null && sight.processes.length === 0 && sight.hidden.length === 0;
}

async function nobodyListens({ deps, cluster, node, context }: Fencing): Promise<boolean> {
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const patroni = await deps.ask(node, '/patroni', { timeoutMs, signal: context.signal });
  return !patroni.ok && patroni.error.details?.['reach'] === 'refused';
}

async function byCommand(work: Fencing): Promise<Found> {
  const { node } = work;
  if (node.commands.confirmDown === null) return null;
  const ran = await runCommand(work, node.commands.confirmDown);
  const isSure = ran.ok && ran.value.exitCode === 0 && ran.value.stdout.trim().split('\n').at(-1)?.trim() === 'down';
  if (!isSure) return null;
  return { method: 'command', detail: `${node.commands.confirmDown[0] ?? ''} said that ${node.name} is down` };
}

/** A configured program of a node. A failing one is a value. */
export function runCommand(
  { deps, cluster, node, context }: Fencing,
  command: readonly string[],
): Promise<Outcome<ExecResult>> {
  const [file = '', ...args] = command;
  return deps.exec.run(file, args, {
    timeoutMs: cluster.timeoutSeconds * 1000,
    signal: context.signal,
    env: { GENESIS_SERVICE: cluster.service, GENESIS_NODE: node.name },
  });
}

/**
 * Stops Patroni and with it PostgreSQL by the configured command, then proves it. To stop PostgreSQL alone would not last: Patroni starts
 * it again. Errors: `fencing_unproven`, `cancelled`.
 */
export async function fenceNode(work: Fencing): Promise<Outcome<FenceProof>> {
  const { node, context, deps } = work;
  const started = +deps.clock.now();
  const before = context.signal.aborted ? null : await provenDown(work);
  if (context.signal.aborted) return fail('cancelled', `${node.name} was not fenced: cancelled`);
  if (before !== null) return ok(before);
  const { stop } = node.commands;
  if (stop === null)
    return fail(
      'fencing_unproven',
      `no command stops Patroni of ${node.name} (commands.stop), and its pause is no fence: nothing was done`,
    );
  context.note(`stopping Patroni of ${node.name}`);
  const ran = await runCommand(work, stop);
  const said = ran.ok ? `${stop[0] ?? ''} ended with ${ran.value.exitCode}` : ran.error.message;
  context.note(said);
  const proof = await waitForProof(work);
  if (proof !== null) return ok({ ...proof, seconds: Math.max(0, +deps.clock.now() - started) / 1000 });
  if (context.signal.aborted) return fail('cancelled', `the fence of ${node.name} was cancelled; ${said}`);
  return fail('fencing_unproven', `${said}, and nothing proves that ${node.name} is down`);
}

async function waitForProof(work: Fencing): Promise<FenceProof | null> {
  const { deps, cluster, context } = work;
  const until = +deps.clock.now() + cluster.timeoutSeconds * 1000;
  for (;;) {
    const proof = await provenDown(work);
    if (proof !== null || context.signal.aborted || +deps.clock.now() >= until) return proof;
    await endLeftovers(work);
    await deps.clock.sleep(lookEveryMs, context.signal);
  }
}

/** A Patroni that was killed leaves PostgreSQL behind. It is ended only when no Patroni listens any more that would start it again. */
async function endLeftovers(work: Fencing): Promise<void> {
  const { node, context } = work;
  if (node.data === null || !(await nobodyListens(work))) return;
  const sight = await lookForServers(node.data);
  if (sight === null || sight.processes.length === 0) return;
  context.note(
    `Patroni of ${node.name} has gone and left ${sight.processes.length} processes of PostgreSQL: they are ended`,
  );
  const refused = await signalServers(sight.processes, 'SIGKILL');
  if (refused !== null) context.note(refused);
}
