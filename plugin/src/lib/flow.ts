import type { Plan } from '@genesis-dr/exporter/contract';

/** Decisions of the action flow: what may be sent, and what a new plan changed. */

/** The contract's actions that answer a dry run with their plan. */
export const plannedActions = [
  'startBackup',
  'verifyBackup',
  'restoreBackup',
  'deleteBackup',
  'startDrill',
  'startQuality',
  'startFailover',
  'startSwitchover',
  'fenceNode',
  'rejoinNode',
  'setScaling',
] as const;
export type PlannedActionId = (typeof plannedActions)[number];

/** Actions whose body has a reason, which goes into the journal and the audit log. */
export const reasonedActions = [
  'startBackup',
  'verifyBackup',
  'restoreBackup',
  'deleteBackup',
  'startDrill',
  'startQuality',
  'startFailover',
  'startSwitchover',
  'cancelSwitchover',
  'fenceNode',
  'rejoinNode',
  'approveOperation',
  'pauseFailover',
  'setScaling',
  'pauseScaling',
  'setScalingPolicy',
  'resetScalingPolicy',
  'pauseService',
  'startMaintenance',
  'endMaintenance',
  'cancelOperation',
] as const;

export type ReasonNeed = 'required' | 'optional' | 'none';

export interface Entered {
  readonly reason: string;
  readonly confirmation: string;
}

export interface Needs {
  readonly reason: ReasonNeed;
  /** What has to be typed; null: nothing. */
  readonly confirm: string | null;
}

/** Whether what was entered suffices. The confirmation is compared exactly: it is the moment to look twice. */
export function isEntered(needs: Needs, entered: Entered): boolean {
  if (needs.reason === 'required' && entered.reason.trim() === '') return false;
  return needs.confirm === null || entered.confirmation.trim() === needs.confirm;
}

/** The parts of the body that come from the dialog; empty ones are left out because the contract is strict. */
export function enteredBody(needs: Needs, entered: Entered): { reason?: string; confirm?: string } {
  const reason = entered.reason.trim();
  return {
    ...(needs.reason === 'none' || reason === '' ? {} : { reason }),
    ...(needs.confirm === null ? {} : { confirm: entered.confirmation.trim() }),
  };
}

/** What differs between the plan that was looked at and the one that holds now, in words, most important first. */
export function planChanges(before: Plan, now: Plan): readonly string[] {
  const changes: string[] = [];
  const list = (name: string, was: readonly string[], is: readonly string[]): void => {
    for (const line of is.filter((one) => !was.includes(one))) changes.push(`${name}, new: ${line}`);
    for (const line of was.filter((one) => !is.includes(one))) changes.push(`${name}, no longer: ${line}`);
  };
  list(
    'blocker',
    before.blockers.map(({ message }) => message),
    now.blockers.map(({ message }) => message),
  );
  list('data at stake', before.atStake, now.atStake);
  list('warning', before.warnings, now.warnings);
  list('stops', before.stops, now.stops);
  list('step', before.steps, now.steps);
  for (const key of new Set([...Object.keys(before.facts), ...Object.keys(now.facts)])) {
    if (inWarnings.has(key)) continue;
    const [was, is] = [factText(before.facts[key]), factText(now.facts[key])];
    if (was !== is) changes.push(`${key}: ${was} is now ${is}`);
  }
  return changes;
}

/** What the plan says of them in words stands among its warnings and blockers. */
const inWarnings: ReadonlySet<string> = new Set(['recovery']);

function factText(value: unknown): string {
  if (value === undefined || value === null) return 'not known';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A key that names this request and no other. `randomUUID` is missing on pages that are not served by TLS or from this machine. */
export function createIdempotencyKey(source: Pick<Crypto, 'getRandomValues'>): string {
  const bytes = source.getRandomValues(new Uint8Array(16));
  return `app-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
