import type { SlaStatus } from '@genesis-dr/exporter/contract';
import { budgetMinutes, countVerdicts, groupByService, isThin, verdictOf } from './sla-view.ts';

const unknown = { known: false as const, reason: 'not_configured' as const, message: 'no Prometheus' };
const known = (value: number) => ({ known: true as const, value });

function statusWith(change: Partial<SlaStatus> = {}): SlaStatus {
  return {
    service: 'shop',
    sla: 'backup_sla',
    unit: 'seconds',
    current: 60,
    target: 3600,
    compliant: true,
    reason: null,
    objective: 0.99,
    compliance: known(0.995),
    coverage: known(1),
    budgetRemaining: known(0.5),
    burn: [],
    ...change,
  };
}

describe('service levels as a page shows them', () => {
  it.each([
    ['broken when it does not hold now, whatever the budget', { compliant: false }, 'broken'],
    ['spent when it holds now but the budget is used up', { budgetRemaining: known(-0.2) }, 'budget_spent'],
    ['unknown when it is not known whether it holds', { compliant: null }, 'unknown'],
    ['unknown then also when the budget is used up', { compliant: null, budgetRemaining: known(-0.2) }, 'unknown'],
    ['kept when it holds, also where there is no history', { budgetRemaining: unknown }, 'kept'],
  ] as const)('are %s', (_words, change, verdict) => {
    expect(verdictOf(statusWith(change))).toBe(verdict);
  });

  it('stand by service, the worst first', () => {
    const groups = groupByService([
      statusWith({ service: 'a' }),
      statusWith({ service: 'c', compliant: false }),
      statusWith({ service: 'b', compliant: null }),
      statusWith({ service: 'c', sla: 'rpo_sla' }),
    ]);

    expect(groups.map(({ service, verdict }) => [service, verdict])).toEqual([
      ['c', 'broken'],
      ['b', 'unknown'],
      ['a', 'kept'],
    ]);
    expect(groups[0]?.levels).toHaveLength(2);
  });

  it('allow minutes of 30 days', () => {
    expect(budgetMinutes(0.99)).toBeCloseTo(432);
    expect(budgetMinutes(1)).toBe(0);
  });

  it('warn where little of the 30 days is known, and do not where even that is unknown', () => {
    expect(isThin(known(0.02))).toBe(true);
    expect(isThin(known(0.9))).toBe(false);
    expect(isThin(unknown)).toBe(false);
  });

  it('are counted by how they stand', () => {
    expect(countVerdicts([statusWith(), statusWith({ compliant: false })])).toEqual({
      broken: 1,
      unknown: 0,
      budget_spent: 0,
      kept: 1,
    });
  });
});
