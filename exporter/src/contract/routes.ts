import { liveRoutes } from './live-routes.ts';
import type { Role } from './operation.ts';

/**
 * Where each action is found and who may call it, without the schemas: a browser's client needs nothing else, and zod would be
 * the largest part of its bundle. contract/actions.ts adds summaries, bodies and queries to these entries.
 */

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1; `{name}` and `{id}` stand for parameters. */
  readonly path: string;
  readonly roles: readonly Role[];
  /**
   * Path of the POST that stands in for it behind Grafana's proxy, which knows one method a prefix. Needed where the method is
   * PATCH or DELETE, or where a GET asks for more than the role viewer; its body has the query's parameters then.
   */
  readonly twin?: string;
}

const everyone = ['viewer', 'operator', 'admin'] as const;
const operators = ['operator', 'admin'] as const;
const admins = ['admin'] as const;

export const routes = {
  // The twin lets each token of the plugin be tried, also those whose prefix takes POST only.
  me: { method: 'GET', path: '/me', roles: everyone, twin: '/me' },
  status: { method: 'GET', path: '/status', roles: everyone },
  listServices: { method: 'GET', path: '/services', roles: everyone },
  getService: { method: 'GET', path: '/services/{name}', roles: everyone },
  recoverable: { method: 'GET', path: '/services/{name}/recoverable', roles: everyone },
  pauseService: { method: 'POST', path: '/services/{name}/pause', roles: operators },
  resumeService: { method: 'POST', path: '/services/{name}/resume', roles: operators },
  listMaintenance: { method: 'GET', path: '/maintenance', roles: everyone },
  startMaintenance: { method: 'POST', path: '/services/{name}/maintenance', roles: operators },
  endMaintenance: {
    method: 'DELETE',
    path: '/services/{name}/maintenance',
    roles: operators,
    twin: '/services/{name}/maintenance/end',
  },
  confirmKey: { method: 'POST', path: '/services/{name}/key-confirmation', roles: admins },
  listBackups: { method: 'GET', path: '/backups', roles: everyone },
  getBackup: { method: 'GET', path: '/backups/{id}', roles: everyone },
  backupChain: { method: 'GET', path: '/backups/{id}/chain', roles: everyone },
  listBackupFiles: { method: 'GET', path: '/backups/{id}/files', roles: operators, twin: '/backups/{id}/files' },
  startBackup: { method: 'POST', path: '/backups', roles: operators },
  verifyBackup: { method: 'POST', path: '/backups/{id}/verify', roles: operators },
  restoreBackup: { method: 'POST', path: '/backups/{id}/restore', roles: operators },
  patchBackup: { method: 'PATCH', path: '/backups/{id}', roles: operators, twin: '/backups/{id}/keep' },
  deleteBackup: { method: 'DELETE', path: '/backups/{id}', roles: admins, twin: '/backups/{id}/delete' },
  startDrill: { method: 'POST', path: '/services/{name}/drills', roles: operators },
  startQuality: { method: 'POST', path: '/services/{name}/quality', roles: operators },
  listQuality: { method: 'GET', path: '/services/{name}/quality', roles: everyone },
  listDrills: { method: 'GET', path: '/drills', roles: everyone },
  listOperations: { method: 'GET', path: '/operations', roles: everyone },
  getOperation: { method: 'GET', path: '/operations/{id}', roles: everyone },
  cancelOperation: { method: 'POST', path: '/operations/{id}/cancel', roles: operators },
  approveOperation: { method: 'POST', path: '/operations/{id}/approve', roles: admins },
  getFailover: { method: 'GET', path: '/services/{name}/failover', roles: everyone },
  startFailover: { method: 'POST', path: '/services/{name}/failover', roles: admins },
  startSwitchover: { method: 'POST', path: '/services/{name}/switchover', roles: admins },
  cancelSwitchover: {
    method: 'DELETE',
    path: '/services/{name}/switchover',
    roles: admins,
    twin: '/services/{name}/switchover/cancel',
  },
  fenceNode: { method: 'POST', path: '/services/{name}/nodes/{id}/fence', roles: admins },
  rejoinNode: { method: 'POST', path: '/services/{name}/nodes/{id}/rejoin', roles: admins },
  pauseFailover: { method: 'POST', path: '/services/{name}/failover/pause', roles: operators },
  resumeFailover: { method: 'POST', path: '/services/{name}/failover/resume', roles: operators },
  getScaling: { method: 'GET', path: '/services/{name}/scaling', roles: everyone },
  getScalingHistory: { method: 'GET', path: '/services/{name}/scaling/history', roles: everyone },
  getScalingLoad: { method: 'GET', path: '/services/{name}/scaling/load', roles: everyone },
  setScaling: { method: 'POST', path: '/services/{name}/scaling', roles: operators },
  pauseScaling: { method: 'POST', path: '/services/{name}/scaling/pause', roles: operators },
  resumeScaling: { method: 'POST', path: '/services/{name}/scaling/resume', roles: operators },
  previewScalingPolicy: { method: 'POST', path: '/services/{name}/scaling/policy/preview', roles: operators },
  setScalingPolicy: { method: 'POST', path: '/services/{name}/scaling/policy', roles: admins },
  resetScalingPolicy: { method: 'POST', path: '/services/{name}/scaling/policy/reset', roles: admins },
  backtestScaling: { method: 'POST', path: '/services/{name}/scaling/backtest', roles: operators },
  listPlaybooks: { method: 'GET', path: '/services/{name}/playbooks', roles: everyone },
  runPlaybook: { method: 'POST', path: '/services/{name}/playbooks/{id}', roles: operators },
  events: { method: 'GET', path: '/events', roles: everyone },
  listAlerts: { method: 'GET', path: '/alerts', roles: everyone },
  listAudit: { method: 'GET', path: '/audit', roles: admins, twin: '/audit' },
  verifyAudit: { method: 'GET', path: '/audit/verify', roles: admins, twin: '/audit/verify' },
  exportAudit: { method: 'GET', path: '/audit/export', roles: admins, twin: '/audit/export' },
  readiness: { method: 'GET', path: '/readiness', roles: everyone },
  sla: { method: 'GET', path: '/sla', roles: everyone },
  listTokens: { method: 'GET', path: '/tokens', roles: admins, twin: '/tokens/list' },
  createToken: { method: 'POST', path: '/tokens', roles: admins },
  revokeToken: { method: 'DELETE', path: '/tokens/{id}', roles: admins, twin: '/tokens/{id}/revoke' },
  setLogLevel: { method: 'POST', path: '/log-level', roles: admins },
  ...liveRoutes,
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routes;

/** The prefixes behind Grafana's proxy, each with the one method that it takes and the most it may do. */
export const grafanaPrefixes = {
  read: { method: 'GET', role: 'viewer' },
  operate: { method: 'POST', role: 'operator' },
  admin: { method: 'POST', role: 'admin' },
} as const satisfies Record<string, { readonly method: 'GET' | 'POST'; readonly role: Role }>;
export type GrafanaPrefix = keyof typeof grafanaPrefixes;

/** Below it stand the prefixes; where Grafana's proxy forwards to. */
export const grafanaBase = '/grafana/v1';
/** The same prefixes as the console's pages call them: the address that Grafana's proxy has for the plugin. */
export const consoleProxyBase = '/api/plugin-proxy/genesis-dr-app';

export interface GrafanaRoute {
  readonly prefix: GrafanaPrefix;
  readonly method: 'GET' | 'POST';
  /** Below the prefix, with a leading slash. */
  readonly path: string;
  /** The parameters of a GET travel as the JSON body of a POST. */
  readonly queryInBody: boolean;
}

/** Every way in which an action is served behind the proxy: an operator's action is an admin's, too. */
export function grafanaRoutesOf(route: Route): readonly GrafanaRoute[] {
  const mayRead = route.roles.includes('viewer');
  const found: GrafanaRoute[] = [];
  if (route.method === 'GET' && mayRead)
    found.push({ prefix: 'read', method: 'GET', path: route.path, queryInBody: false });
  const path = route.twin ?? (route.method === 'POST' ? route.path : null);
  if (path === null) return found;
  for (const prefix of ['operate', 'admin'] as const)
    if (route.roles.includes(grafanaPrefixes[prefix].role))
      found.push({ prefix, method: 'POST', path, queryInBody: route.method === 'GET' });
  return found;
}

/**
 * The one that a client calls: the prefix of the least role that suffices, or `as` where the request itself asks for more (an
 * action's `adminWhen`). Throws where the action is not served there: that is a bug of the caller.
 */
export function grafanaRouteOf(id: RouteId, as?: GrafanaPrefix): GrafanaRoute {
  const served = grafanaRoutesOf(routes[id]);
  const found = as === undefined ? served[0] : served.find(({ prefix }) => prefix === as);
  if (found === undefined) throw new Error(`${id} is not served ${as === undefined ? 'behind the proxy' : `as ${as}`}`);
  return found;
}
