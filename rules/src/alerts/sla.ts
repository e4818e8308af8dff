import type { Config } from '@genesis-dr/exporter/config';
import { onSla } from '../expr.ts';
import { recorded, type RecordName } from '../recording/index.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, asPercentage, keepFiringSeconds, ofService, type Alert } from './alert.ts';

/**
 * Objectives whose repeated short breaches are worth a call. The others change over hours (age of a backup, drills, readiness): there
 * the alert on the fact itself is sooner.
 */
const fast = '{sla=~"rpo_sla|replication_sla"}';

/**
 * Both windows burn the error budget `factor` times as fast as 30 days allow: the long one says that it matters, the short one that it
 * still goes on. With a low objective the factor cannot be reached (14.4 x (1 - 0.9) is more than everything), hence the clamp.
 */
function burns(factor: number, windows: readonly [RecordName, RecordName], config: Config, selector = ''): string {
  // The objectives are joined only where something burns at all: the strictest one decides what can.
  const strictest = Math.max(...Object.values(config.sla.objectives));
  const least = Number(Math.min(factor * (1 - strictest), 0.9).toFixed(6));
  const [long, short] = windows.map(
    (record) =>
      `(${recorded(record)}${selector} > ${least}) > ${onSla} clamp_max(${factor} * (1 - ${recorded('service_sla:genesis_sla_objective:ratio')}), 0.9)`,
  );
  return `(${long}\nand ${onSla} ${short})`;
}

export const slaAlerts: readonly Alert[] = [
  {
    name: 'GenesisSLABudgetBurnFast',
    severity: 'critical',
    component: 'sla',
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) =>
      aboutService(
        [
          burns(14.4, ['service_sla:genesis_sla_error:ratio1h', 'service_sla:genesis_sla_error:ratio5m'], config, fast),
          burns(6, ['service_sla:genesis_sla_error:ratio6h', 'service_sla:genesis_sla_error:ratio30m'], config, fast),
        ].join(`\nor ${onSla} `),
      ),
    summary: '{{ $labels.sla }} of {{ $labels.service }} burns its error budget fast',
    description: `{{ $labels.sla }} of ${ofService} was broken in ${asPercentage} of the last hour or six hours, and still is: at this pace the budget of 30 days lasts two to five days.`,
  },
  {
    name: 'GenesisSLABudgetBurnSlow',
    severity: 'warning',
    component: 'sla',
    forSeconds: 900,
    expr: (config) =>
      aboutService(
        [
          burns(3, ['service_sla:genesis_sla_error:ratio1d', 'service_sla:genesis_sla_error:ratio2h'], config),
          burns(1, ['service_sla:genesis_sla_error:ratio3d', 'service_sla:genesis_sla_error:ratio6h'], config),
        ].join(`\nor ${onSla} `),
      ),
    summary: '{{ $labels.sla }} of {{ $labels.service }} burns its error budget',
    description: `{{ $labels.sla }} of ${ofService} was broken in ${asPercentage} of the last one to three days, and still is: at this pace the budget does not last 30 days.`,
  },
  {
    name: 'GenesisSLABudgetExhausted',
    severity: 'warning',
    component: 'sla',
    forSeconds: 900,
    expr: (config) =>
      aboutService(
        [
          `${recorded('service_sla:genesis_sla_error_budget_remaining:ratio30d')} < 0`,
          `and ${onSla} ${recorded('service_sla:genesis_sla_coverage:ratio30d')} > ${threshold('sla_coverage', config)}`,
        ].join('\n'),
      ),
    summary: 'The error budget of {{ $labels.sla }} of {{ $labels.service }} is used up',
    description: `{{ $labels.sla }} of ${ofService} was broken for longer than 30 days allow: ${asPercentage} of the budget is left. Look at the coverage beside it: the less was measured, the less this says.`,
  },
];
