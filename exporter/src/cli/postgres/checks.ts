import { failed, fine, warn, type Finding, type Verdict } from '../monitoring/finding.ts';

/** What one server answered about itself. Settings as SHOW gives them; null: this role may not see it. */
export interface ServerAnswers {
  readonly version: string;
  readonly isStandby: boolean;
  readonly settings: Readonly<Record<string, string | null>>;
  readonly isSuperuser: boolean;
  readonly isMonitor: boolean;
  /** Whether the role may write the heartbeat: its schema is there and open to it, or it may make it. */
  readonly mayBeat: boolean;
  readonly hasChecksums: boolean;
}

export interface ServerWishes {
  readonly engine: string;
  readonly data: string | null;
  /** What archive_command has to be; null: the engine needs none. */
  readonly archiveCommand: string | null;
  readonly heartbeatSchema: string | null;
  readonly role: string;
}

/** Statements and lines of postgresql.conf that make a server ready, to be run by its administrator. Pure. */
export function setupText({ role, heartbeatSchema, archiveCommand }: ServerWishes): string {
  const name = `"${role.replaceAll('"', '""')}"`;
  const lines = [
    `CREATE ROLE ${name} LOGIN;`,
    `GRANT pg_monitor, pg_read_all_data TO ${name};`,
    ...(heartbeatSchema === null
      ? []
      : [`CREATE SCHEMA IF NOT EXISTS "${heartbeatSchema.replaceAll('"', '""')}" AUTHORIZATION ${name};`]),
  ];
  if (archiveCommand === null) return `${lines.join('\n')}\n`;
  const settings = [
    'ALTER SYSTEM SET archive_mode = on; -- needs a restart',
    `ALTER SYSTEM SET archive_command = '${archiveCommand.replaceAll("'", "''")}';`,
    "ALTER SYSTEM SET archive_timeout = '60s';",
    '-- physical backups start and stop with a function of their own; on PostgreSQL 15 and later:',
    `GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean) TO ${name};`,
    `GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_create_restore_point(text) TO ${name};`,
  ];
  return `${[...lines, ...settings].join('\n')}\n`;
}

type Check = (answers: ServerAnswers, wishes: ServerWishes) => Verdict | null;

const on = new Set(['on', 'always']);

const checks: Readonly<Record<string, { readonly title: string; readonly judge: Check }>> = {
  primary: {
    title: 'the server takes writes',
    judge: ({ isStandby, version }) =>
      isStandby
        ? failed('it is a standby', 'name the primary under postgres, and this one under postgres.standbys')
        : fine(`PostgreSQL ${version}`),
  },
  role: {
    title: 'the role sees statistics',
    judge: ({ isSuperuser, isMonitor }, { role }) =>
      isSuperuser || isMonitor
        ? fine(isSuperuser ? `${role} is a superuser` : `${role} has pg_monitor`)
        : failed(`${role} has not pg_monitor`, `GRANT pg_monitor TO "${role}";`),
  },
  heartbeat: {
    title: 'the heartbeat can be written',
    judge: ({ mayBeat }, { heartbeatSchema, role }) => {
      if (heartbeatSchema === null) return null;
      return mayBeat
        ? fine(`schema ${heartbeatSchema}`)
        : failed(
            `${role} may not write the schema ${heartbeatSchema}`,
            'see the statements of `genesis postgres --setup`',
          );
    },
  },
  data_directory: {
    title: 'postgres.data is where the server has its files',
    judge: ({ settings }, { data }) => {
      const real = settings['data_directory'] ?? null;
      if (data === null) return null;
      if (real === null) return warn('the role may not see data_directory', 'GRANT pg_read_all_settings or pg_monitor');
      return real === data ? fine(data) : failed(`it has them in ${real}`, `set postgres.data to ${real}`);
    },
  },
  archive_mode: {
    title: 'WAL is archived',
    judge: ({ settings }, { archiveCommand }) => {
      if (archiveCommand === null) return null;
      const mode = settings['archive_mode'] ?? 'off';
      return on.has(mode)
        ? fine(`archive_mode ${mode}`)
        : failed('archive_mode is off', 'set archive_mode = on and restart the server');
    },
  },
  archive_command: {
    title: 'archive_command pushes into the repositories of this service',
    judge: ({ settings }, { archiveCommand }) => {
      if (archiveCommand === null) return null;
      const is = settings['archive_command'] ?? null;
      if (is === null) return warn('the role may not see archive_command', 'GRANT pg_monitor to it');
      return is === archiveCommand
        ? fine(is)
        : failed(
            `it is ${is === '' ? 'empty' : is}`,
            `set archive_command = '${archiveCommand.replaceAll("'", "''")}'`,
          );
    },
  },
  archive_timeout: {
    title: 'an idle server archives too',
    judge: ({ settings }, { archiveCommand }) => {
      if (archiveCommand === null) return null;
      const seconds = settings['archive_timeout'] ?? '0';
      return /^0/.test(seconds)
        ? warn('archive_timeout is 0: without writes nothing new can be brought back', "set archive_timeout = '60s'")
        : fine(`archive_timeout ${seconds}`);
    },
  },
  checksums: {
    title: 'pages have checksums',
    judge: ({ hasChecksums }) =>
      hasChecksums
        ? fine('data_checksums on')
        : warn(
            'data_checksums is off: a damaged page is found only where an index or a row breaks',
            'pg_checksums --enable',
          ),
  },
};

/** Every question that arises for the server, answered. Pure. */
export function judgeServer(answers: ServerAnswers, wishes: ServerWishes): readonly Finding[] {
  return Object.entries(checks).flatMap(([id, { title, judge }]) => {
    const verdict = judge(answers, wishes);
    return verdict === null ? [] : [{ id, title, ...verdict }];
  });
}
