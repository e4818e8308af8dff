import { ok } from '../../contract/errors.ts';
import { answer, optionsOf, paramOf, type Handlers } from '../routes/call.ts';

/** Live data: windowed figures, and the alerts defined at run time. */
export const liveHandlers = {
  dashboardMetrics: async ({ app, query }) => answer(await app.live.dashboard(query)),
  dashboardMetric: async (call) => answer(await call.app.live.metric(paramOf(call, 'name'), call.query)),
  listRuntimeAlerts: async ({ app }) => ok({ status: 200, body: { alerts: app.live.alerts() } }),
  async createRuntimeAlert(call) {
    const created = await call.app.live.createAlert(call.body, optionsOf(call));
    if (!created.ok) return created;
    return ok({ status: 201, body: { alert_id: created.value.id, status: 'created' } });
  },
  changeRuntimeAlert: async (call) =>
    answer(await call.app.live.changeAlert(paramOf(call, 'id'), call.body, optionsOf(call))),
  async deleteRuntimeAlert(call) {
    const removed = await call.app.live.removeAlert(paramOf(call, 'id'), optionsOf(call));
    if (!removed.ok) return removed;
    return ok({ status: 200, body: { alert_id: removed.value.id, status: 'deleted' } });
  },
} satisfies Partial<Handlers>;
