import { metric } from '@genesis-dr/exporter/contract';
import { maxBy, onService, serviceKey, sumBy } from '../expr.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, keepFiringSeconds, ofService, type Alert } from './alert.ts';

/** Of the action that the alert is about, as long as no other one has ended since; else nothing. */
const lastAction = (when: 'before' | 'after', say: string): string =>
  `{{ with printf "${metric('genesis_scaling_last_action_instances')}{cluster=%q,service=%q,action=%q,when=%q}" $labels.cluster $labels.service $labels.action "${when}" | query }}${say}{{ end }}`;

export const scalingAlerts: readonly Alert[] = [
  {
    name: 'GenesisAutoscalerActionFailing',
    severity: 'critical',
    component: 'scaling',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) => {
      const actions = (result: string) =>
        sumBy(serviceKey, 'genesis_scaling_actions_total', { matchers: { result }, range: '15m', over: 'increase' });
      return aboutService(
        `${actions('failure')} > ${threshold('scaling_failures', config)}\nunless ${onService} ${actions('success')} > 0`,
      );
    },
    summary: '{{ $labels.service }} cannot be scaled',
    description: `Scaling actions of ${ofService} have failed for 15 minutes and none succeeded: it stays at its size whatever the load is.`,
  },
  {
    name: 'GenesisAutoscalerAtMax',
    severity: 'warning',
    component: 'scaling',
    forSeconds: 900,
    expr: () => {
      const most = maxBy(serviceKey, 'genesis_scaling_replicas_max');
      return aboutService(
        [
          `${maxBy(serviceKey, 'genesis_scaling_replicas')} >= ${onService} ${most}`,
          `and ${onService} ${maxBy(serviceKey, 'genesis_scaling_replicas_desired')} >= ${onService} ${most}`,
        ].join('\n'),
      );
    },
    summary: '{{ $labels.service }} runs at its largest size',
    description: `${ofService} has had all {{ $value }} instances that its policy allows for 15 minutes: more load finds no more capacity.`,
  },
  {
    name: 'GenesisAutoscalerThrashing',
    severity: 'warning',
    component: 'scaling',
    forSeconds: 0,
    keepFiringForSeconds: 900,
    expr: (config) =>
      aboutService(
        `max by (${serviceKey.join(', ')}) (changes(${metric('genesis_scaling_replicas_desired')}[30m])) > ${threshold('scaling_changes', config)}`,
      ),
    summary: 'The scaler of {{ $labels.service }} cannot make up its mind',
    description: `The scaler of ${ofService} changed its mind {{ $value }} times within 30 minutes: its thresholds are too close or its cooldowns too short.`,
  },
  {
    name: 'GenesisScalingAction',
    severity: 'warning',
    component: 'scaling',
    forSeconds: 0,
    expr: () =>
      aboutService(
        `${sumBy([...serviceKey, 'action', 'result'], 'genesis_scaling_actions_total', { range: '10m', over: 'increase' })} > 0`,
      ),
    summary: '{{ $labels.service }}: {{ $labels.action }} ended with {{ $labels.result }}',
    description: `A scaling action ({{ $labels.action }}) of ${ofService} ended with {{ $labels.result }} in the last ten minutes${lastAction('before', ': by {{ . | first | label "trigger" }}, from {{ . | first | value }}')}${lastAction('after', ' to {{ . | first | value }} instances')}.`,
  },
  {
    name: 'GenesisAutoscalerFrozen',
    severity: 'critical',
    component: 'scaling',
    // The scaler itself waits for three evaluations before it freezes.
    forSeconds: 0,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${maxBy(serviceKey, 'genesis_scaling_frozen')} == 1`),
    summary: '{{ $labels.service }} is not scaled: its metrics or its instances are not known',
    description: `The number of instances of ${ofService} is frozen, because metrics that it follows are missing, stale or no numbers, or because its instances could not be looked at. Nothing is removed, and nothing may be added.`,
  },
  {
    name: 'GenesisForecastErrorHigh',
    severity: 'warning',
    component: 'scaling',
    forSeconds: 3600,
    expr: (config) =>
      aboutService(
        `${maxBy(serviceKey, 'genesis_scaling_forecast_error_ratio')} > ${threshold('forecast_error', config)}`,
      ),
    summary: 'The forecast of {{ $labels.service }} is wrong by {{ $value | humanizePercentage }}',
    description: `On days that it had not seen, the forecast of ${ofService} was wrong by {{ $value | humanizePercentage }} on average: instances that are added ahead of need may come too late or for nothing.`,
  },
];
