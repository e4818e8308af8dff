import { join } from 'node:path';
import type { UnixUser } from '../postgres-target.ts';
import { clusterName } from './processes.ts';
import type { ControlFacts } from './restored.ts';

/** With what a throwaway server is started, so that it reaches nothing and nobody reaches it. Pure. */

export interface IsolationInput {
  readonly major: number;
  /** Absolute data folder. */
  readonly data: string;
  /** Absolute private folder of the server's own files. */
  readonly own: string;
  readonly socketFolder: string;
  readonly port: number;
  /** What the primary ran with, from the restored control file. */
  readonly recorded: Pick<
    ControlFacts,
    'maxPreparedTransactions' | 'maxLocksPerTransaction' | 'walLevel' | 'trackCommitTimestamp' | 'walLogHints'
  >;
  /** The data is thrown away afterwards; else nothing in its WAL may ask more of whoever replays it than the primary did. */
  readonly throwaway: boolean;
  readonly libraries: readonly string[];
}

export const ownFiles = {
  conf: 'postgresql.conf',
  hba: 'pg_hba.conf',
  ident: 'pg_ident.conf',
  log: 'postgres.log',
  /** The restored postgresql.auto.conf, while the server runs with another one. */
  savedAuto: 'postgresql.auto.conf.restored',
  state: 'sandbox.json',
} as const;

/** Everyone who gets into the private folder; that is this process and the server's own user. */
export const hbaText = 'local all all trust\n';

/**
 * Settings of the command line: they win over every file. hot_standby=off is what lets max_connections, max_wal_senders and
 * max_worker_processes be smaller than the primary's during recovery; and nobody is let in before it has ended.
 */
export function serverSettings(input: IsolationInput): Readonly<Record<string, string>> {
  const file = (name: string): string => join(input.own, name);
  return {
    // None of the restored files counts: they may name folders, programs and servers of the live system.
    config_file: file(ownFiles.conf),
    data_directory: input.data,
    hba_file: file(ownFiles.hba),
    ident_file: file(ownFiles.ident),
    // In: one socket.
    listen_addresses: '',
    port: String(input.port),
    unix_socket_directories: input.socketFolder,
    unix_socket_permissions: '0700',
    unix_socket_group: '',
    ssl: 'off',
    bonjour: 'off',
    max_connections: '20',
    // Out: no archiving, no replication, no workers of extensions, no programs.
    archive_mode: 'off',
    archive_command: '',
    ...(input.major >= 15 ? { archive_library: '' } : {}),
    archive_cleanup_command: '',
    recovery_end_command: '',
    primary_conninfo: '',
    primary_slot_name: '',
    synchronous_standby_names: '',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_worker_processes: '0',
    shared_preload_libraries: input.libraries.join(','),
    session_preload_libraries: '',
    local_preload_libraries: '',
    ...(input.major >= 17 ? { event_triggers: 'off' } : {}),
    autovacuum: 'off',
    jit: 'off',
    // Recovery: to its end, then open for reading and writing.
    hot_standby: 'off',
    recovery_target_action: 'promote',
    recovery_min_apply_delay: '0',
    restart_after_crash: 'off',
    ...capacity(input),
    // Damage must show.
    zero_damaged_pages: 'off',
    ignore_checksum_failure: 'off',
    ...(input.major >= 13 ? { ignore_invalid_pages: 'off' } : {}),
    // Small, whatever machine this is.
    shared_buffers: '128MB',
    huge_pages: 'off',
    cluster_name: clusterName,
    update_process_title: 'off',
    logging_collector: 'on',
    log_destination: 'stderr',
    log_directory: input.own,
    log_filename: ownFiles.log,
    log_file_mode: '0600',
    log_rotation_age: '0',
    log_rotation_size: '0',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'warning',
    log_timezone: 'UTC',
    timezone: 'UTC',
    lc_messages: 'C',
  };
}

/**
 * What a copied folder may hold (prepared transactions, slots, origins), which ends the start where there is too little of it. These
 * figures go into WAL, and a standby that has less than they say does not replay it: for data that is kept they stay the primary's.
 */
function capacity({ recorded, throwaway }: IsolationInput): Readonly<Record<string, string>> {
  const atLeast = (value: number, least: number): string => String(throwaway ? Math.max(value, least) : value);
  return {
    max_prepared_transactions: atLeast(recorded.maxPreparedTransactions, 64),
    max_locks_per_transaction: atLeast(recorded.maxLocksPerTransaction, 256),
    max_replication_slots: '1000',
    wal_level: throwaway ? 'logical' : recorded.walLevel,
    // Switched off for one start, the commit timestamps would be removed.
    track_commit_timestamp: recorded.trackCommitTimestamp,
    wal_log_hints: recorded.walLogHints,
  };
}

/** Only how far to recover, and from where, is taken from what was restored; the rest of the file stays out of force. */
const recoverySettings = new Set([
  'restore_command',
  'recovery_target',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_xid',
  'recovery_target_lsn',
  'recovery_target_inclusive',
  'recovery_target_timeline',
]);

/** `name = 'value'` lines of a postgresql.auto.conf; the last one of a name counts. */
export function parseAutoConf(text: string): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const parts = /^\s*([A-Za-z_][\w.]*)\s*=?\s*(?:'((?:[^'\\]|''|\\.)*)'|([^\s#']+))\s*(?:#.*)?$/.exec(line);
    if (parts === null) continue;
    const [, name = '', quoted, bare = ''] = parts;
    settings[name.toLowerCase()] =
      quoted === undefined ? bare : quoted.replaceAll(/''|\\(.)/g, (all, c) => (c as string) ?? all[0]);
  }
  return settings;
}

export function recoverySettingsOf(auto: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(auto).filter(([name]) => recoverySettings.has(name)));
}

/** Text of a configuration file. */
export function confText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`)
    .join('');
}

/** Names in a shared_preload_libraries value. */
export function libraryNames(value: string): readonly string[] {
  return value
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replace(/^\$libdir\//, '')
        .replace(/\.so$/, ''),
    )
    .filter((name) => name !== '');
}

export interface LauncherTools {
  /** Arguments of an `unshare` that this machine allows; null: it allows none. */
  readonly unshare: readonly string[] | null;
  readonly setpriv: boolean;
  readonly nice: boolean;
  readonly ionice: boolean;
}

/** Arguments of setpriv: the user, no way to more rights, and SIGQUIT (stop at once) when this process dies, however it dies. */
export function rightsOf(runAs: UnixUser | null): readonly string[] {
  const user = runAs === null ? [] : [`--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--clear-groups'];
  return [...user, '--no-new-privs', '--pdeathsig', 'QUIT', '--'];
}

/**
 * What is put before a program: each of these replaces itself by the next, so that the pid is the program's. `runAs` is left for
 * ExecOptions only where setpriv is missing.
 */
export function launcherOf(
  tools: LauncherTools,
  o: { readonly ownNetwork: boolean; readonly runAs: UnixUser | null },
): { readonly argv: readonly string[]; readonly runAs: UnixUser | null } {
  const network = o.ownNetwork && tools.unshare !== null ? ['unshare', ...tools.unshare, '--'] : [];
  const rights = tools.setpriv ? ['setpriv', ...rightsOf(o.runAs)] : [];
  return {
    argv: [
      ...network,
      ...rights,
      ...(tools.nice ? ['nice', '-n', '10'] : []),
      ...(tools.ionice ? ['ionice', '-c', '2', '-n', '7'] : []),
    ],
    runAs: tools.setpriv ? null : o.runAs,
  };
}
