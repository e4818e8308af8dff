import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import { runCommand } from './command.ts';
import { readControl } from './control.ts';
import { keepFromWriting, letWriteAgain } from './local.ts';
import { probeNode } from './probe.ts';
import { lookForServers } from './sight.ts';
import { stopInOrder } from './stop.ts';
import { cancelledBefore, oneRow, onNode, timeoutMsOf, until, type Work } from './work.ts';

/** A primary hands over: it stops in order, which sends all that it wrote to the standbys that are connected, and their word is heard. */

export interface Demotion {
  readonly lastBytes: number | null;
}

const handedOverMs = 5000;

/** Errors: `failover_failed`, `exec_failed`, `exec_timeout`, `cancelled`. Called again on a node that is down it says where it ended. */
export async function demote(work: Work, node: FailoverNode): Promise<Outcome<Demotion>> {
  const cancelled = cancelledBefore<Demotion>(work, `demoting ${node.name}`);
  if (cancelled !== null) return cancelled;
  const probe = await probeNode(work.deps, work.cluster, node, work.context.signal);
  if (probe.role === 'standby') {
    work.context.note(`${node.name} is a standby already`);
    return ok({ lastBytes: probe.receivedBytes });
  }
  const followers = probe.role === 'primary' ? await streamingFrom(work, node) : ok([]);
  if (!followers.ok) return followers;
  if (probe.role === 'primary') {
    // What is written now is not written while everybody waits for the stop.
    const flushed = await onNode(work, node, (session) => session.query('CHECKPOINT'));
    if (!flushed.ok) work.context.note(`${node.name}: no checkpoint before the stop: ${flushed.error.message}`);
  }
  const ended =
    node.data === null
      ? await stopElsewhere(work, node)
      : await stopHere(work, node, node.data, probe.role === 'primary');
  if (!ended.ok) return ended;
  const received = await handedOver(work, ended.value.lastBytes, followers.value);
  return received.ok ? ended : received;
}

async function stopHere(work: Work, node: FailoverNode, data: string, wasPrimary: boolean): Promise<Outcome<Demotion>> {
  const sight = await lookForServers(data);
  if (sight === null)
    return fail('failover_failed', `${data} of ${node.name} holds no cluster that this user may look into`);
  if (!wasPrimary && sight.processes.length > 0)
    return fail('failover_failed', `${node.name} runs and does not answer: it cannot hand over, only be fenced`);
  // Before the stop: a service manager that starts it again gets a standby.
  await keepFromWriting(data);
  const stopped = await stopInOrder(work, node, data);
  if (!stopped.ok) {
    const { writable } = await probeNode(work.deps, work.cluster, node, work.context.signal);
    if (writable === true) await letWriteAgain(data); // the stop never reached it: all is as it was
    return stopped;
  }
  const control = await readControl(work, data);
  if (!control.ok) return control;
  const { state, checkpointBytes, recoveryEndBytes } = control.value;
  if (state === 'shut down') return ok({ lastBytes: checkpointBytes });
  if (state === 'shut down in recovery') return ok({ lastBytes: recoveryEndBytes });
  return fail(
    'failover_failed',
    `${node.name} did not stop in order (${state}): what it wrote last may be on no standby`,
  );
}

async function stopElsewhere(work: Work, node: FailoverNode): Promise<Outcome<Demotion>> {
  const { stop, demote: command, confirmDown } = node.commands;
  const chosen = command ?? stop;
  if (chosen === null || confirmDown === null)
    return fail(
      'failover_failed',
      `${node.name} stands elsewhere: it needs the commands stop (in order) and confirm_down to hand over`,
    );
  const run = await runCommand(work, node, chosen);
  if (!run.ok) return run;
  if (run.value.lastLine === null) return fail('failover_failed', `${node.name} was not stopped: ${run.value.said}`);
  const confirmed = await runCommand(work, node, confirmDown);
  if (!confirmed.ok) return confirmed;
  if (confirmed.value.lastLine !== 'down')
    return fail('failover_failed', `${node.name} is not confirmed to be down: ${confirmed.value.said}`);
  work.context.note(`${node.name} stands elsewhere: where it ended cannot be read`);
  return ok({ lastBytes: null });
}

/** Standbys of the service that receive from it now. */
async function streamingFrom(work: Work, node: FailoverNode): Promise<Outcome<readonly FailoverNode[]>> {
  const row = await onNode(work, node, (session) =>
    oneRow<{ names: readonly string[] | null }>(
      session,
      `SELECT json_agg(application_name) AS "names" FROM pg_stat_replication WHERE state = 'streaming'`,
    ),
  );
  if (!row.ok) return row;
  const names = new Set(row.value.names ?? []);
  return ok(work.cluster.nodes.filter(({ name }) => name !== node.name && names.has(name)));
}

/** At least one standby has all of it; the others are named in the journal. */
async function handedOver(
  work: Work,
  lastBytes: number | null,
  followers: readonly FailoverNode[],
): Promise<Outcome<void>> {
  if (lastBytes === null || followers.length === 0) return ok(undefined);
  const limits = { what: 'handing over', timeoutMs: Math.min(handedOverMs, timeoutMsOf(work)), everyMs: 20 };
  const all = await until<true>(work, limits, async (say) => {
    const lacking = await lackingOf(work, followers, lastBytes);
    say(`${lacking.join(', ')} did not receive all of it`);
    return ok(lacking.length === 0 ? true : null);
  });
  if (all.ok) return ok(undefined);
  if (all.error.code === 'cancelled') return all;
  const lacking = await lackingOf(work, followers, lastBytes);
  if (lacking.length === followers.length) return all;
  work.context.note(all.error.message);
  return ok(undefined);
}

async function lackingOf(
  work: Work,
  followers: readonly FailoverNode[],
  lastBytes: number,
): Promise<readonly string[]> {
  const probes = await Promise.all(
    followers.map(async (node) => ({
      name: node.name,
      probe: await probeNode(work.deps, work.cluster, node, work.context.signal),
    })),
  );
  return probes.filter(({ probe }) => (probe.receivedBytes ?? -1) <= lastBytes).map(({ name }) => name);
}
