import type { ConsoleBoot } from '@genesis-dr/exporter/contract/console';

export type OrgRole = 'Viewer' | 'Editor' | 'Admin';

/** What a host says of itself where it plays Grafana for the tests; absent in the console. */
export interface GrafanaBoot {
  readonly version: string;
  readonly login: string;
  readonly name: string;
  readonly orgRole: OrgRole;
}

export type HostBoot = ConsoleBoot & { readonly grafana?: GrafanaBoot };

export type ThemeMode = 'dark' | 'light';

interface RoleRegistration {
  readonly role: { readonly permissions?: readonly { readonly action: string; readonly scope?: string }[] };
  readonly grants: readonly string[];
}

/** The parts of plugin.json that a host reads. */
export interface AppMeta {
  readonly id: string;
  readonly name: string;
  readonly info: { readonly version: string };
  readonly includes?: readonly {
    readonly type: string;
    readonly name: string;
    readonly path?: string;
    readonly role?: string;
    readonly action?: string;
    readonly addToNav?: boolean;
    readonly defaultNav?: boolean;
    readonly icon?: string;
  }[];
  readonly roles?: readonly RoleRegistration[];
}

const ranks: readonly OrgRole[] = ['Viewer', 'Editor', 'Admin'];
const orgRoles = { viewer: 'Viewer', operator: 'Editor', admin: 'Admin' } as const;

/** The organisation role that stands for a role of the exporter, as the app's own role grants say. */
export function orgRoleOf(boot: HostBoot): OrgRole {
  return boot.grafana?.orgRole ?? orgRoles[boot.user.role];
}

/** The permissions that Grafana derives from plugin.json for a basic role: each includes those of the roles below it. */
export function permissionsOf(meta: Pick<AppMeta, 'id' | 'roles'>, role: OrgRole): Readonly<Record<string, boolean>> {
  const held = ranks.slice(0, ranks.indexOf(role) + 1);
  const granted = (meta.roles ?? [])
    .filter(({ grants }) => grants.some((grant) => (held as readonly string[]).includes(grant)))
    .flatMap(({ role: { permissions } }) => (permissions ?? []).map(({ action }) => action));
  const own = role === 'Admin' ? ['plugins:write'] : [];
  return Object.fromEntries(['plugins.app:access', ...own, ...granted].map((action) => [action, true]));
}

/** Where the visitor begins: the app's default page. */
export function startPath(meta: AppMeta): string {
  const pages = (meta.includes ?? []).filter(({ type, path }) => type === 'page' && path?.startsWith(`/a/${meta.id}/`));
  return (pages.find(({ defaultNav }) => defaultNav === true) ?? pages[0])?.path ?? `/a/${meta.id}`;
}

const dateFormats = {
  fullDate: 'YYYY-MM-DD HH:mm:ss',
  interval: {
    millisecond: 'HH:mm:ss.SSS',
    second: 'HH:mm:ss',
    minute: 'HH:mm',
    hour: 'MM/DD HH:mm',
    day: 'MM/DD',
    month: 'YYYY-MM',
    year: 'YYYY',
  },
  useBrowserLocale: false,
  timezone: ['browser'],
};

/** `window.grafanaBootData`, which the packages read while they load. `origin`: of the page. */
export function grafanaBootData(
  boot: HostBoot,
  meta: AppMeta,
  mode: ThemeMode,
  origin: string,
): Record<string, unknown> {
  const { grafana, user } = boot;
  const orgRole = orgRoleOf(boot);
  return {
    assets: { dark: '', light: '' },
    navTree: [],
    settings: {
      appSubUrl: '',
      appUrl: `${origin}/`,
      buildInfo: { version: grafana?.version ?? boot.version, env: 'production', edition: 'Open Source' },
      dateFormats,
      featureToggles: {},
      namespace: 'default',
    },
    user: {
      id: 1,
      login: grafana?.login ?? user.name,
      name: grafana?.name ?? user.name,
      orgId: 1,
      orgName: boot.cluster,
      orgRole,
      isSignedIn: true,
      isGrafanaAdmin: false,
      theme: mode,
      lightTheme: mode === 'light',
      timezone: 'browser',
      weekStart: 'monday',
      locale: 'en-US',
      language: 'en-US',
      permissions: permissionsOf(meta, orgRole),
    },
  };
}
