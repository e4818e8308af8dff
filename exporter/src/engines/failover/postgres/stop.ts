import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import { runCommand } from './command.ts';
import { lookForServers, postmastersOf, signalServers, type ServerProcess, type Sight } from './sight.ts';
import { timeoutMsOf, type Work } from './work.ts';

/** Stopping the server of a data folder on this machine. It counts as stopped when none of its processes is left, and not before. */

const everyMs = 20;
/** A server that answers gets so long to stop in order before it is stopped at once, and then before it is killed. Milliseconds. */
const patience = { fastMs: 3000, immediateMs: 1500, killedMs: 5000 } as const;

export interface Stopped {
  /** Processes that were seen and have gone. */
  readonly ended: number;
  readonly how: string;
}

/** Looks again and again until no process is left; null: the time is up, or the folder cannot be looked into. */
async function untilGone(work: Work, data: string, limitMs: number): Promise<Sight | null> {
  const { clock } = work.deps;
  const deadline = +clock.now() + limitMs;
  for (;;) {
    const sight = await lookForServers(data);
    if (sight === null || sight.processes.length === 0 || +clock.now() >= deadline) return sight;
    // Not cut short by the operation's signal: a stop that was begun is seen through.
    await clock.sleep(everyMs, never);
  }
}

const never = new AbortController().signal;

/**
 * Stops it whatever it takes: in order while it answers, at once, by force. Signals go to processes that are proven to work in this
 * folder, never to the number in postmaster.pid. Errors: `fencing_unproven`.
 */
export async function stopForGood(
  work: Work,
  node: FailoverNode,
  data: string,
  answers: boolean,
): Promise<Outcome<Stopped>> {
  const first = await lookForServers(data);
  if (first === null) return unreadable(data);
  const known = first.processes.length;
  if (known === 0) return settled(first, 0, 'no process was left', data);
  if (node.commands.stop !== null) {
    // The service manager first, or it would start again what is ended behind its back.
    const run = await runCommand(work, node, node.commands.stop);
    work.context.note(run.ok ? `stop command of ${node.name}: ${run.value.said}` : run.error.message);
  }
  let how = 'stopped by its command';
  for (const step of stepsFor(first, answers)) {
    const sight = await lookForServers(data);
    if (sight === null) return unreadable(data);
    if (sight.processes.length === 0) return settled(sight, known, how, data);
    const refused = await signalServers(targetsOf(sight, step.all), step.signal);
    if (refused !== null) return fail('fencing_unproven', `${node.name} could not be stopped: ${refused}`);
    how = step.how;
    const after = await untilGone(work, data, step.waitMs);
    if (after !== null && after.processes.length === 0) return settled(after, known, how, data);
  }
  const left = await lookForServers(data);
  const pids = left?.processes.map(({ pid }) => pid).join(', ') ?? 'unknown';
  return fail('fencing_unproven', `processes of ${node.name} do not end, killed as they are: ${pids}`);
}

interface Step {
  readonly signal: NodeJS.Signals;
  readonly all: boolean;
  readonly waitMs: number;
  readonly how: string;
}

function stepsFor(sight: Sight, answers: boolean): readonly Step[] {
  const fast: Step = { signal: 'SIGINT', all: false, waitMs: patience.fastMs, how: 'stopped in order' };
  const atOnce: Step = { signal: 'SIGQUIT', all: false, waitMs: patience.immediateMs, how: 'stopped at once' };
  const force: Step = { signal: 'SIGKILL', all: true, waitMs: patience.killedMs, how: 'killed' };
  const postmasters = postmastersOf(sight.processes);
  // A frozen one obeys nothing else; one that was killed has left children that wait for nobody.
  const obeys = postmasters.length === 1 && postmasters.every((p) => !p.frozen);
  if (!obeys || sight.processes.length === postmasters.length) return [force];
  return answers ? [fast, atOnce, force] : [atOnce, force];
}

/** The postmaster tells its own; by force each is told, itself first, so that it starts no new ones. */
function targetsOf(sight: Sight, all: boolean): readonly ServerProcess[] {
  const heads = postmastersOf(sight.processes);
  return all ? [...heads, ...sight.processes.filter((p) => !heads.includes(p))] : heads;
}

function unreadable(data: string): Outcome<never> {
  return fail('fencing_unproven', `${data} holds no cluster that this user may look into: nothing is proven about it`);
}

/** Looked at once more: a process that was born during the first look may have been missed by it. */
async function settled(sight: Sight, ended: number, how: string, data: string): Promise<Outcome<Stopped>> {
  const again = (await lookForServers(data)) ?? sight;
  const strangers = [...new Set([...again.processes.map((p) => p.pid), ...again.hidden, ...sight.hidden])];
  if (strangers.length > 0)
    return fail('fencing_unproven', `processes ${strangers.join(', ')} may be servers of ${data}`);
  return ok({ ended, how });
}

/**
 * Planned: all is written and sent to the standbys that are connected before it ends. Errors: `failover_failed`: it does not end within
 * the time.
 */
export async function stopInOrder(work: Work, node: FailoverNode, data: string): Promise<Outcome<void>> {
  const sight = await lookForServers(data);
  if (sight === null) return fail('failover_failed', `${data} cannot be read`);
  if (sight.processes.length === 0) return ok(undefined);
  if (node.commands.stop !== null) {
    const run = await runCommand(work, node, node.commands.stop);
    if (!run.ok) return run;
    work.context.note(`stop command of ${node.name}: ${run.value.said}`);
    if (run.value.lastLine === null) return fail('failover_failed', `${node.name} was not stopped: ${run.value.said}`);
  } else {
    const refused = await signalServers(postmastersOf(sight.processes), 'SIGINT');
    if (refused !== null) return fail('failover_failed', `${node.name} could not be stopped: ${refused}`);
  }
  const after = await untilGone(work, data, timeoutMsOf(work));
  if (after !== null && after.processes.length === 0) return ok(undefined);
  return fail('failover_failed', `${node.name} does not stop within ${work.cluster.timeoutSeconds} s`);
}
