import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import {
  afterCrash,
  keptAfterCrash,
  nextPhase,
  phases as allPhases,
  wayBack,
  type NodeSight,
  type Phase,
  type Seen,
} from '../../core/transitions.ts';
import type { FailoverNode } from '../../engines/failover/port.ts';
import type { Approvals } from '../approvals.ts';
import { ownBreaker, type Breakers } from '../breakers.ts';
import { aimOf, whyOutdated, type TakeoverAsk } from '../failover/aim.ts';
import { draftOf } from '../failover/draft.ts';
import { withoutFence, withRecord } from '../failover/kept.ts';
import type { Takeover, TakeoverDeps } from '../failover/move.ts';
import { makePhase, measuredLoss, phaseWords, recordOf, type PhaseTime } from '../failover/takeover.ts';
import type { Handler, HandlerDeps } from '../handler.ts';
import { createRunTools, type RunTools } from '../run-tools.ts';

export interface TakeoverHandlerDeps extends TakeoverDeps {
  readonly handlers: HandlerDeps;
  readonly approvals: Approvals;
  readonly breakers: Breakers;
}

/** Failover, switchover, fence and rejoin: one transaction of phases each, kept in the journal. */
export function createTakeoverHandler<R extends TakeoverAsk>(deps: TakeoverHandlerDeps): Handler<R> {
  return {
    serviceOf: async ({ service }) => {
      const found = await deps.handlers.service(service);
      return found.ok ? ok(found.value.config.name) : found;
    },
    plan: async (request) => {
      const aim = await aimOf(deps, request, 'plan', new AbortController().signal);
      return aim.ok ? ok(draftOf(aim.value, request)) : aim;
    },
    run: (request, operation, tools) => run(deps, request, operation, tools),
    recover: (request, operation) => recover(deps, request, operation),
  };
}

async function run(
  deps: TakeoverHandlerDeps,
  request: TakeoverAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const aim = await aimOf(deps, request, operation.id, tools.signal);
  if (!aim.ok) return aim;
  const { move, blockers } = aim.value;
  const outdated = whyOutdated(request, aim.value.look.facts);
  if (outdated !== null) return fail('failover_held', outdated);
  const [first] = blockers;
  if (first !== undefined) return fail(first.code, first.message);
  const approved = await approval(deps, operation, move, tools);
  if (!approved.ok) return approved;
  const { from, to } = move;
  const { primaryPosition: position, synchronousStandbys } = aim.value.look.view;
  const names = { from: from?.name ?? null, to: to?.name ?? null };
  const moving = { operationId: operation.id, ...names, lastBytes: null, position, synchronousStandbys };
  await deps.memory.change(request.service, (kept) => ({ ...kept, moving }));
  const times: PhaseTime[] = [];
  const moved = await goOn(deps, move, [], times, tools);
  await conclude(deps, request, operation, move, times, moved.ok);
  return moved.ok ? ok(resultOf(move, times)) : moved;
}

async function approval(
  deps: TakeoverHandlerDeps,
  operation: Operation,
  move: Takeover,
  tools: RunTools,
): Promise<Outcome<unknown>> {
  const { required, expires } = move.watched.config.approval;
  if (!required || !move.force) return ok(undefined);
  return tools.step('wait for a second person', async (note) => {
    const decided = await deps.approvals.wait(operation, expires, tools.signal);
    if (decided.ok) note(`approved by ${decided.value.by}`);
    return decided;
  });
}

/** Phase after phase; what fails before the point of no return is put back. */
async function goOn(
  deps: TakeoverHandlerDeps,
  move: Takeover,
  before: readonly Phase[],
  times: PhaseTime[],
  tools: Pick<RunTools, 'step' | 'signal'>,
): Promise<Outcome<void>> {
  const done = [...before];
  for (let phase = nextPhase(move.transition, done); phase !== null; phase = nextPhase(move.transition, done)) {
    const made = phase;
    const beganMs = performance.now();
    // From the promotion on there is no way back: a cancel would leave the service without a writer.
    const isFinal = [...done, made].some((one) => one === 'promote' || one === 'hand_over');
    const signal = isFinal ? new AbortController().signal : tools.signal;
    const outcome = await tools.step(phaseWords[made], (note) =>
      makePhase(deps, move, made, { signal, note, operation: move.operationId }),
    );
    times.push({ name: made, seconds: (performance.now() - beganMs) / 1000 });
    if (!outcome.ok) {
      await putBack(deps, move, [...done, made], tools);
      return outcome;
    }
    done.push(made);
  }
  return ok(undefined);
}

/** Undoes what the table says can be undone, by what is seen now; says in words what came of it. */
async function putBack(
  deps: TakeoverHandlerDeps,
  move: Takeover,
  begun: readonly Phase[],
  tools: Pick<RunTools, 'step'>,
): Promise<string> {
  // A way back must not be cut short by the cancel that made it necessary.
  const { signal } = new AbortController();
  const seen = await seenOf(deps, move, begun, signal);
  const undo = wayBack(move.transition, seen);
  const { from, watched } = move;
  if (from !== null && undo.length === 0 && seen.from === 'writes' && seen.to !== 'writes' && !seen.thirdWrites)
    // It serves as before: a fence that was asked for and never came to anything must not stay on it.
    await deps.memory.change(watched.cluster.service, (kept) => withoutFence(kept, from.name));
  if (from === null || undo.length === 0) return 'nothing is put back: every node stays as it was seen';
  const words: string[] = [];
  const done = await tools.step('put back what can be put back', async (note) => {
    for (const phase of undo) {
      const undone = await undoPhase(watched, from, phase, signal);
      words.push(undone.ok ? undone.value : undone.error.message);
      if (!undone.ok) return undone;
    }
    await deps.memory.change(watched.cluster.service, (kept) => withoutFence(kept, from.name));
    note(words.join('; '));
    return ok(undefined);
  });
  return done.ok ? words.join('; ') : `not put back: ${words.join('; ')}`;
}

async function undoPhase(
  { engine, cluster, balancer, serverNames }: Takeover['watched'],
  from: FailoverNode,
  phase: Phase,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  if (phase === 'demote') {
    const started = await engine.promote(cluster, from, { signal, note: () => undefined });
    return started.ok ? ok(`${from.name} is the primary again`) : started;
  }
  if (balancer === null) return ok('there is no load balancer');
  const admitted = await balancer.admit(serverNames.get(from.name) ?? from.name, signal);
  return admitted.ok ? ok('the load balancer lets clients in again') : admitted;
}

/** Looks at every node, and for a proof where the old primary does not answer. */
async function seenOf(
  deps: TakeoverHandlerDeps,
  move: Takeover,
  begun: readonly Phase[],
  signal: AbortSignal,
): Promise<Seen> {
  const { cluster, engine } = move.watched;
  const look = await deps.watch.look(cluster.service, signal, move.operationId);
  const nodes = look.ok ? look.value.view.nodes : [];
  const sight = async (node: FailoverNode | null): Promise<NodeSight> => {
    const probe = nodes.find(({ name }) => name === node?.name)?.probe;
    if (node === null) return 'unknown';
    if (probe?.reach === 'answered' && probe.writable === true) return 'writes';
    if (probe?.reach === 'answered' && probe.role === 'standby') return 'follows';
    const proof = await engine.provenDown(cluster, node, { signal, note: () => undefined });
    return proof === null ? 'unknown' : 'down';
  };
  const [from, to] = await Promise.all([sight(move.from), sight(move.to)]);
  const thirdWrites = nodes.some(
    ({ name, probe }) => probe?.writable === true && name !== move.from?.name && name !== move.to?.name,
  );
  return { from, to, thirdWrites, begun };
}

async function conclude(
  deps: TakeoverHandlerDeps,
  request: TakeoverAsk,
  operation: Operation,
  move: Takeover,
  times: readonly PhaseTime[],
  succeeded: boolean,
): Promise<void> {
  const { service } = request;
  const automatic = request.kind !== 'switchover' && request.automatic === true;
  const endedAt = deps.clock.now().toISOString();
  const startedAt = operation.startedAt ?? operation.createdAt;
  const reason = operation.reason ?? '';
  const record = recordOf(move, automatic, times, { startedAt, endedAt, succeeded, reason });
  await deps.memory.change(service, (kept) => ({ ...withRecord(kept, record), moving: null }));
  // A node that does not come back is no reason to hold back a failover.
  if (request.kind !== 'failover' && request.kind !== 'switchover') return;
  await deps.breakers.tell(service, ownBreaker, succeeded);
  await deps.handlers.measure({
    kind: 'failover',
    service,
    at: endedAt,
    labels: { region: move.to?.region ?? 'local', result: succeeded ? 'success' : 'failure' },
    durationSeconds: record.seconds,
  });
}

function resultOf(move: Takeover, times: readonly PhaseTime[]): Readonly<Record<string, unknown>> {
  return {
    from: move.from?.name ?? null,
    to: move.to?.name ?? null,
    phases: times,
    predictedLossBytes: move.loss?.bytes ?? null,
    measuredLossBytes: measuredLoss(move),
    fence: move.proof,
    warnings: move.warnings,
  };
}

/** After a crash: goes on, or puts back, by what the journal says was begun and by what is seen now. */
async function recover(
  deps: TakeoverHandlerDeps,
  request: TakeoverAsk,
  operation: Operation,
): Promise<{ readonly state: 'interrupted' | 'succeeded'; readonly left: string }> {
  const { signal } = new AbortController();
  const aim = await aimOf(deps, request, operation.id, signal);
  if (!aim.ok) return { state: 'interrupted', left: `not looked at: ${aim.error.message}` };
  const steps = phaseSteps(operation);
  const begun = steps.map(({ phase }) => phase);
  const { moving } = deps.memory.of(request.service);
  if (begun.length === 0 || moving?.operationId !== operation.id)
    return { state: 'interrupted', left: 'nothing: it had not begun to change anything' };
  const node = (name: string | null): FailoverNode | null =>
    aim.value.look.watched.cluster.nodes.find((candidate) => candidate.name === name) ?? null;
  const move: Takeover = {
    ...aim.value.move,
    from: node(moving.from),
    to: node(moving.to),
    lastBytes: moving.lastBytes,
    loss: null,
  };
  const done = steps.filter(({ ended }) => ended).map(({ phase }) => phase);
  const seen = await seenOf(deps, move, begun, signal);
  const tools = { step: journalSteps(deps, operation.id), signal };
  const decided = afterCrash(move.transition, done, seen);
  if (decided === 'finished')
    return end(deps, request, operation, move, [], true, 'it had ended; every node was looked at');
  if (decided === 'roll_back') {
    const left = await putBack(deps, move, begun, tools);
    return end(deps, request, operation, move, [], false, left);
  }
  const times: PhaseTime[] = [];
  const moved = await goOn(deps, move, keptAfterCrash(move.transition, done, seen), times, tools);
  const left = moved.ok
    ? 'gone on from where it was, and finished'
    : `gone on from where it was; then ${moved.error.message}`;
  return end(deps, request, operation, move, times, moved.ok, left);
}

async function end(
  deps: TakeoverHandlerDeps,
  request: TakeoverAsk,
  operation: Operation,
  move: Takeover,
  times: readonly PhaseTime[],
  succeeded: boolean,
  left: string,
): Promise<{ readonly state: 'interrupted' | 'succeeded'; readonly left: string }> {
  await conclude(deps, request, operation, move, times, succeeded);
  return { state: succeeded ? 'succeeded' : 'interrupted', left };
}

/** The phases of the journal's steps, by their words. */
function phaseSteps({ steps }: Operation): readonly { readonly phase: Phase; readonly ended: boolean }[] {
  return allPhases.flatMap((phase) => {
    const step = steps.find(({ name }) => name === phaseWords[phase]);
    return step === undefined ? [] : [{ phase, ended: step.state === 'succeeded' }];
  });
}

/** Steps of an operation that is put right before the machinery of operations runs. */
function journalSteps(deps: TakeoverHandlerDeps, operationId: string): RunTools['step'] {
  return createRunTools({
    operationId,
    signal: new AbortController().signal,
    clock: deps.clock,
    journal: deps.handlers.store.operations,
    onProgress: () => undefined,
    onStep: () => undefined,
  }).step;
}
