import type { BreakerFacts } from '../contract/failover.ts';

export interface BreakerSettings {
  /** Failures without a success between them after which it opens. */
  readonly failures: number;
  /** Time until an open one lets calls through to try. */
  readonly recoverySeconds: number;
  /** Good calls that close a half-open one; so many are let through at a time. */
  readonly halfOpenCalls: number;
}

export function newBreaker(name: string): BreakerFacts {
  return { name, state: 'closed', failureCount: 0, lastFailureAt: null, nextAttemptAt: null, halfOpenCalls: 0 };
}

/**
 * A call is about to be made. Open: refused until `nextAttemptAt`, then half-open. Half-open: refused once as many calls as it takes
 * to close it are under way or went well.
 */
export function askBreaker(
  before: BreakerFacts,
  settings: BreakerSettings,
  now: Date,
): { readonly allowed: boolean; readonly breaker: BreakerFacts } {
  if (before.state === 'closed') return { allowed: true, breaker: before };
  if (before.state === 'open') {
    const due = before.nextAttemptAt === null || Date.parse(before.nextAttemptAt) <= +now;
    // A clock that was set back must not keep it open for longer than a recovery takes.
    const beyond =
      before.nextAttemptAt !== null && Date.parse(before.nextAttemptAt) - +now > settings.recoverySeconds * 1000;
    if (!due && !beyond) return { allowed: false, breaker: before };
    return { allowed: true, breaker: { ...before, state: 'half_open', nextAttemptAt: null, halfOpenCalls: 1 } };
  }
  if (before.halfOpenCalls >= settings.halfOpenCalls) return { allowed: false, breaker: before };
  return { allowed: true, breaker: { ...before, halfOpenCalls: before.halfOpenCalls + 1 } };
}

/** How a call that was let through ended. `pending`: calls that were let through and have not ended, this one not counted. */
export function tellBreaker(
  before: BreakerFacts,
  succeeded: boolean,
  settings: BreakerSettings,
  now: Date,
  pending = 0,
): BreakerFacts {
  if (!succeeded) {
    const failureCount = before.failureCount + 1;
    const failed = { ...before, failureCount, lastFailureAt: now.toISOString(), halfOpenCalls: 0 };
    const opens = before.state !== 'closed' || failureCount >= settings.failures;
    if (!opens) return failed;
    const next = new Date(+now + settings.recoverySeconds * 1000).toISOString();
    return { ...failed, state: 'open', nextAttemptAt: next };
  }
  if (before.state === 'closed') return { ...before, failureCount: 0 };
  // One that was let through before it opened says nothing about now.
  if (before.state === 'open') return before;
  const good = before.halfOpenCalls - pending;
  return good >= settings.halfOpenCalls ? { ...newBreaker(before.name), lastFailureAt: before.lastFailureAt } : before;
}
