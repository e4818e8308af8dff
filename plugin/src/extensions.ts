import type { PluginExtensionAddedLinkConfig } from '@grafana/data';
import { isPanelOfOurs, serviceOfAlert, serviceOfPanel } from './lib/extension-service.ts';
import { pageUrl, serviceUrl } from './pages/index.ts';

/**
 * Links that the plugin adds to Grafana's own pages. Titles and targets stand in plugin.json too, which
 * Grafana demands. `here`: the query of the page's address.
 */
export const addedLinks = (
  go: (path: string) => void,
  here: () => string,
): readonly PluginExtensionAddedLinkConfig[] => [
  {
    targets: ['grafana/commandpalette/action'],
    title: 'Open disaster recovery',
    description: 'Shows whether every service could be recovered right now',
    icon: 'shield',
    // Grafana 12.3's palette draws a link with a path, and then holds back its click: only a function leads anywhere there.
    onClick: () => go(pageUrl('overview')),
  },
  {
    targets: ['grafana/alerting/instance/action'],
    title: 'Open in Genesis DR',
    description: 'Shows the service of this alert with what can be done',
    icon: 'shield',
    path: pageUrl('overview'),
    configure: (context) => pathFor(serviceOfAlert(context)),
  },
  {
    targets: ['grafana/dashboard/panel/menu'],
    title: 'Open in Genesis DR',
    description: 'Shows the service that this panel is about',
    icon: 'shield',
    path: pageUrl('overview'),
    configure: (context) => {
      if (!isPanelOfOurs(context)) return undefined;
      const service = serviceOfPanel(context, here());
      return { path: service === null ? pageUrl('overview') : serviceUrl(service) };
    },
  },
];

/** Undefined hides the link: an alert that is not about a service of ours has nowhere to lead to. */
function pathFor(service: string | null): { path: string } | undefined {
  return service === null ? undefined : { path: serviceUrl(service) };
}
