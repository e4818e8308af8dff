import { join } from 'node:path';
import { realpath } from 'node:fs/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { NodeProbe } from '../../../contract/failover.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverNode } from '../port.ts';
import { putBack, recoverApart, replayApart } from './apart.ts';
import { clearBeside, clone, swapIn } from './clone.ts';
import { runCommand } from './command.ts';
import { conninfoOf, parseConninfo, type Conninfo } from './conninfo.ts';
import { isCleanStop, readControl, type ControlFacts } from './control.ts';
import { follow, historyOf, untilStreaming } from './follow.ts';
import { divergedBytes, historyName, parseHistory } from './history.ts';
import { besideOf, followBy } from './kept.ts';
import { exists, keepFromWriting, renameDurably, runProgram, textOf } from './local.ts';
import { probeNode } from './probe.ts';
import { rewind } from './rewind.ts';
import { lookForServers } from './sight.ts';
import { dropUnusedSlots, ensureSlot } from './slots.ts';
import { startServer } from './start.ts';
import { stopForGood } from './stop.ts';
import { cancelledBefore, onNode, timeoutMsOf, until, type Work } from './work.ts';

/** A node that was out comes back below the primary: as it is where it has nothing of its own, rewound, or cloned anew. */

interface Return {
  readonly work: Work;
  readonly node: FailoverNode;
  readonly data: string;
  readonly primary: FailoverNode;
  readonly source: PostgresServer;
  /** The primary when this began. */
  readonly above: NodeProbe;
  readonly timeline: number;
  readonly allowClone: boolean;
}

/** Errors: `failover_failed`, those of Exec and of sessions, `cancelled`. Called again after a crash it goes on where it was. */
export async function rejoin(
  work: Work,
  node: FailoverNode,
  primary: FailoverNode,
  options: { readonly allowClone: boolean },
): Promise<Outcome<string>> {
  const cancelled = cancelledBefore<string>(work, `rejoining ${node.name}`);
  if (cancelled !== null) return cancelled;
  const above = await probeNode(work.deps, work.cluster, primary, work.context.signal);
  if (above.writable !== true || above.timeline === null || primary.server === null)
    return fail('failover_failed', `${primary.name} is no primary that takes writes: ${above.problem ?? above.role}`);
  if (node.data === null) return rejoinElsewhere(work, node, primary);
  // A link to the folder stays where it is: the folder behind it is what changes.
  const data = await realpath(node.data).catch(() => node.data ?? '');
  const back: Return = {
    work,
    node,
    data,
    primary,
    source: primary.server,
    above,
    timeline: above.timeline,
    ...options,
  };
  const resumed = await resume(back);
  if (!resumed.ok) return resumed;
  const running = resumed.value === 'broken' ? null : await ifRunning(back);
  const way = running === null ? await bringBack(back, resumed.value === 'broken') : running;
  if (!way.ok) return way;
  await keepSlotsClean(back);
  await clearBeside(data);
  return way;
}

/** Folders that an earlier attempt left. `broken`: only one that pg_rewind did not finish, which is no cluster any more. */
async function resume({ data, node, work }: Return): Promise<Outcome<'whole' | 'broken'>> {
  const { cloned, recovering, rewinding, old } = besideOf(data);
  if (exists(data)) return ok('whole');
  const mended = exists(recovering)
    ? await putBack(data)
    : exists(cloned)
      ? await swapIn(data)
      : exists(rewinding)
        ? null
        : exists(old)
          ? await renameDurably(old, data)
          : undefined;
  if (mended === undefined) return fail('failover_failed', `${data} of ${node.name} does not exist`);
  if (mended === null) {
    work.context.note(`${node.name}: pg_rewind was broken off: its folder is of no use any more`);
    return ok('broken');
  }
  return mended.ok ? ok('whole') : mended;
}

/** Null: it does not run any more, and has to be brought back. */
async function ifRunning({ work, node, data, primary }: Return): Promise<Outcome<string> | null> {
  const sight = await lookForServers(data);
  if (sight === null)
    return fail('failover_failed', `${data} of ${node.name} holds no cluster that this user may look into`);
  if (sight.hidden.length > 0)
    return fail('failover_failed', `processes ${sight.hidden.join(', ')} may be servers of ${data}`);
  if (sight.processes.length === 0) return null;
  const probe = await probeNode(work.deps, work.cluster, node, work.context.signal);
  if (probe.role === 'primary')
    return fail('failover_failed', `${node.name} runs as a primary: it has to be fenced before it can rejoin`);
  if (probe.role === 'standby') {
    const followed = await follow(work, node, primary);
    if (followed.ok || followed.error.code === 'cancelled') return followed;
    work.context.note(followed.error.message);
  }
  await keepFromWriting(data);
  const stopped = await stopForGood(work, node, data, true);
  return stopped.ok ? null : fail('failover_failed', stopped.error.message);
}

async function bringBack(back: Return, isBroken: boolean): Promise<Outcome<string>> {
  const { work, node, data, primary } = back;
  const slot = await ensureSlot(work, node, primary);
  const follows = { slot, conninfo: await conninfoHere(back, isBroken ? besideOf(data).kept : data) };
  if (!isBroken) {
    const way = await withoutClone(back, follows);
    if (!way.ok) return way;
    if (way.value.done !== null) return ok(way.value.done);
    work.context.note(`${node.name}: ${way.value.why}`);
    if (!back.allowClone)
      return fail('failover_failed', `${node.name} has to be cloned anew, which is not allowed: ${way.value.why}`);
  } else if (!back.allowClone)
    return fail(
      'failover_failed',
      `${node.name} has to be cloned anew, which is not allowed: pg_rewind was broken off`,
    );
  const stopped = exists(data) ? await stopForGood(work, node, data, true) : ok(undefined);
  if (!stopped.ok) return fail('failover_failed', stopped.error.message);
  const cloned = await clone(work, node, data, back.source, follows);
  if (!cloned.ok) return cloned;
  const streams = await startBelow(back);
  return streams.ok ? ok(`${node.name} was cloned anew and streams from ${primary.name}`) : streams;
}

type Follows = { readonly slot: string | null; readonly conninfo: Conninfo };

/** `done` null: it can only be cloned, because of `why`. */
async function withoutClone(
  back: Return,
  follows: Follows,
): Promise<Outcome<{ readonly done: string; readonly why: null } | { readonly done: null; readonly why: string }>> {
  const { work, node, data, primary } = back;
  const control = await endInOrder(back);
  if (!control.ok) return control;
  const apart = await apartBy(back, control.value);
  let how = 'has nothing of its own';
  if (apart !== 0) {
    const own = apart === null ? '' : ` (${apart} bytes of its own)`;
    if (!control.value.rewindable)
      return ok({
        done: null,
        why: `it went another way${own}, and without data checksums or wal_log_hints it cannot be rewound`,
      });
    const ready = await readyToRewind(back, control.value);
    if (!ready.ok) return ready;
    const rewound = await rewind(work, node, data, back.source, follows);
    if (!rewound.ok) return rewound;
    if ('why' in rewound.value) return ok({ done: null, why: rewound.value.why });
    if (rewound.value.result === 'rewound') how = `was rewound${own}`;
    else if (apart === null) return ok({ done: null, why: 'it is on a timeline that the primary does not come from' });
  }
  await followBy(data, follows.conninfo, follows.slot);
  const streams = await startBelow(back);
  if (streams.ok) return ok({ done: `${node.name} ${how} and streams from ${primary.name}`, why: null });
  return streams.error.code === 'failover_failed' ? ok({ done: null, why: streams.error.message }) : streams;
}

/** The folder of a primary that was stopped in order, or of a server that has replayed all that it has. */
async function endInOrder({ work, node, data, primary }: Return): Promise<Outcome<ControlFacts>> {
  const first = await readControl(work, data);
  if (!first.ok) return first;
  const { systemId } = await probeNode(work.deps, work.cluster, primary, work.context.signal);
  if (systemId !== first.value.systemId)
    return fail(
      'failover_failed',
      `${data} holds another cluster than ${primary.name}: their system identifiers differ`,
    );
  await keepFromWriting(data);
  if (first.value.state === 'shut down') return first;
  const replayed = await replayApart(work, node, data);
  if (!replayed.ok) return replayed;
  const control = await readControl(work, data);
  if (!control.ok || isCleanStop(control.value.state)) return control;
  return fail('failover_failed', `${node.name} does not come to an orderly end: ${control.value.state}`);
}

/** Bytes that only this node has; null: not known. */
async function apartBy({ work, data, primary, timeline }: Return, control: ControlFacts): Promise<number | null> {
  const history = await historyOf(work, primary, timeline);
  if (history === null) return null;
  const text = control.timeline === 1 ? '' : await textOf(join(data, 'pg_wal', historyName(control.timeline)));
  // The checkpoint of an orderly stop begins there and is of its own, too.
  const reachedBytes = control.state === 'shut down' ? control.checkpointBytes + 1 : control.recoveryEndBytes;
  const own = { timeline: control.timeline, reachedBytes, history: text === null ? null : parseHistory(text) };
  return divergedBytes(own, { timeline, reachedBytes: 0, history });
}

/** pg_rewind takes the timelines of the last checkpoints for those of the servers: both may still be of before a promotion. */
async function readyToRewind({ work, node, data, primary }: Return, control: ControlFacts): Promise<Outcome<unknown>> {
  const flushed = await onNode(work, primary, (session) => session.query('CHECKPOINT'));
  if (!flushed.ok || control.checkpointTimeline === control.timeline) return flushed;
  return recoverApart(work, node, data);
}

/** Login and TLS as the node had them, when it still says so. */
async function conninfoHere({ work, node, data, source }: Return, from: string): Promise<Conninfo> {
  const place = exists(data) ? data : besideOf(data).rewinding;
  const run = await runProgram(work, place, 'postgres', [
    '-C',
    'primary_conninfo',
    '-D',
    place,
    ...(from === place ? [] : ['-c', `config_file=${from}/postgresql.conf`]),
  ]);
  const before =
    run.ok && run.value.exitCode === 0 ? parseConninfo(run.value.stdout.trim()) : new Map<string, string>();
  return conninfoOf(work.cluster, node, source, before);
}

async function startBelow(back: Return): Promise<Outcome<void>> {
  const { work, node, data, primary, above } = back;
  const started = await startServer(work, node, data);
  return started.ok ? untilStreaming(work, node, primary, above) : started;
}

/** A standby that has just come keeps no slots of its time as a primary; it may have standbys of its own. */
async function keepSlotsClean({ work, node, primary }: Return): Promise<void> {
  const others = work.cluster.nodes.filter(({ name }) => name !== node.name);
  const probes = await Promise.all(others.map((each) => probeNode(work.deps, work.cluster, each, work.context.signal)));
  await dropUnusedSlots(work, node, [node, ...others.filter((_, at) => probes[at]?.upstream !== node.name)]);
  for (const [at, place] of others.entries())
    if (place.name !== primary.name && probes[at]?.reach === 'answered') await dropUnusedSlots(work, place, [node]);
}

async function rejoinElsewhere(work: Work, node: FailoverNode, primary: FailoverNode): Promise<Outcome<string>> {
  const probe = await probeNode(work.deps, work.cluster, node, work.context.signal);
  if (probe.role === 'standby') return follow(work, node, primary);
  if (probe.role === 'primary')
    return fail('failover_failed', `${node.name} runs as a primary: it has to be fenced before it can rejoin`);
  const { start } = node.commands;
  if (start === null)
    return fail(
      'failover_failed',
      `${node.name} stands elsewhere and has no start command: bring it back as a standby there`,
    );
  const run = await runCommand(work, node, start);
  if (!run.ok) return run;
  work.context.note(`start command of ${node.name}: ${run.value.said}`);
  const up = await until<NodeProbe>(
    work,
    { what: `starting ${node.name}`, timeoutMs: timeoutMsOf(work), everyMs: 100 },
    async (say) => {
      const seen = await probeNode(work.deps, work.cluster, node, work.context.signal);
      say(seen.problem ?? seen.reach);
      return ok(seen.role === null ? null : seen);
    },
  );
  if (!up.ok) return up;
  return up.value.role === 'standby'
    ? follow(work, node, primary)
    : fail('failover_failed', `${node.name} came up as a primary: fence it`);
}
