import type { CheckState, HealthCheckFacts, HealthFacts } from '@genesis-dr/exporter/contract';
import type { Tone } from '../components/StatusBadge.tsx';

/** What health checks say. A check without a state is not known, which is not healthy. */

export const healthTones: Readonly<Record<CheckState | 'unknown', Tone>> = {
  healthy: 'good',
  degraded: 'attention',
  unhealthy: 'bad',
  error: 'bad',
  unknown: 'unknown',
};

const order: readonly (CheckState | null)[] = ['unhealthy', 'error', 'degraded', null, 'healthy'];

/** What needs somebody first; critical ones before the others. */
export function worstChecks(health: HealthFacts): readonly HealthCheckFacts[] {
  return [...health.checks].sort(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) ||
      Number(b.critical) - Number(a.critical) ||
      a.name.localeCompare(b.name),
  );
}

export function healthyCount({ checks }: HealthFacts): number {
  return checks.filter(({ state }) => state === 'healthy').length;
}
