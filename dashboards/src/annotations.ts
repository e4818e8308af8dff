import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { increaseBy, maxBy } from './query.ts';

interface Mark {
  readonly name: string;
  readonly expr: string;
  readonly title: string;
  readonly text: string;
  readonly color: string;
}

const window = '$__rate_interval';

/** What happened to the services, drawn into every panel of a board: operations while they run, and what ended. */
export const marks: readonly Mark[] = [
  {
    name: 'Operations',
    expr: `${maxBy(['cluster', 'service', 'action'], 'genesis_service_operation_running')} > 0`,
    title: '{{action}} runs',
    text: '{{service}} ({{cluster}})',
    color: 'blue',
  },
  {
    name: 'Maintenance',
    expr: `${maxBy(['cluster', 'service'], 'genesis_maintenance_active')} > 0`,
    title: 'maintenance: alerts are muted',
    text: '{{service}} ({{cluster}})',
    color: 'yellow',
  },
  {
    name: 'Failed backups',
    expr: `${increaseBy(['cluster', 'service', 'backup_type'], 'genesis_backup_total', window, { result: 'failure' })} > 0`,
    title: '{{backup_type}} backup failed',
    text: '{{service}} ({{cluster}})',
    color: 'red',
  },
  {
    name: 'Restores',
    expr: `${increaseBy(['cluster', 'service', 'result'], 'genesis_recovery_total', window)} > 0`,
    title: 'restore: {{result}}',
    text: '{{service}} ({{cluster}})',
    color: 'purple',
  },
  {
    name: 'Drills',
    expr: `${increaseBy(['cluster', 'service', 'test_type', 'result'], 'genesis_dr_test_total', window)} > 0`,
    title: '{{test_type}} drill: {{result}}',
    text: '{{service}} ({{cluster}})',
    color: 'green',
  },
  {
    name: 'Failovers',
    expr: `${increaseBy(['cluster', 'service', 'result'], 'genesis_failover_total', window)} > 0`,
    title: 'failover: {{result}}',
    text: '{{service}} ({{cluster}})',
    color: 'orange',
  },
];

export function buildAnnotations(): dashboard.AnnotationQueryBuilder[] {
  return marks.map((mark) =>
    new dashboard.AnnotationQueryBuilder()
      .name(mark.name)
      .datasource({ type: 'prometheus', uid: '${datasource}' })
      .enable(true)
      .hide(false)
      .iconColor(mark.color)
      .expr(mark.expr)
      // Grafana makes the rate interval of a mark four steps, and an event lasts that long on the board.
      .step('30s')
      .titleFormat(mark.title)
      .textFormat(mark.text)
      .target(new prometheus.DataqueryBuilder().refId('Anno').expr(mark.expr).range()),
  );
}
