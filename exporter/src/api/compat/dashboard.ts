import type { Router } from 'express';
import { actions } from '../../contract/actions.ts';
import { liveRoutes } from '../../contract/live-routes.ts';
import type { ServerContext } from '../context.ts';
import { actionRoute, expressPath } from '../dispatch.ts';
import type { EventStreams } from '../events.ts';

type LiveActionId = keyof typeof liveRoutes;

/** The same actions under the addresses of the documents that Genesis grew from: /api/dashboard/… instead of /api/v1/dashboard/…. */
export const dashboardRoutes = (Object.keys(liveRoutes) as LiveActionId[]).map((id) => ({
  id,
  method: actions[id].method,
  path: expressPath(actions[id].path, '/api'),
}));

export function addDashboardRoutes(router: Router, context: ServerContext, streams: EventStreams): void {
  for (const { id, method, path } of dashboardRoutes) {
    const verb = method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    router[verb](path, actionRoute(context, streams, id));
  }
}
