import { delimiter, dirname, join } from 'node:path';

export type ProgramName = 'prometheus' | 'alertmanager' | 'grafana';

interface ProgramKind {
  readonly name: ProgramName;
  /** Names of the binary, the first one found is taken: Debian calls Alertmanager otherwise than its makers. */
  readonly binaries: readonly string[];
  readonly install: string;
  readonly optional: boolean;
}

export const programKinds: readonly ProgramKind[] = [
  {
    name: 'prometheus',
    binaries: ['prometheus'],
    install: 'install the Debian package prometheus (apt-get install prometheus)',
    optional: false,
  },
  {
    name: 'alertmanager',
    binaries: ['prometheus-alertmanager', 'alertmanager'],
    install: 'install the Debian package prometheus-alertmanager (apt-get install prometheus-alertmanager)',
    optional: false,
  },
  {
    name: 'grafana',
    binaries: ['grafana-server', 'grafana'],
    install: 'Debian has no package of Grafana: take the one of apt.grafana.com; without it there are no dashboards',
    optional: true,
  },
];

export interface FoundPrograms {
  readonly paths: Readonly<Partial<Record<ProgramName, string>>>;
  /** One sentence for each that is not installed. */
  readonly missing: readonly { readonly name: ProgramName; readonly optional: boolean; readonly say: string }[];
}

/** Looks through PATH, and where Debian puts servers that are not on everybody's PATH. Pure but for `executable`. */
export function findPrograms(path: string, executable: (file: string) => boolean): FoundPrograms {
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith('/')), '/usr/sbin', '/usr/local/sbin'];
  const paths: Partial<Record<ProgramName, string>> = {};
  const missing = [];
  for (const { name, binaries, install, optional } of programKinds) {
    const found = binaries.flatMap((binary) => folders.map((folder) => join(folder, binary))).find(executable);
    if (found === undefined)
      missing.push({ name, optional, say: `${binaries.join(' or ')} is not on the PATH: ${install}` });
    else paths[name] = found;
  }
  return { paths, missing };
}

interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** As it stands in an address: `127.0.0.1:9090`, `[::1]:9090`. */
export function hostPort({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export interface StackFolder {
  readonly path: string;
  /** Files of the generators; made anew at each start. */
  readonly generated: string;
  readonly logs: string;
}

export function stackFolderAt(path: string): StackFolder {
  return { path, generated: join(path, 'generated'), logs: join(path, 'logs') };
}

/** Forty days: compliance looks back over thirty, and a look back at that needs some more. */
const retention = '40d';

export function prometheusArgs(folder: StackFolder, configFile: string, listen: string): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(folder.path, 'prometheus')}`,
    `--storage.tsdb.retention.time=${retention}`,
    `--web.listen-address=${listen}`,
  ];
}

/** Without a cluster address it opens no second port. */
export function alertmanagerArgs(folder: StackFolder, configFile: string, listen: string): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.path=${join(folder.path, 'alertmanager')}`,
    `--web.listen-address=${listen}`,
    '--cluster.listen-address=',
  ];
}

/** Its own files (public, conf) stand beside the binary in a tar ball and in /usr/share/grafana in a package. */
export function grafanaHome(binary: string, exists: (file: string) => boolean): string {
  const beside = dirname(dirname(binary));
  return exists(join(beside, 'conf', 'defaults.ini')) ? beside : '/usr/share/grafana';
}

export function grafanaArgs(binary: string, home: string): string[] {
  return [...(binary.endsWith('/grafana') ? ['server'] : []), `--homepath=${home}`];
}

export function grafanaPasswordFile(folder: StackFolder): string {
  return join(folder.path, 'grafana', 'admin-password');
}

/** Whoever may reach loopback may look; changes need the password in that file. Nothing is asked of or sent to its makers. */
export function grafanaEnv(folder: StackFolder, provisioning: string, { host, port }: Address): Record<string, string> {
  const base = join(folder.path, 'grafana');
  return {
    GF_PATHS_DATA: join(base, 'data'),
    GF_PATHS_LOGS: join(base, 'logs'),
    GF_PATHS_PLUGINS: join(base, 'plugins'),
    GF_PATHS_PROVISIONING: provisioning,
    GF_SERVER_HTTP_ADDR: host,
    GF_SERVER_HTTP_PORT: String(port),
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_SECURITY_ADMIN_PASSWORD__FILE: grafanaPasswordFile(folder),
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    GF_NEWS_NEWS_FEED_ENABLED: 'false',
  };
}

/** One product to start. */
export interface Launch {
  readonly name: ProgramName;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  /** Path that answers 200 when it is ready. */
  readonly probe: string;
}

/** In the order of starting: Alertmanager before the one that sends to it. Pure but for `exists`. */
export function launchesOf(
  folder: StackFolder,
  paths: FoundPrograms['paths'],
  places: Readonly<Record<ProgramName, Address>>,
  files: {
    readonly prometheusConfig: string;
    readonly alertmanagerConfig: string;
    readonly grafanaProvisioning: string;
  },
  exists: (file: string) => boolean,
): Launch[] {
  const started = (name: ProgramName, rest: Pick<Launch, 'args' | 'env' | 'probe'>): Launch[] => {
    const file = paths[name];
    return file === undefined ? [] : [{ name, file, url: `http://${hostPort(places[name])}`, ...rest }];
  };
  const grafana = paths.grafana ?? '';
  return [
    ...started('alertmanager', {
      args: alertmanagerArgs(folder, files.alertmanagerConfig, hostPort(places.alertmanager)),
      env: {},
      probe: '/-/ready',
    }),
    ...started('prometheus', {
      args: prometheusArgs(folder, files.prometheusConfig, hostPort(places.prometheus)),
      // Newer versions take 75 by themselves; Debian's takes a quarter more memory without it.
      env: { GOGC: '75' },
      probe: '/-/ready',
    }),
    ...started('grafana', {
      args: grafanaArgs(grafana, grafanaHome(grafana, exists)),
      env: grafanaEnv(folder, files.grafanaProvisioning, places.grafana),
      probe: '/api/health',
    }),
  ];
}
