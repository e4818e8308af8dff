import type { HealthCheckFacts } from '@genesis-dr/exporter/contract';
import { healthTones, healthyCount, worstChecks } from './health-view.ts';

function checkOf(name: string, state: HealthCheckFacts['state'], critical = false): HealthCheckFacts {
  return {
    name,
    kind: 'tcp',
    critical,
    state,
    since: null,
    last: null,
    consecutiveFailures: 0,
    consecutiveSuccesses: 0,
  };
}

it('lists what needs somebody first and does not count the unknown as healthy', () => {
  const checks = [
    checkOf('fine', 'healthy'),
    checkOf('new', null),
    checkOf('slow', 'degraded'),
    checkOf('minor', 'unhealthy'),
    checkOf('vital', 'unhealthy', true),
  ];
  const health = { state: 'unhealthy', checks } as const;

  expect(worstChecks(health).map(({ name }) => name)).toEqual(['vital', 'minor', 'slow', 'new', 'fine']);
  expect(healthyCount(health)).toBe(1);
  expect(healthTones.unknown).toBe('unknown');
});
