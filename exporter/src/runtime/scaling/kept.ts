import type { AutomationPause } from '../../contract/failover.ts';
import type { ScalingDecision, ScalingRecord, ScalingTrigger } from '../../contract/scaling.ts';
import type { FactStore } from '../../store/port.ts';
import { createMemory, type Memory } from '../memory.ts';

/** A policy that a person put in the place of the file's. It ends when the file's own changes, because it was made for that one. */
export interface PolicyOverride {
  readonly text: string;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  /** Of the file's section when it was made. */
  readonly fileHash: string;
}

/** What has to survive a restart. */
export interface KeptScaling {
  readonly desired: number | null;
  readonly lastUpAt: string | null;
  readonly lastDownAt: string | null;
  readonly lastByMetric: Readonly<Record<string, string>>;
  readonly missingInRow: number;
  readonly frozenSince: string | null;
  readonly pause: AutomationPause | null;
  readonly override: PolicyOverride | null;
  /** Newest first. */
  readonly history: readonly ScalingRecord[];
  /** Newest first; a hold that only repeats the one before takes its place. */
  readonly decisions: readonly ScalingDecision[];
  readonly cost: { readonly since: string; readonly soFar: number; readonly at: string } | null;
  /** What is being changed: written before the first effect, so that a restart knows what it was. */
  readonly changing: Changing | null;
}

export interface Changing {
  readonly operationId: string;
  readonly before: number;
  readonly wanted: number;
  readonly trigger: ScalingTrigger;
}

const nothing: KeptScaling = {
  desired: null,
  lastUpAt: null,
  lastDownAt: null,
  lastByMetric: {},
  missingInRow: 0,
  frozenSince: null,
  pause: null,
  override: null,
  history: [],
  decisions: [],
  cost: null,
  changing: null,
};

const historyLength = 500;
const decisionsLength = 100;

export type ScalingMemory = Memory<KeptScaling>;

export function createScalingMemory(facts: FactStore): ScalingMemory {
  return createMemory(facts, 'scaling', nothing);
}

export function withScaled(kept: KeptScaling, record: ScalingRecord): KeptScaling {
  const others = kept.history.filter(({ operationId }) => operationId !== record.operationId);
  return { ...kept, history: [record, ...others].slice(0, historyLength) };
}

/** The same answer for the same reasons is one entry, with the newest figures: a quiet day must not push out the night before. */
export function withDecision(kept: KeptScaling, decision: ScalingDecision): KeptScaling {
  const [newest, ...older] = kept.decisions;
  const repeats =
    newest !== undefined &&
    newest.action === decision.action &&
    newest.desired === decision.desired &&
    newest.limits.join() === decision.limits.join() &&
    (decision.action === 'hold' || decision.action === 'freeze');
  const rest = repeats ? older : kept.decisions;
  return { ...kept, decisions: [decision, ...rest].slice(0, decisionsLength) };
}
