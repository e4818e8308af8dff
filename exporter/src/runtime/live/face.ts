import type { Outcome } from '../../contract/errors.ts';
import type {
  ChangeAlertBody,
  Dashboard,
  DashboardMetric,
  DashboardMetricQuery,
  DashboardQuery,
  LiveAlert,
  NewAlertBody,
} from '../../contract/live.ts';
import type { AppCore } from '../app-core.ts';
import type { RequestOptions } from '../app.ts';
import { audited } from '../changes.ts';

/** Live data as the API sees them. Every change of an alert is audited. */
export interface LiveData {
  /** Errors: `aggregation_unknown`, `bad_request`. */
  dashboard(query: DashboardQuery): Promise<Outcome<Dashboard>>;
  /** Errors: `aggregation_unknown`, `bad_request`, `metric_unknown`. */
  metric(name: string, query: DashboardMetricQuery): Promise<Outcome<DashboardMetric>>;
  alerts(): readonly LiveAlert[];
  /** Errors: `alerts_exhausted`, `metric_unknown`, `bad_request`, `audit_unwritable`. */
  createAlert(body: NewAlertBody, options: RequestOptions): Promise<Outcome<LiveAlert>>;
  /** Errors: `alert_unknown`, `metric_unknown`, `bad_request`, `audit_unwritable`. */
  changeAlert(id: string, body: ChangeAlertBody, options: RequestOptions): Promise<Outcome<LiveAlert>>;
  /** Errors: `alert_unknown`, `audit_unwritable`. */
  removeAlert(id: string, options: RequestOptions): Promise<Outcome<LiveAlert>>;
  /** Dashboards that are connected: bounded by the API, shown as a metric. */
  readonly clients: { count: number };
}

export function createLiveData(core: AppCore): LiveData {
  const { live } = core;
  return {
    dashboard: (query) => live.dashboard(query),
    metric: (name, query) => live.metric(name, query),
    alerts: () => live.alerts.list(),
    createAlert: (body, options) => {
      const id = `alert_${core.deps.random.hex(8)}`;
      return audited(core, 'createRuntimeAlert', options, { target: id, details: { ...body } }, () =>
        live.alerts.create(id, body, options.actor.name),
      );
    },
    changeAlert: (id, body, options) =>
      audited(core, 'changeRuntimeAlert', options, { target: id, details: { ...body } }, () =>
        live.alerts.change(id, body),
      ),
    removeAlert: (id, options) =>
      audited(core, 'deleteRuntimeAlert', options, { target: id }, () => live.alerts.remove(id)),
    clients: live.clients,
  };
}
