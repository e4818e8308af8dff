import type { Router } from 'express';
import { actions, type Action, type ActionId } from '../contract/actions.ts';
import { consoleProxyBase, grafanaBase, grafanaPrefixes, grafanaRoutesOf } from '../contract/routes.ts';
import type { ServerContext } from './context.ts';
import { actionRoute, expressPath } from './dispatch.ts';
import type { EventStreams } from './events.ts';
import type { Way } from './forwarded.ts';

export interface ForwardedAction {
  readonly id: ActionId;
  readonly method: 'GET' | 'POST';
  /** As express writes it. */
  readonly path: string;
  readonly way: Way;
}

/**
 * Every action as Grafana's proxy and the console's pages call it. A proxy can be talked into another path below the one it
 * checked, so each prefix has only what its role may do, and the role is checked here once more.
 */
export const forwardedActions: readonly ForwardedAction[] = [grafanaBase, consoleProxyBase].flatMap((base) =>
  (Object.keys(actions) as ActionId[]).flatMap((id) =>
    grafanaRoutesOf(actions[id] as Action).map(({ prefix, method, path, queryInBody }) => ({
      id,
      method,
      path: expressPath(path, `${base}/${prefix}`),
      way: {
        prefix,
        role: grafanaPrefixes[prefix].role,
        forwarded: base === grafanaBase,
        queryInBody,
        template: `${base}/${prefix}${path}`,
      },
    })),
  ),
);

export function addGrafanaRoutes(router: Router, context: ServerContext, streams: EventStreams): void {
  for (const { id, method, path, way } of forwardedActions)
    router[method === 'GET' ? 'get' : 'post'](path, actionRoute(context, streams, id, way));
}
