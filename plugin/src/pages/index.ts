import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import type { ComponentType } from 'react';
import { PLUGIN_BASE_URL } from '../constants.ts';

/** The one list of pages: the router, plugin.json (held to it by a test) and the console's navigation follow from it. */

export interface PageEntry {
  /** Pattern below the base URL of the plugin. */
  readonly path: string;
  /** Name in the navigation; null: the page is reached from others. */
  readonly navigation: { readonly name: string; readonly icon: string } | null;
  readonly permission: GrafanaPrefix;
  readonly load: () => Promise<ComponentType>;
}

export const pages = {
  overview: {
    path: 'overview',
    navigation: { name: 'Overview', icon: 'shield' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "overview" */ './Overview/OverviewPage.tsx')).OverviewPage,
  },
  backups: {
    path: 'backups',
    navigation: { name: 'Backups', icon: 'database' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "backups" */ './Backups/BackupsPage.tsx')).BackupsPage,
  },
  operations: {
    path: 'operations',
    navigation: { name: 'Operations', icon: 'process' },
    permission: 'read',
    load: async () =>
      (await import(/* webpackChunkName: "operations" */ './Operations/OperationsPage.tsx')).OperationsPage,
  },
  drills: {
    path: 'drills',
    navigation: { name: 'Drills', icon: 'rocket' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "drills" */ './Drills/DrillsPage.tsx')).DrillsPage,
  },
  replication: {
    path: 'replication',
    navigation: { name: 'Replication', icon: 'code-branch' },
    permission: 'read',
    load: async () =>
      (await import(/* webpackChunkName: "replication" */ './Replication/ReplicationPage.tsx')).ReplicationPage,
  },
  failover: {
    path: 'failover',
    navigation: { name: 'Failover', icon: 'exchange-alt' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "failover" */ './Failover/FailoverPage.tsx')).FailoverPage,
  },
  scaling: {
    path: 'scaling',
    navigation: { name: 'Scaling', icon: 'chart-line' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "scaling" */ './Scaling/ScalingPage.tsx')).ScalingPage,
  },
  quality: {
    path: 'data-quality',
    navigation: { name: 'Data quality', icon: 'check-square' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "quality" */ './Quality/QualityPage.tsx')).QualityPage,
  },
  alerts: {
    path: 'alerts',
    navigation: { name: 'Alerts', icon: 'bell' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "alerts" */ './Alerts/AlertsPage.tsx')).AlertsPage,
  },
  sla: {
    path: 'sla',
    navigation: { name: 'Service levels', icon: 'percentage' },
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "sla" */ './Sla/SlaPage.tsx')).SlaPage,
  },
  audit: {
    path: 'audit',
    navigation: { name: 'Audit', icon: 'history' },
    permission: 'admin',
    load: async () => (await import(/* webpackChunkName: "audit" */ './Audit/AuditPage.tsx')).AuditPage,
  },
  configuration: {
    path: 'configuration',
    navigation: { name: 'Configuration', icon: 'cog' },
    permission: 'admin',
    load: async () =>
      (await import(/* webpackChunkName: "configuration" */ './Configuration/ConfigurationPage.tsx')).ConfigurationPage,
  },
  service: {
    path: 'services/:name',
    navigation: null,
    permission: 'read',
    load: async () => (await import(/* webpackChunkName: "service" */ './Service/ServicePage.tsx')).ServicePage,
  },
} as const satisfies Record<string, PageEntry>;

export type PageId = keyof typeof pages;

/** Pages of later issues that alerts and dashboards link to already, and the words for what they will be about. */
export const laterPages = { regions: 'Regions' } as const;

type Query = Readonly<Record<string, string | undefined>>;

/** Address of a page; `Service` takes its name from `name`, everything else goes into the query string. */
export function pageUrl(page: Exclude<PageId, 'service'>, query: Query = {}): string {
  return `${PLUGIN_BASE_URL}/${pages[page].path}${queryString(query)}`;
}

export function serviceUrl(name: string, query: Query = {}): string {
  return `${PLUGIN_BASE_URL}/services/${encodeURIComponent(name)}${queryString(query)}`;
}

export function operationUrl(id: string): string {
  return pageUrl('operations', { operation: id });
}

function queryString(query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
