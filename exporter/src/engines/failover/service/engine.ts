import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { failoverStrategies, type NodeProbe } from '../../../contract/failover.ts';
import type { FailoverCluster, FailoverContext, FailoverEngine, FailoverNode, Promotion } from '../port.ts';
import { act, call, inWords, lookUntil, wayOf, type ServiceDeps, type Work } from './actions.ts';
import { fence, provenDown } from './fence.ts';
import { probeService } from './probe.ts';
import { warningsOf } from './warnings.ts';

/**
 * Any service: its nodes say at their health address what they are, and configured commands or signed calls move them. An action has
 * happened when the health says so, whatever the command's exit code was. Where all serve, `demote` takes a node out, and `rejoin` of a
 * node with itself as the primary lets it in again.
 */
export function createServiceFailover(deps: ServiceDeps): FailoverEngine {
  return {
    name: 'service',
    strategies: failoverStrategies,
    managed: false,
    probe: (cluster, node, signal) => probeService(deps, cluster, node, signal),
    provenDown: (cluster, node, context) => provenDown({ deps, cluster, context }, node),
    fence: (cluster, node, context) =>
      begun(context, `fencing ${node.name}`, () => fence({ deps, cluster, context }, node)),
    demote: (cluster, node, context) =>
      begun(context, `demoting ${node.name}`, () => demote({ deps, cluster, context }, node)),
    promote: (cluster, node, context) =>
      begun(context, `promoting ${node.name}`, () => promote({ deps, cluster, context }, node)),
    follow: (cluster, node, primary, context) =>
      begun(context, `pointing ${node.name} at ${primary.name}`, () =>
        follow({ deps, cluster, context }, node, primary),
      ),
    rejoin: (cluster, node, primary, _options, context) =>
      begun(context, `taking ${node.name} back`, () => rejoin({ deps, cluster, context }, node, primary)),
    handOver: (cluster: FailoverCluster) => notManaged(cluster),
    setPaused: (cluster: FailoverCluster) => notManaged(cluster),
    warnings: (cluster) => Promise.resolve(warningsOf(cluster)),
  };
}

function begun<T>(context: FailoverContext, doing: string, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  if (context.signal.aborted) return Promise.resolve(fail('cancelled', `${doing} was cancelled before it began`));
  return work();
}

function notManaged<T>({ service }: FailoverCluster): Promise<Outcome<T>> {
  return Promise.resolve(fail('not_supported', `no product moves the primary of ${service}: genesis does`));
}

const takesNone = (probe: NodeProbe): boolean => probe.reach === 'answered' && probe.writable === false;
/** A drained instance says so, or fails the check that its load balancer asks. */
const isOut = (probe: NodeProbe): boolean => takesNone(probe) || probe.reach === 'failed';
const takesWrites = (probe: NodeProbe): boolean => probe.reach === 'answered' && probe.writable === true;
const serves = (probe: NodeProbe): boolean => probe.reach === 'answered' && probe.writable !== false;

async function demote(work: Work, node: FailoverNode): Promise<Outcome<{ readonly lastBytes: number | null }>> {
  const { demote: command, drain } = node.commands;
  if (wayOf(node, 'demote') === null && drain === null) return notConfigured(node, 'demote it');
  // Drained only: the service has one kind of node, and its health fails or says that it takes no writes.
  const wanted = command === null && node.webhook === null ? isOut : takesNone;
  const now = await probeService(work.deps, work.cluster, node, work.context.signal);
  if (wanted(now)) return ok({ lastBytes: now.receivedBytes });
  if (drain !== null) {
    const drained = await act(work, node, 'drain');
    if (!drained.ok) return drained;
  }
  const done = wanted === isOut ? null : await act(work, node, 'demote');
  // Where nobody listens nothing more is to come: a member that died is out once whoever sends it work was told.
  const reached = wanted === isOut ? (probe: NodeProbe) => isOut(probe) || probe.reach === 'refused' : wanted;
  const seen = await effectOf(work, node, 'was demoted', reached, done);
  return seen.ok ? ok({ lastBytes: seen.value.receivedBytes }) : seen;
}

async function promote(work: Work, node: FailoverNode): Promise<Outcome<Promotion>> {
  const { promote: command, admit } = node.commands;
  if (wayOf(node, 'promote') === null && admit === null) return notConfigured(node, 'promote it');
  const membership = command === null && node.webhook === null;
  const wanted = membership ? serves : takesWrites;
  const now = await probeService(work.deps, work.cluster, node, work.context.signal);
  let probe = now;
  if (!wanted(now) && !membership) {
    const seen = await effectOf(work, node, 'was promoted', wanted, await act(work, node, 'promote'));
    if (!seen.ok) return seen;
    probe = seen.value;
  }
  if (admit !== null) {
    const seen = await effectOf(work, node, 'was let in', wanted, await act(work, node, 'admit'));
    if (!seen.ok) return seen;
    probe = seen.value;
  }
  return ok({ timeline: probe.timeline, detail: inWords(probe) });
}

/** Commands have none for it: without a webhook its standbys find their primary by themselves, and are only looked at. */
async function follow(work: Work, node: FailoverNode, primary: FailoverNode): Promise<Outcome<string>> {
  const follows = (probe: NodeProbe): boolean =>
    takesNone(probe) && (probe.upstream === null || probe.upstream === primary.name);
  const told = node.webhook === null ? null : await call(work, node, 'follow', primary.name);
  const seen = await effectOf(work, node, `was pointed at ${primary.name}`, follows, told);
  return seen.ok ? ok(inWords(seen.value)) : seen;
}

async function rejoin(work: Work, node: FailoverNode, primary: FailoverNode): Promise<Outcome<string>> {
  const member = node.name === primary.name;
  const started = await startIfGone(work, node, member ? undefined : primary.name);
  if (!started.ok) return started;
  if (!member && !takesNone(started.value)) {
    if (wayOf(node, 'demote') === null) return notConfigured(node, 'make a standby of it');
    const done = await act(work, node, 'demote', primary.name);
    const seen = await effectOf(work, node, 'became a standby', takesNone, done);
    if (!seen.ok) return seen;
  }
  const wanted = member ? serves : takesNone;
  // A standby is let in by a command only: a receiver was told with `demote` what it is.
  const admits = node.commands.admit !== null || (member && node.webhook !== null);
  const done = admits ? await act(work, node, 'admit', primary.name) : null;
  const seen = await effectOf(work, node, 'was taken back', wanted, done);
  return seen.ok ? ok(inWords(seen.value)) : seen;
}

/**
 * Resolves to a probe that was answered, or failed: it runs and has something to say. The command is told of the primary: a node that
 * starts as one itself would be the second writer until it is demoted.
 */
async function startIfGone(work: Work, node: FailoverNode, primary: string | undefined): Promise<Outcome<NodeProbe>> {
  const runs = (probe: NodeProbe): boolean => probe.reach === 'answered' || probe.reach === 'failed';
  const now = await probeService(work.deps, work.cluster, node, work.context.signal);
  if (runs(now)) return ok(now);
  if (wayOf(node, 'start') === null) return notConfigured(node, `start it, and ${inWords(now)}`);
  return effectOf(work, node, 'was started', runs, await act(work, node, 'start', primary));
}

/**
 * What the health says after an action, which counts more than how the action ended: a command that failed may have done it, one that
 * succeeded may not. `action` null: nothing was run, it is only looked at.
 */
async function effectOf(
  work: Work,
  node: FailoverNode,
  deed: string,
  wanted: (probe: NodeProbe) => boolean,
  action: Outcome<unknown> | null,
): Promise<Outcome<NodeProbe>> {
  if (action !== null && !action.ok && action.error.code === 'cancelled') return action;
  const failed = action !== null && !action.ok ? action.error : null;
  // One that failed gets one look: nothing more is to come.
  const { reached, probe } = await lookUntil(work, node, wanted, failed === null ? undefined : 0);
  if (reached) {
    if (failed !== null) work.context.note(`${node.name} ${deed} all the same: ${failed.message}`);
    return ok(probe);
  }
  if (failed !== null) return { ok: false, error: failed };
  if (work.context.signal.aborted) return fail('cancelled', `it was cancelled before ${node.name} ${deed}`);
  return fail('failover_failed', `nothing shows that ${node.name} ${deed}: ${inWords(probe)}`);
}

function notConfigured(node: FailoverNode, what: string): Outcome<never> {
  return fail('not_supported', `${node.name} has neither a command nor a webhook to ${what}`);
}
