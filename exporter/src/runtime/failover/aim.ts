import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { FailoverPolicy, FailoverView, StandingAnswer } from '../../contract/failover.ts';
import { standingAnswer } from '../../core/failover.ts';
import type { Transition } from '../../core/transitions.ts';
import type { FailoverNode } from '../../engines/failover/port.ts';
import type { OperationRequest } from '../app.ts';
import { blocker, type Blocker, type HandlerDeps } from '../handler.ts';
import type { Takeover, TakeoverDeps } from './move.ts';
import type { Look } from './watch.ts';

export type TakeoverAsk = Extract<OperationRequest, { kind: 'failover' | 'switchover' | 'fence' | 'rejoin' }>;

/** What a request comes to, with all nodes as they are now. */
export interface Aim {
  readonly look: Look;
  readonly move: Takeover;
  readonly standing: StandingAnswer | null;
  readonly blockers: readonly Blocker[];
}

export async function aimOf(
  deps: TakeoverDeps & { readonly handlers: Pick<HandlerDeps, 'service'> },
  request: TakeoverAsk,
  operationId: string,
  signal: AbortSignal,
): Promise<Outcome<Aim>> {
  const service = await deps.handlers.service(request.service);
  if (!service.ok) return service;
  if (service.value.config.failover === null)
    return fail('not_configured', `${request.service} has no section failover in genesis.yaml`);
  const look = await deps.watch.look(request.service, signal, operationId);
  if (!look.ok) return look;
  const { watched, view } = look.value;
  const node = (name: string | null | undefined): FailoverNode | null =>
    watched.cluster.nodes.find((candidate) => candidate.name === name) ?? null;
  const named = 'node' in request ? request.node : request.candidate;
  if (named !== null && node(named) === null)
    return fail('node_unknown', `${request.service} has no node called ${named}`);
  const transition: Transition = {
    kind: request.kind,
    managed: watched.engine.managed,
    balancer: watched.balancer !== null,
  };
  const base: Omit<Takeover, 'from' | 'to' | 'loss'> = {
    transition,
    operationId,
    watched,
    force: request.kind === 'failover' && request.force,
    manual: request.kind === 'fence' && request.automatic !== true,
    allowClone: (request.kind === 'rejoin' ? request.allowClone : null) ?? watched.config.allow_clone,
    lastBytes: null,
    isCutOff: false,
    proof: null,
    warnings: [] as string[],
  };
  const now = deps.clock.now();
  if (request.kind === 'fence' || request.kind === 'rejoin') {
    // Where all serve, a node comes back to nobody but itself.
    const oneWriter = watched.policy.strategy === 'active_passive';
    const to = oneWriter ? node(view.primary) : request.kind === 'rejoin' ? node(request.node) : null;
    const blockers = oneWriter ? nodeBlockers(request, view) : [];
    return ok({
      look: look.value,
      move: { ...base, from: node(request.node), to, loss: null },
      standing: null,
      blockers,
    });
  }
  const standing = standingAnswer(
    request.candidate === null ? view : only(view, request.candidate),
    askedPolicy(look.value, base.force),
    now,
  );
  const move = {
    ...base,
    from: node(view.primary),
    to: node(request.candidate ?? standing.candidate),
    loss: standing.loss,
  };
  return ok({ look: look.value, move, standing, blockers: takeoverBlockers(request, look.value, standing, move) });
}

/** Whoever forces it has seen the predicted loss: only then no bound holds it. */
function askedPolicy({ watched }: Look, force: boolean): FailoverPolicy {
  return force ? { ...watched.policy, maxLossBytes: Infinity, maxLossSeconds: Infinity } : watched.policy;
}

/** The view in which nobody else may take over. */
function only(view: FailoverView, candidate: string): FailoverView {
  return {
    ...view,
    nodes: view.nodes.map((node) => (node.name === candidate ? node : { ...node, candidate: false })),
  };
}

function nodeBlockers(request: Extract<TakeoverAsk, { kind: 'fence' | 'rejoin' }>, view: FailoverView): Blocker[] {
  if (request.kind === 'fence') return [];
  const primary = view.nodes.find(({ name }) => name === view.primary);
  if (request.node === view.primary) return [blocker('failover_held', `${request.node} is the primary itself`)];
  if (primary?.probe?.writable !== true)
    return [blocker('failover_held', 'there is no primary that takes writes: nothing to follow')];
  return [];
}

function takeoverBlockers(
  request: Extract<TakeoverAsk, { kind: 'failover' | 'switchover' }>,
  { view }: Look,
  standing: StandingAnswer,
  move: Takeover,
): Blocker[] {
  const found: Blocker[] = [];
  const primary = view.nodes.find(({ name }) => name === view.primary);
  if (request.kind === 'switchover' && primary?.probe?.writable !== true)
    found.push(
      blocker(
        'failover_held',
        `${view.primary ?? 'no primary'} does not take writes: a switchover needs a primary that is well, a failover does not`,
      ),
    );
  if (move.to === null) {
    const reasons = standing.rejected.map(({ node, reason }) => `${node}: ${reason}`);
    found.push(blocker('no_candidate', `nobody can take over (${reasons.join('; ') || standing.reasons.join('; ')})`));
  } else if (move.to.name === view.primary) {
    found.push(blocker('no_candidate', `${move.to.name} is the primary already`));
  } else if (standing.candidate !== move.to.name) {
    const why = standing.rejected.find(({ node }) => node === move.to?.name)?.reason ?? standing.reasons.join('; ');
    found.push(blocker('no_candidate', `${move.to.name} cannot take over: ${why}`));
  } else if (request.kind === 'failover' && !request.force && standing.wouldSucceed !== true) {
    found.push(blocker('failover_held', standing.reasons.join('; ')));
  }
  return found;
}

/** An automatic request rests on a decision; null: it still holds by the look at hand. Work that waits for its turn may come too late. */
export function whyOutdated(request: TakeoverAsk, { decision }: Look['facts']): string | null {
  if (request.kind === 'switchover' || request.automatic !== true) return null;
  const actions = { failover: ['failover'], fence: ['fence', 'drop'], rejoin: ['readmit'] }[request.kind];
  const same = 'node' in request ? decision.node === request.node : true;
  if (actions.includes(decision.action) && same) return null;
  return `it is no longer decided: ${[decision.action, ...decision.reasons].join('; ')}`;
}
