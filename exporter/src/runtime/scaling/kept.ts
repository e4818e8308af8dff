import type { AutomationPause } from '../../contract/failover.ts';
import type { ScalingRecord, ScalingTrigger } from '../../contract/scaling-facts.ts';
import type { ScalingDecision } from '../../contract/scaling.ts';
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
  /** Newest first; what only repeats the one before takes its place. */
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
  decisions: [],
  cost: null,
  changing: null,
};

const historyLength = 500;
const decisionsLength = 100;

export interface ScalingMemory extends Memory<KeptScaling> {
  /** Actions of a service, newest first. */
  history(service: string): readonly ScalingRecord[];
  /** Durable before it resolves; what was recorded of the same operation before gives way. */
  record(service: string, record: ScalingRecord): Promise<void>;
}

export function createScalingMemory(facts: FactStore): ScalingMemory {
  const state = createMemory(facts, 'scaling', nothing);
  // Apart: it is long, grows only by actions, and the rest changes more often.
  const actions = createMemory<{ readonly records: readonly ScalingRecord[] }>(facts, 'scaling-history', {
    records: [],
  });
  return {
    ...state,
    async load(services) {
      await state.load(services);
      await actions.load(services);
    },
    history: (service) => actions.of(service).records,
    async record(service, record) {
      await actions.change(service, ({ records }) => {
        const others = records.filter(({ operationId }) => operationId !== record.operationId);
        return { records: [record, ...others].slice(0, historyLength) };
      });
    },
  };
}

/** Whether it says nothing that the newest one does not; what is acted on never repeats. */
export function repeats({ decisions: [newest] }: KeptScaling, decision: ScalingDecision): boolean {
  return (
    newest !== undefined &&
    newest.action === decision.action &&
    newest.desired === decision.desired &&
    newest.limits.join() === decision.limits.join() &&
    !newest.act &&
    !decision.act
  );
}

/** The same answer for the same reasons is one entry, with the newest figures: a quiet day must not push out the night before. */
export function withDecision(kept: KeptScaling, decision: ScalingDecision): KeptScaling {
  const rest = repeats(kept, decision) ? kept.decisions.slice(1) : kept.decisions;
  return { ...kept, decisions: [decision, ...rest].slice(0, decisionsLength) };
}
