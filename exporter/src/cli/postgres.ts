import { join } from 'node:path';
import { loadConfig, type LoadedConfig, type ServiceConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { archiveCommand } from '../engines/backup/pgbackrest/conf.ts';
import { withSession, type PgSession } from '../engines/postgres/client.ts';
import type { PostgresTarget } from '../engines/postgres-target.ts';
import { resolvePostgres } from '../runtime/product.ts';
import type { CommandContext } from './context.ts';
import { findingText } from './doctor.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import type { Finding } from './monitoring/finding.ts';
import type { Register } from './options.ts';
import { judgeServer, setupText, type ServerAnswers, type ServerWishes } from './postgres/checks.ts';

export const registerPostgres: Register = (program, run) => {
  program
    .command('postgres [service]')
    .description(
      'Check that the PostgreSQL server of a service is set up as its backups, heartbeat and drills need it; --setup prints the statements',
    )
    .option('--setup', 'print what its administrator has to run, and check nothing')
    .action(
      run((context, command) =>
        examine(context, command.args[0] ?? null, command.opts<{ setup?: boolean }>().setup === true),
      ),
    );
};

async function examine(context: CommandContext, named: string | null, setup: boolean): Promise<Outcome<ExitCode>> {
  const { deps, place } = context;
  const loaded = loadConfig(place.configPath, deps.env, { home: place.home });
  if (!loaded.ok) return loaded;
  const services = loaded.value.config.services.filter(
    ({ name, postgres }) => postgres !== null && (named === null || name === named),
  );
  if (services.length === 0)
    return named === null
      ? fail('not_found', 'no service has a section postgres')
      : fail('service_unknown', `${named} is no service with a section postgres`);
  const found = services.map((service) => ({ service, wishes: wishesOf(service, place.home) }));
  if (setup) {
    const texts = found.map(({ service, wishes }) => `-- ${service.name}\n${setupText(wishes)}`);
    context.emit(
      found.map(({ service, wishes }) => ({ service: service.name, sql: setupText(wishes) })),
      () => texts.join('\n'),
    );
    return ok(exitCodes.done);
  }
  const reports: { service: string; findings: readonly Finding[] }[] = [];
  for (const { service, wishes } of found)
    reports.push({ service: service.name, findings: await findingsOf(loaded.value, service, wishes) });
  context.emit(reports, () =>
    reports.map(({ service, findings }) => `${service}\n${findings.map(findingText).join('')}`).join('\n'),
  );
  const isWell = reports.every(({ findings }) => findings.every(({ result }) => result === 'ok' || result === 'warn'));
  return ok(isWell ? exitCodes.done : exitCodes.failed);
}

function wishesOf({ name, backup, postgres }: ServiceConfig, home: string): ServerWishes {
  const { stanza, program } = backup.pgbackrest;
  return {
    engine: backup.engine,
    data: postgres?.data ?? null,
    archiveCommand:
      backup.engine === 'pgbackrest' ? archiveCommand(join(home, 'engines', name), stanza ?? name, program) : null,
    heartbeatSchema: postgres?.heartbeat.enabled === true ? postgres.heartbeat.schema : null,
    role: postgres?.user ?? '',
  };
}

async function findingsOf(
  { resolveSecret }: LoadedConfig,
  { postgres }: ServiceConfig,
  wishes: ServerWishes,
): Promise<readonly Finding[]> {
  if (postgres === null) return [];
  const target = resolvePostgres(postgres, resolveSecret);
  const answers = target.ok ? await ask(target.value, wishes) : target;
  if (answers.ok) return judgeServer(answers.value, wishes);
  const { message: said, hint: mend } = answers.error;
  return [{ id: 'connection', title: 'the server answers', result: 'fail', said, mend }];
}

const names = ['data_directory', 'archive_mode', 'archive_command', 'archive_timeout', 'data_checksums'] as const;

function ask(target: PostgresTarget, { heartbeatSchema }: ServerWishes): Promise<Outcome<ServerAnswers>> {
  const options = {
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    signal: new AbortController().signal,
    applicationName: 'genesis postgres',
  };
  return withSession(target, options, async (session) => {
    const settings = await session.query<{ name: string; value: string | null }>(
      'SELECT name, current_setting(name, true) AS value FROM pg_settings WHERE name = ANY($1)',
      [names],
    );
    if (!settings.ok) return settings;
    const shown = new Map(settings.value.map(({ name, value }) => [name, value]));
    const facts = await session.query<Record<'standby' | 'super' | 'monitor', boolean> & { version: string }>(
      `SELECT pg_is_in_recovery() AS standby, current_setting('server_version') AS version,
              current_setting('is_superuser') = 'on' AS super, pg_has_role('pg_monitor', 'MEMBER') AS monitor`,
    );
    if (!facts.ok) return facts;
    const [row] = facts.value;
    if (row === undefined) return fail('postgres_failed', 'the server answered without a row');
    const mayBeat = await maySchema(session, heartbeatSchema);
    if (!mayBeat.ok) return mayBeat;
    return ok({
      version: row.version,
      isStandby: row.standby,
      settings: Object.fromEntries(names.map((name) => [name, shown.get(name) ?? null])),
      isSuperuser: row.super,
      isMonitor: row.monitor,
      mayBeat: mayBeat.value,
      hasChecksums: shown.get('data_checksums') === 'on',
    });
  });
}

async function maySchema(session: PgSession, schema: string | null): Promise<Outcome<boolean>> {
  if (schema === null) return ok(true);
  const found = await session.query<{ may: boolean | null }>(
    `SELECT CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)
                 THEN has_schema_privilege($1, 'CREATE') OR
                      coalesce(has_table_privilege(to_regclass(quote_ident($1) || '.heartbeat'), 'INSERT, UPDATE'), false)
                 ELSE has_database_privilege(current_database(), 'CREATE') END AS may`,
    [schema],
  );
  return found.ok ? ok(found.value[0]?.may === true) : found;
}
