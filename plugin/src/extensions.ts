import type { PluginExtensionAddedLinkConfig } from '@grafana/data';
import { pageUrl, serviceUrl } from './pages/index.ts';

/** Links that the plugin adds to Grafana's own pages. Titles and targets stand in plugin.json too, which Grafana demands. */
export const addedLinks: readonly PluginExtensionAddedLinkConfig[] = [
  {
    targets: ['grafana/commandpalette/action'],
    title: 'Open disaster recovery',
    description: 'Shows whether every service could be recovered right now',
    icon: 'shield',
    path: pageUrl('overview'),
  },
  {
    targets: ['grafana/alerting/instance/action'],
    title: 'Open in disaster recovery',
    description: 'Shows the service of this alert with what can be done',
    icon: 'shield',
    path: pageUrl('overview'),
    configure: (context) => pathFor(serviceOfAlert(context)),
  },
  {
    targets: ['grafana/dashboard/panel/menu'],
    title: 'Open in disaster recovery',
    description: 'Shows the service that this panel is about',
    icon: 'shield',
    path: pageUrl('overview'),
    configure: (context) => pathFor(serviceOfPanel(context)),
  },
];

/** Undefined hides the link: an alert or a panel that is not about a service of ours has nowhere to lead to. */
function pathFor(service: string | null): { path: string } | undefined {
  return service === null ? undefined : { path: serviceUrl(service) };
}

export function serviceOfAlert(context: unknown): string | null {
  const labels = property(property(context, 'instance'), 'labels');
  return oursOnly(property(labels, 'service'), property(labels, 'alertname'), property(labels, 'genesis'));
}

/** A panel of a Genesis dashboard shows one service when its variable `service` has one value. */
export function serviceOfPanel(context: unknown): string | null {
  const targets = property(context, 'targets');
  const expressions = Array.isArray(targets) ? targets.map((target) => property(target, 'expr')) : [];
  if (!expressions.some((expr) => typeof expr === 'string' && expr.includes('genesis_'))) return null;
  const value = property(property(property(context, 'scopedVars'), 'service'), 'value');
  return typeof value === 'string' && /^[a-z0-9][a-z0-9-]*$/.test(value) ? value : null;
}

function oursOnly(service: unknown, ...marks: readonly unknown[]): string | null {
  return typeof service === 'string' && service !== '' && marks.some((mark) => typeof mark === 'string')
    ? service
    : null;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
