import { maxBy } from '../expr.ts';
import { aboutService, keepFiringSeconds, ofService, type Alert } from './alert.ts';

const deploymentKey = ['cluster', 'service', 'region'] as const;

/** A cause of much else: stands before what it inhibits. */
export const regionAlerts: readonly Alert[] = [
  {
    name: 'GenesisRegionDown',
    severity: 'critical',
    component: 'region',
    forSeconds: 60,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => `${maxBy(['cluster', 'region'], 'genesis_region_up')} == 0`,
    summary: 'Region {{ $labels.region }} does not answer',
    description:
      'Region {{ $labels.region }} of cluster {{ $labels.cluster }} does not answer its health checks. Alerts about services there are held back, except those about failovers.',
  },
];

export const deploymentAlerts: readonly Alert[] = [
  {
    name: 'GenesisDeploymentStuck',
    severity: 'warning',
    component: 'deployment',
    forSeconds: 300,
    expr: () => {
      const on = `on (${deploymentKey.join(', ')})`;
      return aboutService(
        [
          `time() - ${maxBy(deploymentKey, 'genesis_deployment_phase_start_timestamp_seconds')} > ${on} ${maxBy(deploymentKey, 'genesis_deployment_phase_timeout_seconds')}`,
          `and ${on} ${maxBy(deploymentKey, 'genesis_deployment_in_progress')} == 1`,
        ].join('\n'),
        ['region'],
      );
    },
    summary: 'The deployment of {{ $labels.service }} to {{ $labels.region }} is stuck',
    description: `The present phase of the deployment of ${ofService} to {{ $labels.region }} has taken {{ $value | humanizeDuration }}, longer than it may.`,
  },
];
