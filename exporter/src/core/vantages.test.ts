import type { BalancerFacts } from '../contract/failover.ts';
import { vantagesOf } from './vantages.ts';

const at = '2026-11-22T12:00:00.000Z';

const balancer = (state: 'up' | 'down' | 'maint', check: 'speaks' | 'connects') => ({
  at,
  value: { servers: [{ node: 'b', state, sessions: 0, check }] } as unknown as BalancerFacts,
});

describe('what the load balancer sees of a node', () => {
  it('counts also where there is no primary, because all serve', () => {
    const seen = (state: 'up' | 'down' | 'maint', check: 'speaks' | 'connects') =>
      vantagesOf(null, new Map(), balancer(state, check), 1).map(({ about, alive }) => ({ about, alive }));

    expect(seen('up', 'speaks')).toEqual([{ about: 'b', alive: true }]);
    // The kernel accepts connections for a frozen process, too.
    expect(seen('up', 'connects')).toEqual([{ about: 'b', alive: null }]);
    expect(seen('down', 'speaks')).toEqual([{ about: 'b', alive: false }]);
    expect(seen('maint', 'speaks')).toEqual([{ about: 'b', alive: null }]);
  });
});
