import { yamlFile, type File } from './file.ts';

export const pluginId = 'genesis-dr-app';
/** What Grafana is told in its environment; each has its twin in grafana.ini. */
export const grafanaSettings: Readonly<Record<string, string>> = {
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
  GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
  GF_ANALYTICS_REPORTING_ENABLED: 'false',
  GF_AUTH_ANONYMOUS_ENABLED: 'false',
  // With it on, Grafana would log the bodies of requests to Genesis.
  GF_DATAPROXY_LOGGING: 'false',
  GF_SECURITY_DISABLE_GRAVATAR: 'true',
  GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
  GF_USERS_ALLOW_SIGN_UP: 'false',
};

interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
  readonly isDefault?: boolean;
}

/** The data source that dashboards and plugin look for: its uid is fixed. `timeInterval` is what `$__rate_interval` counts with. */
export function prometheusSource(url: string, scrapeInterval: string): DataSource {
  const jsonData = { httpMethod: 'POST', timeInterval: scrapeInterval, prometheusType: 'Prometheus' };
  return { name: 'Genesis Prometheus', uid: 'genesis-prometheus', type: 'prometheus', url, isDefault: true, jsonData };
}

export function dataSourceFile(path: string, sources: readonly DataSource[], remarks: readonly string[] = []): File {
  const datasources = sources.map(({ isDefault = false, ...source }) => ({
    ...source,
    orgId: 1,
    access: 'proxy',
    isDefault,
    editable: false,
  }));
  return yamlFile(path, { apiVersion: 1, datasources }, remarks);
}

/** Grafana reads the dashboards from `folder` again every half minute. */
export function dashboardProviderFile(path: string, folder: string): File {
  const provider = {
    name: 'genesis-dr',
    orgId: 1,
    folder: 'Genesis DR',
    folderUid: 'genesis-dr',
    type: 'file',
    disableDeletion: true,
    allowUiUpdates: false,
    updateIntervalSeconds: 30,
    options: { path: folder },
  };
  return yamlFile(path, { apiVersion: 1, providers: [provider] });
}

/** Tokens of the three roles, each where Grafana can read it: `$__file{…}` or `$__env{…}`. */
export interface PluginTokens {
  readonly viewer: string;
  readonly operator: string;
  readonly admin: string;
}

/**
 * Settings of the app plugin. In a folder of its own: Grafana does not start on settings of a plugin that it does not have.
 */
export function pluginFile(path: string, apiUrl: string, tokens: PluginTokens, remarks: readonly string[]): File {
  const app = {
    type: pluginId,
    org_id: 1,
    disabled: false,
    jsonData: { apiUrl },
    secureJsonData: { readToken: tokens.viewer, operateToken: tokens.operator, adminToken: tokens.admin },
  };
  return yamlFile(path, { apiVersion: 1, apps: [app] }, remarks);
}

/** The settings as an environment file, for `EnvironmentFile=` of a unit or `--env-file`. */
export function settingsFile(path: string): File {
  const lines = Object.entries(grafanaSettings).map(([name, value]) => `${name}=${value}\n`);
  return { path, content: `# Generated from genesis.yaml by \`genesis generate\`: do not edit.\n${lines.join('')}` };
}
