import { drillParams, drillQuery, nextDrill } from './drill-list.ts';
import { readState } from './url-state.ts';

describe('the drills of a service', () => {
  it('are asked for by what the URL filters', () => {
    expect(drillQuery(readState(drillParams, '?service=shop&passed=false&drill=op-1'))).toEqual({
      service: 'shop',
      passed: 'false',
      limit: '50',
    });
    expect(drillQuery(readState(drillParams, ''))).toEqual({ limit: '50' });
  });

  it('are due when the schedule says, held while paused, and never without a schedule', () => {
    const full = { type: 'full', nextAt: '2026-11-23T00:00:00Z' };

    expect(nextDrill([full, { type: 'drill', nextAt: '2026-11-24T00:00:00Z' }])).toEqual({
      kind: 'due',
      at: '2026-11-24T00:00:00Z',
    });
    expect(nextDrill([{ type: 'drill', nextAt: null }])).toEqual({ kind: 'paused' });
    expect(nextDrill([full])).toEqual({ kind: 'unscheduled' });
  });
});
