import { knownReading, unknownReading, type SlaReport, type SlaStatus } from '../contract/sla.ts';
import { slaText } from './sla.ts';

function itemWith(change: Partial<SlaStatus> = {}): SlaStatus {
  return {
    service: 'shop',
    sla: 'backup_sla',
    unit: 'seconds',
    current: 1800,
    target: 14_400,
    compliant: true,
    reason: null,
    objective: 0.99,
    compliance: knownReading(0.99996),
    coverage: knownReading(0.25),
    budgetRemaining: knownReading(-0.5),
    burn: [],
    ...change,
  };
}
const reportOf = (items: SlaStatus[], unknown: string | null = null): SlaReport => ({
  items,
  at: '2026-11-22T02:00:00.000Z',
  history: { available: unknown === null, unknown },
});

describe('the table of service levels', () => {
  it('shows compliance beside coverage, and rounds nothing up', () => {
    expect(slaText(reportOf([itemWith()]), null)).toBe(
      [
        'SERVICE  SLA         CURRENT  TARGET  NOW  30 DAYS  COVERAGE  OBJECTIVE  BUDGET LEFT',
        'shop     backup_sla      30m      4h  yes   99.99%    25.00%     99.00%      -50.00%',
        '',
      ].join('\n'),
    );
  });

  it('shows what is not known as a question mark, with the reason below', () => {
    const lost = unknownReading('not_configured', 'prometheus.url is not set');
    const items = [
      itemWith({ compliance: lost, coverage: lost, budgetRemaining: lost }),
      itemWith({
        sla: 'rto_sla',
        current: null,
        compliant: null,
        reason: 'no drill has passed yet',
        compliance: lost,
        coverage: lost,
        budgetRemaining: lost,
      }),
      itemWith({
        sla: 'readiness_sla',
        unit: 'ratio',
        current: 0.5,
        target: 0.8,
        compliant: false,
        compliance: lost,
        coverage: lost,
        budgetRemaining: lost,
      }),
    ];

    expect(slaText(reportOf(items, 'unknown: prometheus.url is not set'), null)).toBe(
      [
        'SERVICE  SLA            CURRENT  TARGET  NOW  30 DAYS  COVERAGE  OBJECTIVE  BUDGET LEFT',
        'shop     backup_sla         30m      4h  yes        ?         ?     99.00%            ?',
        'shop     rto_sla              -      4h    ?        ?         ?     99.00%            ?',
        'shop     readiness_sla   50.00%  80.00%   NO        ?         ?     99.00%            ?',
        '',
        'now:',
        '  shop rto_sla: no drill has passed yet',
        '',
        'over 30 days: unknown: prometheus.url is not set',
        '',
      ].join('\n'),
    );
  });

  it('names the levels that Prometheus has nothing of', () => {
    const gone = unknownReading('empty', 'Prometheus has no service_sla:genesis_sla_ok:avg30d of shop and rpo_sla');
    const text = slaText(reportOf([itemWith(), itemWith({ sla: 'rpo_sla', compliance: gone })]), null);

    expect(text).toMatch(/\nover 30 days:\n {2}shop rpo_sla: unknown: Prometheus has no .*\n$/);
  });

  it('says what to do when nothing is configured', () => {
    expect(slaText(reportOf([]), null)).toContain('genesis init');
  });
});
