import { OpError, type Outcome } from '../../contract/errors.ts';
import type { FenceProof, NodeFence, PredictedLoss } from '../../contract/failover.ts';
import type { Transition } from '../../core/transitions.ts';
import type { FailoverContext, FailoverNode } from '../../engines/failover/port.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { Lease } from '../lease.ts';
import type { FailoverMemory } from './kept.ts';
import type { FailoverWatch, WatchedCluster } from './watch.ts';

/** One move of a primary, or of one node, while it goes on. Each phase looks at what is there first, so that it can be made again. */
export interface Takeover {
  readonly transition: Transition;
  readonly operationId: string;
  readonly watched: WatchedCluster;
  /** Who serves, or served; of a fence or a rejoin the node itself. Null: nobody knows. */
  readonly from: FailoverNode | null;
  /** Who takes over; of a rejoin whom the node follows. */
  readonly to: FailoverNode | null;
  readonly force: boolean;
  /** A person asked for it. */
  readonly manual: boolean;
  readonly allowClone: boolean;
  readonly loss: PredictedLoss | null;
  /** Position the old primary ended at, once it is known. */
  lastBytes: number | null;
  /** The load balancer has said that it sends nobody to `from`. */
  isCutOff: boolean;
  proof: FenceProof | null;
  /** What went wrong beside the move itself. */
  readonly warnings: string[];
}

export interface TakeoverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: FailoverMemory;
  readonly lease: Lease;
  readonly watch: Pick<FailoverWatch, 'look'>;
}

export type PhaseEffect = (deps: TakeoverDeps, move: Takeover, context: FailoverContext) => Promise<Outcome<unknown>>;

/** How often a phase looks whether what it waits for is there. */
export const pollMs = 20;

export const need = (node: FailoverNode | null, what: string): FailoverNode => {
  if (node === null) throw new OpError('no_candidate', `no node is known as ${what}`);
  return node;
};

/** All serve: a node is a member, and no role moves. */
export const isMember = ({ watched }: Takeover): boolean => watched.policy.strategy !== 'active_passive';

export function fenceOf(deps: TakeoverDeps, move: Takeover, node: FailoverNode, proof: FenceProof | null): NodeFence {
  const since = deps.clock.now().toISOString();
  const manual = move.manual && move.transition.kind === 'fence';
  return { node: node.name, since, operationId: move.operationId, proof, manual };
}
