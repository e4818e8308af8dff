import type {
  AutomationPause,
  FailoverRecord,
  FailoverView,
  NodeFence,
  ScheduledSwitchover,
} from '../../contract/failover.ts';
import type { FactStore } from '../../store/port.ts';
import { createMemory, type Memory } from '../memory.ts';

/** What has to survive a restart, of one service: small, and written before it is relied upon. */
export interface KeptFailover {
  /** The node that was last seen or made primary. */
  readonly primary: string | null;
  readonly fences: readonly NodeFence[];
  readonly pause: AutomationPause | null;
  readonly scheduled: ScheduledSwitchover | null;
  /** Newest first, at most 20. */
  readonly history: readonly FailoverRecord[];
  /** What is being moved: written before the first effect, so that a restart knows whom it was about. */
  readonly moving: Moving | null;
}

export interface Moving {
  readonly operationId: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Position the old primary ended at, once it was stopped in order. */
  readonly lastBytes: number | null;
  /** Where the primary was seen last, and who confirmed its commits: a restart cannot ask one that is fenced. */
  readonly position: FailoverView['primaryPosition'];
  readonly synchronousStandbys: readonly string[];
}

const nothing: KeptFailover = { primary: null, fences: [], pause: null, scheduled: null, history: [], moving: null };
const historyLength = 20;

export type FailoverMemory = Memory<KeptFailover>;

export function createFailoverMemory(facts: FactStore): FailoverMemory {
  return createMemory(facts, 'failover', nothing);
}

export function withRecord(kept: KeptFailover, record: FailoverRecord): KeptFailover {
  const others = kept.history.filter(({ operationId }) => operationId !== record.operationId);
  return { ...kept, history: [record, ...others].slice(0, historyLength) };
}

export function withFence(kept: KeptFailover, fence: NodeFence): KeptFailover {
  return { ...kept, fences: [...kept.fences.filter(({ node }) => node !== fence.node), fence] };
}

export function withoutFence(kept: KeptFailover, node: string): KeptFailover {
  return { ...kept, fences: kept.fences.filter((fence) => fence.node !== node) };
}
