import {
  alertmanagerArgs,
  findPrograms,
  grafanaArgs,
  grafanaEnv,
  grafanaHome,
  launchesOf,
  prometheusArgs,
  stackFolderAt,
} from './stack-programs.ts';

const folder = stackFolderAt('/home/stack');

it('finds Alertmanager under the name of Debian and of its makers, in the order of PATH', () => {
  const there =
    (...files: string[]) =>
    (file: string) =>
      files.includes(file);

  expect(findPrograms('/opt/bin:/usr/bin', there('/usr/bin/prometheus', '/opt/bin/alertmanager')).paths).toEqual({
    prometheus: '/usr/bin/prometheus',
    alertmanager: '/opt/bin/alertmanager',
  });
  expect(findPrograms('', there('/usr/sbin/grafana-server')).paths.grafana).toBe('/usr/sbin/grafana-server');
});

it('looks into no relative folder of PATH', () => {
  expect(findPrograms('.:bin:', () => true).paths.prometheus).toBe('/usr/sbin/prometheus');
});

it('names the Debian package of what is missing, and says that Grafana is optional', () => {
  const { missing } = findPrograms('/usr/bin', () => false);

  expect(missing.map(({ name, optional }) => [name, optional])).toEqual([
    ['prometheus', false],
    ['alertmanager', false],
    ['grafana', true],
  ]);
  expect(missing.map(({ say }) => say).join('\n')).toMatch(
    /apt-get install prometheus\)[^]*apt-get install prometheus-alertmanager/,
  );
});

it('has Prometheus keep more than the 35 days that doctor wants, and opens no cluster port', () => {
  expect(prometheusArgs(folder, '/c.yml', '127.0.0.1:9090')).toContain('--storage.tsdb.retention.time=40d');
  expect(alertmanagerArgs(folder, '/c.yml', '127.0.0.1:9093')).toContain('--cluster.listen-address=');
});

it('starts both kinds of Grafana, without a password on the command line or in the environment', () => {
  expect(grafanaArgs('/usr/sbin/grafana-server', '/usr/share/grafana')).toEqual(['--homepath=/usr/share/grafana']);
  expect(grafanaArgs('/opt/grafana/bin/grafana', '/opt/grafana')).toEqual(['server', '--homepath=/opt/grafana']);
  expect(grafanaHome('/opt/grafana/bin/grafana', (file) => file === '/opt/grafana/conf/defaults.ini')).toBe(
    '/opt/grafana',
  );
  expect(grafanaHome('/usr/sbin/grafana-server', () => false)).toBe('/usr/share/grafana');
  expect(grafanaEnv(folder, '/home/stack/generated/grafana', { host: '127.0.0.1', port: 3000 })).toMatchObject({
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_PATHS_PROVISIONING: '/home/stack/generated/grafana',
    GF_SECURITY_ADMIN_PASSWORD__FILE: '/home/stack/grafana/admin-password',
  });
});

it('starts Alertmanager before the Prometheus that sends to it, and only what was found', () => {
  const place = { host: '::1', port: 9000 };
  const places = { prometheus: { host: '127.0.0.1', port: 9090 }, alertmanager: place, grafana: place };
  const files = { prometheusConfig: '/p.yml', alertmanagerConfig: '/a.yml', grafanaProvisioning: '/g' };
  const launches = launchesOf(folder, { prometheus: '/p', alertmanager: '/a' }, places, files, () => false);

  expect(launches.map(({ name, file, url }) => [name, file, url])).toEqual([
    ['alertmanager', '/a', 'http://[::1]:9000'],
    ['prometheus', '/p', 'http://127.0.0.1:9090'],
  ]);
});
