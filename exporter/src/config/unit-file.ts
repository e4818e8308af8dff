import { dirname } from 'node:path';
import type { Config } from './schema.ts';
import { repositoryOf, restoreRootsOf } from './places.ts';

export interface UnitOptions {
  readonly user: string;
  readonly home: string;
  /** Absolute paths of node and of the `genesis` program. */
  readonly nodePath: string;
  readonly binPath: string;
  /** Further folders that may be written; see `writableFolders`. */
  readonly writable?: readonly string[];
  /** I/O class as in limits.io; null: best-effort at the lowest priority. */
  readonly io?: 'idle' | 'best-effort' | null;
  /** Workers of the scaling engine `process` run on while Genesis restarts. */
  readonly hasWorkers?: boolean;
}

/** Folders that genesis writes: repositories, copies and restore roots. The data itself is not among them. */
export function writableFolders(config: Config, home: string): string[] {
  const stores = config.services.flatMap((service) => [
    ...(service.backup.remote === null ? [repositoryOf(service, home)] : []),
    ...service.copies.flatMap((copy) => (copy.remote === null ? [copy.path] : [])),
    // A cluster that is put back in place is swapped beside the old one.
    ...(service.postgres === null || service.postgres.data === null ? [] : [dirname(service.postgres.data)]),
  ]);
  return [...new Set([...stores, ...restoreRootsOf(config, home)])]
    .filter((path) => path !== home && !path.startsWith(`${home}/`))
    .sort();
}

/**
 * A hardened systemd unit. Writing is confined to the home, repositories, copies and restore roots; everything else is read-only.
 * Throws a TypeError for a user name that cannot stand in a unit: the caller passes the one the system gave it.
 */
export function systemdUnit(options: UnitOptions): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/.test(options.user)) throw new TypeError(`"${options.user}" is not a user name`);
  const sections = [unitSection(), serviceSection(options), hardening(options), install];
  return sections.join('\n');
}

function unitSection(): string {
  return `[Unit]
Description=Genesis DR: backups, restore drills, metrics and actions
After=network.target local-fs.target remote-fs.target
StartLimitIntervalSec=300
StartLimitBurst=5
`;
}

function serviceSection({ user, home, nodePath, binPath, io, hasWorkers = false }: UnitOptions): string {
  return `[Service]
Type=exec
User=${user}
Environment=${quote(`GENESIS_HOME=${home}`)}
ExecStart=${quoteArgument(nodePath)} ${quoteArgument(binPath)} serve
ExecReload=/bin/kill -HUP $MAINPID
# SIGTERM ends running operations openly within 10 s.
TimeoutStopSec=15
KillMode=${hasWorkers ? 'process' : 'mixed'}
Restart=on-failure
RestartSec=5
# Exit code 2: the configuration, the home or the port must be mended first; starting again would not help.
RestartPreventExitStatus=2

# Backups give way to the work they protect.
CPUWeight=20
IOWeight=20
Nice=5
IOSchedulingClass=${io ?? 'best-effort'}
${io === 'idle' ? '' : 'IOSchedulingPriority=7\n'}`;
}

function hardening({ user, home, writable = [] }: UnitOptions): string {
  return `UMask=0077
NoNewPrivileges=yes
# The whole system is read-only but for these folders (a "-" lets one be absent; it becomes writable at the next start).
# A restore in place also writes beside the data: allow that with \`systemctl edit genesis\` and
#   [Service]
#   ReadWritePaths=/srv
ProtectSystem=strict
ReadWritePaths=${[home, ...writable].map((path) => quote(`-${path}`)).join(' ')}
# /tmp is private: data in /tmp or /var/tmp is neither seen nor restored there.
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=${user === 'root' ? 'no\n# (yes would forbid root to restore files that carry these bits)' : 'yes'}
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
# MemoryDenyWriteExecute stays off: Node compiles JavaScript while it runs.
${capabilities(user)}`;
}

function capabilities(user: string): string {
  if (user !== 'root') {
    return `# An ordinary user: reads what it may read, restores under its own name.
CapabilityBoundingSet=
AmbientCapabilities=
`;
  }
  return `# Read every file (DAC_READ_SEARCH); give restored ones their owner and mode (CHOWN, FOWNER, FSETID), also in folders of others
# (DAC_OVERRIDE). Commands of the configuration inherit the bound: one that changes its user needs CAP_SETUID CAP_SETGID as well.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID
`;
}

const install = `[Install]
WantedBy=multi-user.target
`;

/** One word of a unit in quotes, with systemd's specifiers and escapes taken literally. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

/** Command lines also replace $VARIABLES. */
function quoteArgument(text: string): string {
  return quote(text).replaceAll('$', '$$$$');
}
