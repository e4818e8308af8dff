import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { oneLine, yamlText } from './yaml-text.ts';

/** What `gatherFacts` asks of the machine; none of these throws: absent and unreadable are answers. */
export interface HostProbes {
  hostname(): string;
  exists(path: string): boolean;
  /** A folder that this user may list and enter. */
  readableFolder(path: string): boolean;
  writableFolder(path: string): boolean;
  /** Names in a folder; empty where it cannot be read. */
  list(path: string): readonly string[];
  /** Null where it cannot be read. */
  text(path: string): string | null;
  /** Null where it cannot be told. */
  freeBytes(path: string): number | null;
}

export interface FoundFolder {
  readonly path: string;
  /** Name of the component it becomes. */
  readonly component: 'config' | 'web' | 'srv' | 'home' | 'redis' | 'postgresql';
  readonly readable: boolean;
}

export interface FoundDisk {
  readonly mount: string;
  readonly device: string;
  readonly type: string;
  readonly writable: boolean;
  readonly freeBytes: number | null;
}

export interface HostFacts {
  readonly hostname: string;
  readonly home: string;
  readonly folders: readonly FoundFolder[];
  /** Mounted file systems other than the root's, that could hold a copy. */
  readonly disks: readonly FoundDisk[];
  /** Services that listen here, with what shows it. */
  readonly running: readonly { readonly name: 'postgresql' | 'redis'; readonly evidence: string }[];
}

const candidates = [
  ['config', '/etc'],
  ['web', '/var/www'],
  ['srv', '/srv'],
  ['home', '/home'],
  ['redis', '/var/lib/redis'],
] as const;
const sockets = [
  ['postgresql', '/var/run/postgresql/.s.PGSQL.5432'],
  ['postgresql', '/tmp/.s.PGSQL.5432'],
  ['redis', '/var/run/redis/redis-server.sock'],
  ['redis', '/var/run/redis/redis.sock'],
  ['redis', '/var/run/redis/redis-server.pid'],
] as const;
const diskTypes = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'nfs',
  'nfs4',
  'cifs',
  'fuse.sshfs',
  'bcachefs',
  'exfat',
  'ntfs3',
]);
const systemMounts =
  /^\/(boot|efi|proc|sys|dev|run|snap|etc|usr|tmp|var\/(lib\/(docker|containers|kubelet|snapd)|tmp|log))(\/|$)/;

/** Looks at the machine; reads only, and only names. */
export function gatherFacts(probes: HostProbes, home: string): HostFacts {
  const folders: FoundFolder[] = candidates
    .filter(([, path]) => probes.exists(path))
    .filter(([, path]) => path === '/etc' || !probes.readableFolder(path) || probes.list(path).length > 0)
    .map(([component, path]) => ({ component, path, readable: probes.readableFolder(path) }));
  for (const version of probes.list('/var/lib/postgresql')) {
    const path = join('/var/lib/postgresql', version);
    if (/^\d/.test(version)) folders.push({ component: 'postgresql', path, readable: probes.readableFolder(path) });
  }
  const running = sockets.filter(([, path]) => probes.exists(path)).map(([name, evidence]) => ({ name, evidence }));
  return { hostname: probes.hostname(), home, folders, disks: findDisks(probes), running };
}

function findDisks(probes: HostProbes): FoundDisk[] {
  const mounts = (probes.text('/proc/mounts') ?? '').split('\n').flatMap((line) => {
    const [device, mount, type] = line.split(' ').map(unescapeMount);
    return device === undefined || mount === undefined || type === undefined ? [] : [{ device, mount, type }];
  });
  const rootDevice = mounts.find(({ mount }) => mount === '/')?.device;
  const seen = new Set(rootDevice === undefined ? [] : [rootDevice]);
  return mounts.flatMap(({ device, mount, type }) => {
    if (!diskTypes.has(type) || systemMounts.test(mount) || mount === '/' || seen.has(device)) return [];
    seen.add(device);
    return [{ device, mount, type, writable: probes.writableFolder(mount), freeBytes: probes.freeBytes(mount) }];
  });
}

/** /proc/mounts writes blanks and backslashes in octal. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The probes of the machine that this program runs on. */
export function hostProbes(): HostProbes {
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch {
      // Absent or forbidden: the port says that both are answers.
      return otherwise;
    }
  };
  const folder = (path: string, mode: number): boolean =>
    attempt(() => {
      accessSync(path, mode);
      return statSync(path).isDirectory();
    }, false);
  return {
    hostname,
    exists: existsSync,
    readableFolder: (path) => folder(path, constants.R_OK | constants.X_OK),
    writableFolder: (path) => folder(path, constants.W_OK | constants.X_OK),
    list: (path) => attempt(() => readdirSync(path), []),
    text: (path) => attempt(() => readFileSync(path, 'utf8'), null),
    freeBytes: (path) =>
      attempt(() => {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      }, null),
  };
}

/** A genesis.yaml for this machine: what was found, what is proposed and why, what was left out. It passes `config check`. */
export function proposeConfig(facts: HostFacts): string {
  const chosen = facts.folders.filter((folder) => folder.readable && folder.component !== 'postgresql');
  return `# Proposed by \`genesis init\` for ${oneLine(facts.hostname)}. Read it, change it, then: genesis config check FILE
# Every key: \`genesis config reference\`.

# Left out:
${leftOut(facts)
  .map((line) => `# - ${oneLine(line)}\n`)
  .join('')}
cluster: default

${chosen.length === 0 ? noService : proposedService(facts, chosen)}`;
}

const noService = `# No folder with data was found that this user may read. Run \`genesis init\` as root, or list your own:
#
# services:
#   - name: shop
#     backup:
#       components:
#         data: { paths: [/srv/shop] }
services: []
`;

const reasons: Readonly<Record<FoundFolder['component'], string>> = {
  config: 'the configuration of this machine',
  web: 'sites',
  srv: 'data of services',
  home: "people's files",
  redis: 'dump.rdb is replaced whole by Redis, so a copy of it is consistent; an append-only file may lack its end',
  postgresql: '',
};

function proposedService(facts: HostFacts, chosen: readonly FoundFolder[]): string {
  const components = chosen.map(({ component, path }) => {
    const excludes = component === 'redis' ? '\n          excludes: ["temp-*.rdb"]' : '';
    return `        ${component}:   # ${reasons[component]}\n          paths: [${yamlText(path)}]${excludes}\n`;
  });
  return `services:
  - name: ${serviceName(facts.hostname)}
    component: files
    backup:
      repository: ${yamlText(join(facts.home, 'repository'))}
      components:
${components.join('')}      schedules:
        full: "0 2 * * *"
        incremental: "*/30 * * * *"
        timezone: UTC
${proposedCopy(facts)}    drills:
      schedule: "0 4 * * 0"   # a restore of the newest backup, compared file by file
    objectives:
      backup_sla: 4h
      rpo_sla: 1h
      rto_sla: 4h
`;
}

function proposedCopy({ disks }: HostFacts): string {
  const [best] = disks.filter((disk) => disk.writable).sort((a, b) => (b.freeBytes ?? -1) - (a.freeBytes ?? -1));
  if (best === undefined) {
    return `    # No second disk that this user may write was found. Backups on the disk they protect are lost with it: mount one, then
    # copies:
    #   - { name: second-disk, path: /mnt/second/genesis, mountpoint: true }
`;
  }
  const free = best.freeBytes === null ? 'free space unknown' : `${(best.freeBytes / 2 ** 30).toFixed(1)} GiB free`;
  const network = /^(nfs|cifs|fuse)/.test(best.type);
  return `    copies:   # ${oneLine(best.device)} (${best.type}, ${free}) is another file system than the root's
      - name: ${network ? 'network-folder' : 'second-disk'}
        path: ${yamlText(join(best.mount, 'genesis'))}
        mountpoint: true   # not mounted counts as disconnected
        # offsite: true    # say so if it stands at another place
`;
}

function leftOut({ folders, running, disks }: HostFacts): string[] {
  const lines = folders.filter((folder) => !folder.readable).map(({ path }) => `${path}: this user may not read it`);
  for (const { path } of folders.filter((folder) => folder.component === 'postgresql')) {
    lines.push(
      `${path}: files of a PostgreSQL server; copied while it runs they do not restore. Give it a service with the engine pgbackrest (any moment back) or pg_dump: docs/guide/postgresql.md`,
    );
  }
  for (const { name, evidence } of running)
    lines.push(`${name} runs here (${evidence}): see that its data is saved consistently`);
  for (const { mount } of disks.filter((disk) => !disk.writable))
    lines.push(`${mount}: this user may not write there, so it holds no copy`);
  return lines.length === 0 ? ['nothing that was looked for'] : lines;
}

/** A host name as a name of the configuration; `this-host` where nothing usable is left. */
function serviceName(host: string): string {
  const name = (host.split('.')[0] ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^[-_]+|[-_]+$/g, '');
  return name === '' ? 'this-host' : yamlText(name);
}
