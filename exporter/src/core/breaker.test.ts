import { askBreaker, newBreaker, tellBreaker, type BreakerSettings } from './breaker.ts';
import type { BreakerFacts } from '../contract/failover.ts';

const settings: BreakerSettings = { failures: 5, recoverySeconds: 60, halfOpenCalls: 3 };
const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 22) + seconds * 1000);

function opened(): BreakerFacts {
  let breaker = newBreaker('service');
  for (let n = 0; n < 5; n += 1) breaker = tellBreaker(breaker, false, settings, at(n));
  return breaker;
}

describe('the circuit breaker', () => {
  it('opens at the fifth failure in a row and says when it tries again', () => {
    let breaker = newBreaker('service');
    for (let n = 0; n < 4; n += 1) breaker = tellBreaker(breaker, false, settings, at(n));
    expect(breaker).toMatchObject({ state: 'closed', failureCount: 4 });
    expect(tellBreaker(breaker, false, settings, at(4))).toMatchObject({
      state: 'open',
      failureCount: 5,
      nextAttemptAt: at(64).toISOString(),
    });
  });

  it('counts anew after a success', () => {
    const failed = tellBreaker(newBreaker('service'), false, settings, at(0));
    expect(tellBreaker(failed, true, settings, at(1))).toMatchObject({ failureCount: 0, state: 'closed' });
  });

  it('refuses while open, and lets as many calls through as close it after the recovery time', () => {
    const open = opened();
    expect(askBreaker(open, settings, at(63)).allowed).toBe(false);
    let asked = askBreaker(open, settings, at(64));
    expect(asked).toMatchObject({ allowed: true, breaker: { state: 'half_open', halfOpenCalls: 1 } });
    asked = askBreaker(asked.breaker, settings, at(65));
    asked = askBreaker(asked.breaker, settings, at(65));
    expect(asked).toMatchObject({ allowed: true, breaker: { halfOpenCalls: 3 } });
    expect(askBreaker(asked.breaker, settings, at(65)).allowed).toBe(false);
    const one = tellBreaker(asked.breaker, true, settings, at(66), 2);
    expect(one.state).toBe('half_open');
    expect(tellBreaker(one, true, settings, at(66), 0)).toMatchObject({ state: 'closed', failureCount: 0 });
  });

  it('opens again at one failure while it tries', () => {
    const { breaker } = askBreaker(opened(), settings, at(64));
    expect(tellBreaker(breaker, false, settings, at(65))).toMatchObject({
      state: 'open',
      nextAttemptAt: at(125).toISOString(),
      halfOpenCalls: 0,
    });
  });

  it('is not held open by a clock that was set back', () => {
    expect(askBreaker(opened(), settings, at(-3600)).allowed).toBe(true);
  });
});
