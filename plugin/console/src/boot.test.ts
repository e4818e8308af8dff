import { grafanaBootData, permissionsOf, startPath, type AppMeta, type HostBoot } from './boot.ts';

const id = 'genesis-dr-app';
const meta: AppMeta = {
  id,
  name: 'Genesis DR',
  info: { version: '1' },
  includes: [
    { type: 'dashboard', name: 'Board', path: 'dashboards/x.json' },
    { type: 'page', name: 'Backups', path: `/a/${id}/backups`, addToNav: true },
    { type: 'page', name: 'Overview', path: `/a/${id}/overview`, addToNav: true, defaultNav: true },
  ],
  roles: [
    { role: { permissions: [{ action: `${id}:read` }] }, grants: ['Viewer'] },
    { role: { permissions: [{ action: `${id}:operate` }] }, grants: ['Editor'] },
    { role: { permissions: [{ action: `${id}:admin` }] }, grants: ['Admin', 'Grafana Admin'] },
  ],
};
const boot = (role: 'viewer' | 'operator' | 'admin'): HostBoot => ({
  version: '0.1.0',
  cluster: 'main',
  user: { name: 'somebody', role, canLogOut: true },
});
const actionsOf = (role: 'Viewer' | 'Editor' | 'Admin'): string[] => Object.keys(permissionsOf(meta, role)).sort();

it('gives each basic role its own grants and those of the roles below', () => {
  expect(actionsOf('Viewer')).toEqual([`${id}:read`, 'plugins.app:access']);
  expect(actionsOf('Editor')).toEqual([`${id}:operate`, `${id}:read`, 'plugins.app:access']);
  expect(actionsOf('Admin')).toEqual([
    `${id}:admin`,
    `${id}:operate`,
    `${id}:read`,
    'plugins.app:access',
    'plugins:write',
  ]);
});

it.each([
  ['viewer', 'Viewer', undefined],
  ['operator', 'Editor', undefined],
  ['admin', 'Admin', true],
] as const)('a session of the role %s looks like the basic role %s', (role, orgRole, mayAdmin) => {
  const { user } = grafanaBootData(boot(role), meta, 'light', 'http://h:1') as {
    user: { orgRole: string; permissions: Record<string, boolean>; lightTheme: boolean };
  };

  expect([user.orgRole, user.permissions[`${id}:admin`], user.lightTheme]).toEqual([orgRole, mayAdmin, true]);
});

it('begins at the default page, else at the first', () => {
  expect(startPath(meta)).toBe(`/a/${id}/overview`);
  expect(startPath({ ...meta, includes: meta.includes?.slice(0, 2) ?? [] })).toBe(`/a/${id}/backups`);
  expect(startPath({ ...meta, includes: [] })).toBe(`/a/${id}`);
});
