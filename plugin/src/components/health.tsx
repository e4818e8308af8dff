import type { CheckState, HealthFacts } from '@genesis-dr/exporter/contract';
import { t } from '../text.ts';
import { useConnection } from '../api/hooks.ts';
import { healthTones, healthyCount, worstChecks } from '../lib/health-view.ts';
import { StatusBadge } from './StatusBadge.tsx';

export function healthWord(state: CheckState | 'unknown'): string {
  switch (state) {
    case 'healthy':
      return t('health.healthy', 'Healthy');
    case 'degraded':
      return t('health.degraded', 'Degraded');
    case 'unhealthy':
      return t('health.unhealthy', 'Unhealthy');
    case 'error':
      return t('health.error', 'Check failed');
    default:
      return t('health.unknown', 'Health not known');
  }
}

/** The same with the checks that are not healthy, by name. */
export function HealthLine({ health }: { readonly health: HealthFacts }): React.JSX.Element {
  const bad = worstChecks(health).filter(({ state }) => state !== 'healthy');
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <HealthBadge health={health} />{' '}
      {bad.map(({ name, state }) => `${name}: ${healthWord(state ?? 'unknown').toLowerCase()}`).join(', ')}
    </div>
  );
}

/** How the checks of a service stand together. While the exporter does not answer, nobody knows. */
export function HealthBadge({ health }: { readonly health: HealthFacts }): React.JSX.Element {
  const { failingSince } = useConnection();
  const state = failingSince === null ? health.state : 'unknown';
  return (
    <StatusBadge
      tone={healthTones[state]}
      text={healthWord(state)}
      tooltip={t('health.count', '{{healthy}} of {{all}} checks are healthy', {
        healthy: healthyCount(health),
        all: health.checks.length,
      })}
    />
  );
}
