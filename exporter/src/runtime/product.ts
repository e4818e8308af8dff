import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { PostgresConfig, RemoteConfig } from '../config/schema-postgres.ts';
import type { ProductRef, ProofSettings, RemoteStore, RepositoryPlace } from '../engines/backup/product.ts';
import type { PostgresTarget, UnixUser } from '../engines/postgres-target.ts';
import type { Home } from './home.ts';

/** What engines that drive a product are given: the service as the file says it, with secrets and users resolved. */

type Resolve = (ref: string) => Outcome<string>;

/** The account of a name. Errors: `config_invalid`. Looked up in /etc/passwd: Node has no other way to ask. */
export function unixUser(name: string, passwd = readFileSync('/etc/passwd', 'utf8')): Outcome<UnixUser> {
  const line = passwd.split('\n').find((row) => row.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    return fail('config_invalid', `there is no Unix user ${name}: name another one in postgres.run_as`);
  return ok({ uid: Number(uid), gid: Number(gid) });
}

/** Null, or the text of the secret. */
function optional(resolve: Resolve, ref: string | null): Outcome<string | null> {
  return ref === null ? ok(null) : resolve(ref);
}

export function resolvePostgres(postgres: PostgresConfig, resolve: Resolve): Outcome<PostgresTarget> {
  const password = optional(resolve, postgres.password);
  if (!password.ok) return password;
  const user = process.getuid?.() === 0 ? unixUser(postgres.run_as) : ok(null);
  if (!user.ok) return user;
  const shared = {
    user: postgres.user,
    password: password.value,
    database: postgres.database,
    tlsCa: postgres.tls_ca,
  };
  return ok({
    ...shared,
    host: postgres.host,
    port: postgres.port,
    data: postgres.data,
    bin: postgres.bin,
    runAs: user.value,
    standbys: postgres.standbys.map(({ name, host, port }) => ({ ...shared, name, host, port })),
  });
}

function resolveRemote(remote: RemoteConfig | null, resolve: Resolve): Outcome<RemoteStore | null> {
  if (remote === null) return ok(null);
  if (remote.s3 !== null) {
    const { access_key, secret_key, uri_style, verify_tls, ca_file, ...rest } = remote.s3;
    const accessKey = resolve(access_key);
    if (!accessKey.ok) return accessKey;
    const secretKey = resolve(secret_key);
    if (!secretKey.ok) return secretKey;
    return ok({
      type: 's3',
      ...rest,
      accessKey: accessKey.value,
      secretKey: secretKey.value,
      uriStyle: uri_style,
      verifyTls: verify_tls,
      caFile: ca_file,
    });
  }
  if (remote.azure !== null) {
    const { key, uri_style, verify_tls, ca_file, ...rest } = remote.azure;
    const text = resolve(key);
    if (!text.ok) return text;
    return ok({
      type: 'azure',
      ...rest,
      key: text.value,
      uriStyle: uri_style,
      verifyTls: verify_tls,
      caFile: ca_file,
    });
  }
  if (remote.gcs !== null) return ok({ type: 'gcs', bucket: remote.gcs.bucket, keyFile: remote.gcs.key_file });
  if (remote.sftp !== null) return ok({ type: 'sftp', ...remote.sftp });
  if (remote.rest !== null) return ok({ type: 'rest', url: remote.rest.url });
  return ok(null);
}

function proofSettings(service: ServiceConfig, postgres: PostgresConfig): ProofSettings {
  const { drill } = postgres;
  return {
    level: drill.level as ProofSettings['level'],
    tables: drill.tables.map((t) => ({ name: t.name, minRows: t.min_rows })),
    assertions: drill.assertions,
    canary:
      drill.canary ??
      (postgres.heartbeat.enabled
        ? { database: null, table: `${postgres.heartbeat.schema}.heartbeat`, column: 'at' }
        : null),
    maxAgeSeconds: drill.max_age ?? service.objectives.rpo_sla,
    statementTimeoutSeconds: drill.statement_timeout,
    allowedLibraries: drill.allowed_libraries,
    minFreeBytes: drill.min_free,
    variety: drill.variety,
  };
}

export interface ServicePlaces {
  /** Of the repository and then of each copy. */
  readonly places: readonly RepositoryPlace[];
  at(index: number): ProductRef;
}

/** Errors: those of secrets, `config_invalid`. */
export function resolveProduct(
  service: ServiceConfig,
  repositoryFolder: string,
  passphrase: string | null,
  home: Home,
  resolve: Resolve,
): Outcome<ServicePlaces> {
  const places: RepositoryPlace[] = [];
  const wanted = [{ name: 'repository', path: repositoryFolder, remote: service.backup.remote }, ...service.copies];
  for (const { name, path, remote } of wanted) {
    const store = resolveRemote(remote, resolve);
    if (!store.ok) return store;
    places.push({ name, path, remote: store.value, passphrase });
  }
  const postgres = service.postgres === null ? ok(null) : resolvePostgres(service.postgres, resolve);
  if (!postgres.ok) return postgres;
  const { engine, pgbackrest, pg_dump: pgDump, restic, retention } = service.backup;
  const ref: Omit<ProductRef, 'index'> = {
    service: service.name,
    places,
    folder: join(home.path, 'engines', service.name),
    postgres: postgres.value,
    pgbackrest:
      engine === 'pgbackrest'
        ? {
            stanza: pgbackrest.stanza ?? service.name,
            processMax: pgbackrest.process_max,
            archiveTimeoutSeconds: pgbackrest.archive_timeout,
            ioTimeoutSeconds: pgbackrest.io_timeout,
            startFast: pgbackrest.start_fast,
            program: pgbackrest.program,
          }
        : null,
    pgDump: engine === 'pg_dump' ? { format: pgDump.format, jobs: pgDump.jobs, databases: pgDump.databases } : null,
    restic:
      engine === 'restic'
        ? { program: restic.program, readDataSubset: restic.read_data_subset, host: restic.host ?? service.name }
        : null,
    retention: {
      fullCount: retention.full_count,
      fullDays: retention.full_days,
      incrementalDays: retention.incremental_days,
    },
    drill: service.postgres === null ? null : proofSettings(service, service.postgres),
  };
  return ok({ places, at: (index) => ({ ...ref, index }) });
}
