import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';

export const PLUGIN_ID = 'genesis-dr-app';
/** Every page stands below it. */
export const PLUGIN_BASE_URL = `/a/${PLUGIN_ID}`;

/** What Grafana's access control knows of this plugin: one permission a prefix of the proxy. plugin.json grants them to roles. */
export const permissions = {
  read: `${PLUGIN_ID}:read`,
  operate: `${PLUGIN_ID}:operate`,
  admin: `${PLUGIN_ID}:admin`,
} as const satisfies Record<GrafanaPrefix, string>;

/** How a person would ask an administrator for the permission. */
export const permissionNames = {
  read: 'Genesis DR reader',
  operate: 'Genesis DR operator',
  admin: 'Genesis DR administrator',
} as const satisfies Record<GrafanaPrefix, string>;

/** How long the pages leave what they know before they ask again, milliseconds. */
export const refreshMs = {
  /** While the event stream tells of changes. */
  live: 30_000,
  /** Without it. */
  polling: 10_000,
  /** For an operation that somebody watches without the stream. */
  watching: 2_000,
} as const;
