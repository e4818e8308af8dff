import type { Route } from './routes.ts';

/** Where the actions of live data are found and who may call them; part of `routes`. */

const everyone = ['viewer', 'operator', 'admin'] as const;
const operators = ['operator', 'admin'] as const;

export const liveRoutes = {
  dashboardMetrics: { method: 'GET', path: '/dashboard/metrics', roles: everyone },
  dashboardMetric: { method: 'GET', path: '/dashboard/metrics/{name}', roles: everyone },
  listRuntimeAlerts: { method: 'GET', path: '/dashboard/alerts', roles: everyone },
  createRuntimeAlert: { method: 'POST', path: '/dashboard/alerts', roles: operators },
  changeRuntimeAlert: {
    method: 'PATCH',
    path: '/dashboard/alerts/{id}',
    roles: operators,
    twin: '/dashboard/alerts/{id}/change',
  },
  deleteRuntimeAlert: {
    method: 'DELETE',
    path: '/dashboard/alerts/{id}',
    roles: operators,
    twin: '/dashboard/alerts/{id}/delete',
  },
} as const satisfies Record<string, Route>;
