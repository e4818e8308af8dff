import type { FailoverFacts, FailoverRecord, NodeFacts, PredictedLoss } from '@genesis-dr/exporter/contract';
import type { Failover } from '../api/failover.ts';
import type { Operation, PlanReply } from '../api/types.ts';
import { formatBytes, formatDuration } from './format.ts';
import type { TopologyNode } from './topology.ts';
import { textParam } from './url-state.ts';

/** What the Failover page says of nodes, answers and plans. Pure. Null is unknown: never no, never 0. */

export const failoverParams = {
  service: textParam(63),
  /** The node whose drawer is open. */
  node: textParam(63),
  /** The operation whose drawer is open. */
  operation: textParam(100),
} as const;

export const failoverKinds = ['failover', 'switchover', 'fence', 'rejoin'] as const;

export function isFailoverKind(kind: string): boolean {
  return (failoverKinds as readonly string[]).includes(kind);
}

export type NodeVerdict =
  | 'second_writer'
  | 'fence_unproven'
  | 'fenced'
  | 'silent'
  | 'refused'
  | 'failed'
  | 'primary'
  | 'standby'
  | 'serves'
  | 'unknown';

type Place = Pick<FailoverFacts, 'primary' | 'writable' | 'strategy'>;

/** What matters most about a node. That two write, and that a fence is not proven, come before everything else. */
export function nodeVerdict(node: NodeFacts, facts: Place): NodeVerdict {
  const { probe, fence, name } = node;
  const oneWriter = facts.strategy === 'active_passive';
  if (oneWriter && facts.writable.includes(name) && facts.writable.length > 1 && facts.primary !== name)
    return 'second_writer';
  if (fence !== null) return fence.proof === null ? 'fence_unproven' : 'fenced';
  if (probe === null) return 'unknown';
  if (probe.reach !== 'answered') return probe.reach;
  if (!oneWriter) return 'serves';
  return probe.role ?? 'unknown';
}

/** Names of nodes that take writes where only one may. */
export function writersTooMany(facts: Pick<Place, 'writable' | 'strategy'>): readonly string[] {
  return facts.strategy === 'active_passive' && facts.writable.length > 1 ? facts.writable : [];
}

/** One node writes a log that the others follow; where all serve, nobody is behind anybody. */
export function hasLog({ strategy }: Pick<FailoverFacts, 'strategy'>): boolean {
  return strategy === 'active_passive';
}

/** The primary is there and answers. */
export function hasPrimary(facts: Pick<FailoverFacts, 'primary' | 'nodes'>): boolean {
  const primary = facts.nodes.find(({ name }) => name === facts.primary);
  return primary !== undefined && primary.fence === null && primary.probe?.reach === 'answered';
}

/** `at most 1.5 KiB, writes of 2 s`; what is not known is said to be so. */
export function lossText(loss: Pick<PredictedLoss, 'bytes' | 'seconds'> | null): string {
  if (loss === null || (loss.bytes === null && loss.seconds === null)) return 'an amount that is not known';
  const bytes = loss.bytes === null ? 'bytes not known' : `at most ${formatBytes(loss.bytes)}`;
  if (loss.bytes === 0 && (loss.seconds === null || loss.seconds === 0)) return bytes;
  return loss.seconds === null ? bytes : `${bytes}, writes of ${formatDuration(loss.seconds)}`;
}

export type Answer = 'yes' | 'no' | 'unknown';

export function answerOf(wouldSucceed: boolean | null): Answer {
  if (wouldSucceed === null) return 'unknown';
  return wouldSucceed ? 'yes' : 'no';
}

/** Nodes and arrows of the drawing: one writer behind the balancer, or all that it sends work to. */
export function topologyOf(facts: Failover): {
  readonly nodes: readonly TopologyNode[];
  readonly balancer: readonly string[] | null;
} {
  const nodes = [...facts.nodes]
    .sort((a, b) => Number(b.name === facts.primary) - Number(a.name === facts.primary))
    .map(({ name, probe }) => ({ name, upstream: probe?.role === 'primary' ? null : (probe?.upstream ?? null) }));
  return { nodes, balancer: facts.balancer === null ? null : ledTo(facts) };
}

function ledTo({ balancer, strategy }: Failover): readonly string[] {
  if (balancer === null || !balancer.known) return [];
  const { servers, writer } = balancer.value;
  if (strategy === 'active_passive') return writer === null ? [] : [writer];
  return servers.filter(({ state }) => state === 'up').map(({ node }) => node);
}

/** How the load balancer sees a node; null: it does not know it, or nobody asked it. */
export function serverOf(facts: Pick<Failover, 'balancer'>, node: string) {
  const { balancer } = facts;
  if (balancer === null || !balancer.known) return null;
  return balancer.value.servers.find((server) => server.node === node) ?? null;
}

const forcible: readonly string[] = ['failover_held', 'fencing_unproven'];

/** Only a missing proof or the bound on loss stands in the way: what a person may decide to go past. */
export function isForcible(plan: Pick<PlanReply, 'blockers'> | undefined): boolean {
  return plan !== undefined && plan.blockers.length > 0 && plan.blockers.every(({ code }) => forcible.includes(code));
}

/** Facts of the plan of a failover or switchover. Null: not known. */
export interface PlannedMove {
  readonly kind: 'failover' | 'switchover';
  readonly from: string | null;
  readonly candidate: string | null;
  readonly loss: { readonly bytes: number | null; readonly seconds: number | null };
  readonly fence: string | null;
  readonly balancer: string | null;
}

/** Null: a plan of another kind. */
export function plannedMove({ kind, facts }: Pick<PlanReply, 'kind' | 'facts'>): PlannedMove | null {
  if (kind !== 'failover' && kind !== 'switchover') return null;
  return {
    kind,
    from: text(facts['from']),
    candidate: text(facts['candidate']),
    loss: { bytes: count(facts['predictedLossBytes']), seconds: count(facts['predictedLossSeconds']) },
    fence: text(facts['fence']),
    balancer: text(facts['balancer']),
  };
}

/** What a failover or switchover did. Null: not known. */
export interface MoveResult {
  readonly from: string | null;
  readonly to: string | null;
  readonly predictedBytes: number | null;
  readonly measuredBytes: number | null;
  /** What remains to be looked at. */
  readonly warnings: readonly string[];
}

/** Null: it has no result (yet), or is of another kind. */
export function moveResult({ kind, result }: Pick<Operation, 'kind' | 'result'>): MoveResult | null {
  if (result === null || (kind !== 'failover' && kind !== 'switchover')) return null;
  return {
    from: text(result['from']),
    to: text(result['to']),
    predictedBytes: count(result['predictedLossBytes']),
    measuredBytes: count(result['measuredLossBytes']),
    warnings: texts(result['warnings']),
  };
}

/** Whose node an operation is about, as its parameters name it. */
export function nodeOf({ params }: Pick<Operation, 'params'>): string | null {
  return text(params['node']);
}

/** Name and time of each phase, as they ran. */
export function phaseTimes(record: Pick<FailoverRecord, 'phases'>): readonly (readonly [string, string])[] {
  return record.phases.map(({ name, seconds }) => [name, formatDuration(seconds)]);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
