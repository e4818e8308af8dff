import { readdirSync, readFileSync } from 'node:fs';
import { grafanaBase, grafanaPrefixes, routes, type GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import { consoleProxyBase, grafanaRoutesOf, type Route } from '@genesis-dr/exporter/contract/client';
import { permissionNames, permissions, PLUGIN_BASE_URL, PLUGIN_ID } from './constants.ts';
import { addedLinks } from './extensions.ts';
import { pages, type PageEntry } from './pages/index.ts';

interface Manifest {
  id: string;
  includes: {
    type: string;
    name: string;
    path: string;
    role?: string;
    action?: string;
    icon?: string;
    addToNav?: boolean;
  }[];
  roles: { role: { name: string; permissions: { action: string }[] }; grants: string[] }[];
  routes: {
    path: string;
    method: string;
    reqAction: string;
    url: string;
    headers: { name: string; content: string }[];
  }[];
  extensions: { addedLinks: { targets: string[]; title: string }[] };
}

const here = new URL('.', import.meta.url);
const manifest = JSON.parse(
  readFileSync(new URL('plugin.json', here), 'utf8').replaceAll('%PLUGIN_ID%', PLUGIN_ID),
) as Manifest;
const prefixes = Object.keys(grafanaPrefixes) as GrafanaPrefix[];

it('lists the pages of the navigation as the router knows them', () => {
  const listed = manifest.includes.filter(({ type }) => type === 'page');

  const expected = (Object.values(pages) as PageEntry[]).flatMap(({ path, navigation, permission }) =>
    navigation === null
      ? []
      : [
          {
            name: navigation.name,
            icon: navigation.icon,
            path: `${PLUGIN_BASE_URL}/${path}`,
            action: permissions[permission],
          },
        ],
  );
  expect(listed.map(({ name, icon, path, action }) => ({ name, icon, path, action }))).toEqual(expected);
});

it('includes every generated dashboard under its title', () => {
  const boards = manifest.includes.filter(({ type }) => type === 'dashboard');

  const made = readdirSync(new URL('../../dashboards/generated/', here)).filter((file) => file.endsWith('.json'));
  expect(boards.map(({ path }) => path).sort()).toEqual(made.map((file) => `dashboards/${file}`).sort());
  for (const { path, name } of boards) {
    const file = new URL(`../../dashboards/generated/${path.replace('dashboards/', '')}`, here);
    expect({ name, title: (JSON.parse(readFileSync(file, 'utf8')) as { title: string }).title }).toEqual({
      name,
      title: name,
    });
  }
});

it('has one route for each prefix that the exporter serves, with its method, permission, token and role', () => {
  expect(manifest.routes.map(({ path }) => path)).toEqual(prefixes.map((prefix) => `${prefix}/*`));
  for (const prefix of prefixes) {
    const route = manifest.routes.find(({ path }) => path === `${prefix}/*`);
    expect(route).toMatchObject({
      method: grafanaPrefixes[prefix].method,
      reqAction: permissions[prefix],
      url: `{{ .JsonData.apiUrl }}${grafanaBase}/${prefix}`,
      headers: [
        { name: 'Authorization', content: `Bearer {{ .SecureJsonData.${prefix}Token }}` },
        { name: 'X-Genesis-Role', content: grafanaPrefixes[prefix].role },
      ],
    });
  }
  expect(consoleProxyBase).toBe(`/api/plugin-proxy/${PLUGIN_ID}`);
});

it('grants each permission to exactly the roles that include it, in names that Grafana accepts', () => {
  const granted = manifest.roles.map(({ role, grants }) => ({
    name: role.name,
    actions: role.permissions.map(({ action }) => action),
    grants,
  }));

  expect(granted).toEqual([
    { name: permissionNames.read, actions: [permissions.read], grants: ['Viewer'] },
    { name: permissionNames.operate, actions: [permissions.read, permissions.operate], grants: ['Editor'] },
    { name: permissionNames.admin, actions: Object.values(permissions), grants: ['Admin', 'Grafana Admin'] },
  ]);
  for (const action of Object.values(permissions)) expect(action.startsWith(`${PLUGIN_ID}:`)).toBe(true);
});

it('reaches every action through a prefix of no more than the role it asks for', () => {
  for (const [id, route] of Object.entries(routes as Record<string, Route>)) {
    const [first] = grafanaRoutesOf(route);
    expect({ id, prefix: first?.prefix }).toEqual({
      id,
      prefix:
        route.roles.includes('viewer') && route.method === 'GET'
          ? 'read'
          : route.roles.includes('operator')
            ? 'operate'
            : 'admin',
    });
  }
});

it('registers the extensions that it declares', () => {
  const flat = (links: readonly { targets: string | string[]; title: string }[]): string[] =>
    links.map(({ targets, title }) => `${[targets].flat().join()} ${title}`);

  expect(flat(manifest.extensions.addedLinks)).toEqual(
    flat(
      addedLinks(
        () => undefined,
        () => '',
      ),
    ),
  );
  for (const { title } of manifest.extensions.addedLinks) expect(title.length).toBeGreaterThanOrEqual(10);
});
