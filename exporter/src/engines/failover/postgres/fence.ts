import { readlink } from 'node:fs/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FenceProof, NodeProbe } from '../../../contract/failover.ts';
import type { FailoverNode } from '../port.ts';
import { runCommand } from './command.ts';
import { keepFromWriting } from './local.ts';
import { probeNode } from './probe.ts';
import { lookForServers } from './sight.ts';
import { stopForGood } from './stop.ts';
import { cancelledBefore, type Work } from './work.ts';

/**
 * Proof that a node acknowledges no write to anybody: none of its processes is left on this machine, or the configured confirmation says
 * so. A refused connection alone is none: backends whose postmaster was killed finish the commit that they are at.
 */

/** The first PID namespace of a machine: who is in it sees every process. */
const wholeMachine = 'pid:[4026531836]';
const crossCheckSeconds = 1;

export async function provenDown(work: Work, node: FailoverNode): Promise<FenceProof | null> {
  const begun = +work.deps.clock.now();
  if (node.data === null) {
    const confirmed = await confirm(work, node, begun);
    return confirmed.ok ? confirmed.value : null;
  }
  const sight = await lookForServers(node.data);
  if (sight === null || sight.processes.length > 0 || sight.hidden.length > 0) return null;
  // A second look: a backend that was forked during the first one may have been missed.
  const again = await lookForServers(node.data);
  if (again === null || again.processes.length > 0 || again.hidden.length > 0) return null;
  const doubt = await doubtOf(work, node, false);
  return doubt === null ? processProof(work, node.data, 'no process of it runs', begun) : null;
}

/**
 * Stops the node and proves it. On this machine its folder is first marked so that whoever starts it again gets a standby: a service
 * manager that restarts it at once makes no writer. Errors: `fencing_unproven`, `cancelled`.
 */
export async function fence(work: Work, node: FailoverNode): Promise<Outcome<FenceProof>> {
  const cancelled = cancelledBefore<FenceProof>(work, `fencing ${node.name}`);
  if (cancelled !== null) return cancelled;
  return node.data === null ? fenceElsewhere(work, node) : fenceHere(work, node, node.data);
}

async function fenceHere(work: Work, node: FailoverNode, data: string): Promise<Outcome<FenceProof>> {
  const begun = +work.deps.clock.now();
  const sight = await lookForServers(data);
  if (sight === null)
    return fail('fencing_unproven', `${data} of ${node.name} holds no cluster that this user may look into`);
  try {
    await keepFromWriting(data);
  } catch (thrown) {
    // Stopping it is worth more than the mark.
    work.context.note(`${data} could not be marked: ${(thrown as Error).message}`);
  }
  const mayAnswer = sight.processes.length > 0 && sight.processes.every(({ frozen }) => !frozen);
  const answers = mayAnswer && (await quickProbe(work, node, work.context.signal)).reach === 'answered';
  const stopped = await stopForGood(work, node, data, answers);
  if (!stopped.ok) return stopped;
  work.context.note(`${node.name}: ${stopped.value.how}`);
  const doubt = await doubtOf(work, node, stopped.value.ended > 0);
  if (doubt !== null) return fail('fencing_unproven', doubt);
  const { ended, how } = stopped.value;
  return ok(processProof(work, data, ended === 0 ? how : `${how}: ${ended} processes have ended`, begun));
}

function quickProbe(work: Work, node: FailoverNode, signal: AbortSignal): Promise<NodeProbe> {
  const probeTimeoutSeconds = Math.min(work.cluster.probeTimeoutSeconds, crossCheckSeconds);
  return probeNode(work.deps, { ...work.cluster, probeTimeoutSeconds }, node, signal);
}

/**
 * The folder may be in use where this process cannot see it: in another container, on a shared disk. Then its address still answers, or
 * is silent where it should refuse. Null: no doubt.
 */
async function doubtOf(work: Work, node: FailoverNode, sawItEnd: boolean): Promise<string | null> {
  if (node.server === null) return null;
  const probe = await quickProbe(work, node, new AbortController().signal);
  if (probe.reach === 'refused') return null;
  if (probe.reach === 'answered' || probe.problem?.includes('the database system is') === true)
    return `no process of ${node.name} runs here, yet its address answers: something else runs it`;
  if (sawItEnd || (await readlink('/proc/self/ns/pid').catch(() => '')) === wholeMachine) return null;
  return `no process of ${node.name} is seen, but this process sees only those of its own container, and the address does not refuse (${probe.problem ?? probe.reach})`;
}

function processProof(work: Work, data: string, detail: string, begun: number): FenceProof {
  const now = work.deps.clock.now();
  return {
    method: 'process',
    detail: `${detail}; ${data} has no process`,
    at: now.toISOString(),
    seconds: Math.max(0, (+now - begun) / 1000),
  };
}

async function fenceElsewhere(work: Work, node: FailoverNode): Promise<Outcome<FenceProof>> {
  const begun = +work.deps.clock.now();
  const { stop } = node.commands;
  if (stop === null) work.context.note(`${node.name} stands elsewhere and has no stop command`);
  else {
    const run = await runCommand(work, node, stop);
    work.context.note(run.ok ? `stop command of ${node.name}: ${run.value.said}` : run.error.message);
  }
  return confirm(work, node, begun);
}

async function confirm(work: Work, node: FailoverNode, begun: number): Promise<Outcome<FenceProof>> {
  const { confirmDown } = node.commands;
  if (confirmDown === null)
    return fail(
      'fencing_unproven',
      `${node.name} stands elsewhere and no confirm_down is configured: nobody can tell that it is down`,
    );
  const run = await runCommand(work, node, confirmDown);
  if (!run.ok && run.error.code === 'cancelled') return run;
  if (!run.ok) return fail('fencing_unproven', `${node.name}: ${run.error.message}`, { cause: run.error });
  if (run.value.lastLine !== 'down')
    return fail('fencing_unproven', `${node.name} is not confirmed to be down: ${run.value.said}`);
  const now = work.deps.clock.now();
  return ok({
    method: 'command',
    detail: `${confirmDown[0] ?? ''} said that ${node.name} is down`,
    at: now.toISOString(),
    seconds: Math.max(0, (+now - begun) / 1000),
  });
}
