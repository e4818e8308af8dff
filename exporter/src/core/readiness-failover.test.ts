import { aFailover } from '../api/testing/failover-sample.ts';
import type { FailoverFacts } from '../contract/failover.ts';
import { serviceWith, testNow } from '../contract/testing.ts';
import { assessReadiness } from './readiness.ts';
import { failoverChecks } from './readiness-failover.ts';

function resultOf(id: string, failover: FailoverFacts | null) {
  const input = {
    service: serviceWith({ failover }),
    auditWritable: true,
    configOk: true,
    hasComponents: true,
    copiesConfigured: [],
  };
  return assessReadiness(input, testNow).checks.find((check) => check.id === id);
}

describe('readiness of a service that can fail over', () => {
  const standing = (change: Partial<FailoverFacts['standing']>): FailoverFacts => {
    const facts = aFailover();
    return { ...facts, standing: { ...facts.standing, ...change } };
  };

  it('is asked only where somebody could take over', () => {
    expect(failoverChecks.map(({ id }) => resultOf(id, null))).toEqual(failoverChecks.map(() => undefined));
    expect(failoverChecks.map(({ id }) => resultOf(id, aFailover())?.result)).toEqual(
      failoverChecks.map(() => 'passed'),
    );
  });

  it('names why nobody could', () => {
    const held = standing({
      wouldSucceed: false,
      reasons: ['no candidate'],
      rejected: [{ node: 'db2', reason: 'it is fenced' }],
    });
    expect(resultOf('failover_ready', held)).toMatchObject({
      result: 'failed',
      evidence: 'no candidate; db2: it is fenced',
    });
    expect(resultOf('failover_ready', standing({ wouldSucceed: null, reasons: [] }))).toMatchObject({
      result: 'unknown',
    });
  });

  it('names what the product puts at risk', () => {
    const risky = { ...aFailover(), warnings: ['no watchdog', 'no slot'] };
    expect(resultOf('failover_sound', risky)).toMatchObject({ result: 'failed', evidence: 'no watchdog; and 1 more' });
  });
});
