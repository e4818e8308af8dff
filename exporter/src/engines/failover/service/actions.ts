import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { NodeProbe } from '../../../contract/failover.ts';
import type { Clock, Exec, ExecResult, HttpFetch, Log } from '../../../ports/index.ts';
import { oneLine } from '../../health/words.ts';
import type { FailoverCluster, FailoverContext, FailoverNode, NodeCommands } from '../port.ts';
import { probeService } from './probe.ts';
import { callWebhook } from './webhook.ts';

/** Configured commands and signed calls, and the look at what they did. */

export interface ServiceDeps {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  readonly log: Log;
}

export interface Work {
  readonly deps: ServiceDeps;
  readonly cluster: FailoverCluster;
  readonly context: FailoverContext;
}

/** Between two looks at whether an action has had its effect. */
const lookMs = 250;

/** `command`: asked only of the file; `webhook`: only of the receiver; null: neither is configured. */
export function wayOf(node: FailoverNode, action: keyof NodeCommands): 'command' | 'webhook' | null {
  if (node.commands[action] !== null) return 'command';
  return node.webhook === null ? null : 'webhook';
}

/** Names of actions in a webhook's body and in GENESIS_ACTION. */
const words: Readonly<Record<keyof NodeCommands, string>> = {
  stop: 'stop',
  start: 'start',
  confirmDown: 'confirm_down',
  promote: 'promote',
  demote: 'demote',
  drain: 'drain',
  admit: 'admit',
};

export interface Said {
  /** Last line of the output, or the receiver's answer. */
  readonly lastLine: string | null;
  readonly answer: Readonly<Record<string, unknown>> | null;
}

/**
 * Runs the command of the action, or calls the webhook where none is configured. Errors: `not_supported` (neither), `exec_failed` (another
 * exit code than 0, too), `exec_timeout`, `failover_failed` (the receiver did not say that it is done), `cancelled`.
 */
export async function act(
  work: Work,
  node: FailoverNode,
  action: keyof NodeCommands,
  primary?: string,
): Promise<Outcome<Said>> {
  const command = node.commands[action];
  if (command !== null) return runCommand(work, node, words[action], command, primary);
  if (node.webhook === null)
    return fail('not_supported', `${node.name} has neither a command ${words[action]} nor a webhook`);
  return call(work, node, words[action], primary);
}

/** The receiver may know of an action that no command stands for. */
export async function call(work: Work, node: FailoverNode, action: string, primary?: string): Promise<Outcome<Said>> {
  if (node.webhook === null) return fail('not_supported', `${node.name} has no webhook`);
  const { service, timeoutSeconds } = work.cluster;
  const body = { action, service, node: node.name, operation: work.context.operation ?? null };
  const answer = await callWebhook(
    work.deps,
    node.webhook,
    { ...body, ...(primary === undefined ? {} : { primary }) },
    { timeoutMs: timeoutSeconds * 1000, signal: work.context.signal },
  );
  if (!answer.ok) return answer;
  work.context.note(`${node.name}: the webhook says that ${action} is done`);
  return ok({ lastLine: null, answer: answer.value });
}

async function runCommand(
  work: Work,
  node: FailoverNode,
  action: string,
  command: readonly string[],
  primary: string | undefined,
): Promise<Outcome<Said>> {
  const [file = '', ...args] = command;
  const run = await work.deps.exec.run(file, args, {
    timeoutMs: work.cluster.timeoutSeconds * 1000,
    signal: work.context.signal,
    env: {
      GENESIS_SERVICE: work.cluster.service,
      GENESIS_NODE: node.name,
      GENESIS_ACTION: action,
      ...(work.context.operation === undefined ? {} : { GENESIS_OPERATION: work.context.operation }),
      ...(primary === undefined ? {} : { GENESIS_PRIMARY: primary }),
    },
  });
  if (!run.ok) return run;
  const said = `${file} ended with ${run.value.exitCode}${lastWords(run.value)}`;
  work.context.note(`${node.name}: ${action}: ${said}`);
  if (run.value.exitCode !== 0) return fail('exec_failed', `${action} of ${node.name}: ${said}`);
  return ok({ lastLine: run.value.stdout.trim().split('\n').at(-1)?.trim() ?? '', answer: null });
}

function lastWords({ stderr, stdout }: ExecResult): string {
  const line = (stderr.trim() === '' ? stdout : stderr).trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${oneLine(line).slice(0, 200)}`;
}

/** Asks the node's health until it says so, or the time of commands is over; resolves to the last probe either way. */
export async function lookUntil(
  work: Work,
  node: FailoverNode,
  reached: (probe: NodeProbe) => boolean,
  seconds = work.cluster.timeoutSeconds,
): Promise<{ readonly reached: boolean; readonly probe: NodeProbe }> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const probe = await probeService(work.deps, work.cluster, node, work.context.signal);
    if (reached(probe)) return { reached: true, probe };
    if (work.context.signal.aborted || performance.now() >= deadline) return { reached: false, probe };
    await work.deps.clock.sleep(lookMs, work.context.signal);
  }
}

/** What a probe says, for messages: `it answers as standby`. */
export function inWords(probe: NodeProbe): string {
  if (probe.reach !== 'answered') return `it does not answer: ${probe.problem ?? probe.reach}`;
  const role = probe.role === null ? 'without a role' : `as ${probe.role}`;
  const writable =
    probe.writable === null
      ? 'and does not say whether it takes writes'
      : probe.writable
        ? 'and takes writes'
        : 'and takes no writes';
  return `it answers ${role} ${writable}${probe.problem === null ? '' : ` (${probe.problem})`}`;
}
