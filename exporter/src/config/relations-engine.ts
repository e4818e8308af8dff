import type { Found } from './relations.ts';
import type { ServiceConfig } from './schema.ts';
import type { HealthCheckConfig } from './schema-health.ts';
import type { RemoteConfig } from './schema-postgres.ts';

// What the engine of a service needs, and what of the file it cannot use.

const ofDatabases = new Set(['pgbackrest', 'pg_dump']);
const withRemote: Readonly<Record<string, readonly (keyof RemoteConfig)[]>> = {
  pgbackrest: ['s3', 'azure', 'gcs'],
  restic: ['s3', 'azure', 'gcs', 'sftp', 'rest'],
};

export function* checkEngine(service: ServiceConfig, index: number): Generator<Found> {
  yield* checkDatabase(service, index);
  yield* checkRemote(service, service.backup.remote, ['services', index, 'backup', 'remote']);
  for (const [at, copy] of service.copies.entries())
    yield* checkRemote(service, copy.remote, ['services', index, 'copies', at, 'remote']);
  if (service.backup.schedules.differential !== null && service.backup.engine !== 'pgbackrest') {
    yield {
      severity: 'fault',
      path: ['services', index, 'backup', 'schedules', 'differential'],
      message: `is set, but the engine ${service.backup.engine} makes no differential backups`,
      mend: 'take it out, or use the engine pgbackrest',
    };
  }
  if (service.backup.engine === 'restic' && service.backup.encryption === null) {
    yield {
      severity: 'fault',
      path: ['services', index, 'backup', 'encryption'],
      message: 'is missing: a restic repository is always encrypted',
      mend: 'name a passphrase: backup.encryption.key: env:NAME or file:/path',
    };
  }
  yield* checkLikeness(service, index);
  for (const [at, check] of service.health.checks.entries()) yield* checkHealth(service, check, index, at);
}

function* checkLikeness({ postgres, quality }: ServiceConfig, index: number): Generator<Found> {
  const level = postgres?.drill.level ?? 0;
  if (level === 5 && !quality.enabled) {
    yield {
      severity: 'fault',
      path: ['services', index, 'postgres', 'drill', 'level'],
      value: level,
      message: 'is 5, but quality.enabled is false: no drill could pass',
      mend: 'set quality.enabled: true, or level: 4',
    };
  }
  if (quality.enabled && level < 5) {
    yield {
      severity: 'warning',
      path: ['services', index, 'quality', 'enabled'],
      message: 'is true, but drills end before level 5: data is compared only when somebody asks for it',
      mend: 'set postgres.drill.level: 5',
    };
  }
}

function* checkDatabase(service: ServiceConfig, index: number): Generator<Found> {
  const { engine, components } = service.backup;
  if (!ofDatabases.has(engine)) return;
  if (service.postgres === null) {
    yield {
      severity: 'fault',
      path: ['services', index, 'postgres'],
      message: `is missing: the engine ${engine} backs up the server that this section names`,
      mend: 'add postgres: with host, port and user (and data for pgbackrest)',
    };
    return;
  }
  if (engine === 'pgbackrest' && service.postgres.data === null) {
    yield {
      severity: 'fault',
      path: ['services', index, 'postgres', 'data'],
      message: 'is missing: pgbackrest copies the files of the cluster and has to be told where they are',
      mend: 'set postgres.data to PGDATA, as SHOW data_directory says',
    };
  }
  if (Object.keys(components).length > 0) {
    yield {
      severity: 'fault',
      path: ['services', index, 'backup', 'components'],
      message: `is set, but the engine ${engine} backs up the database, not paths`,
      mend: 'put the paths into a service of their own with the engine archive or restic',
    };
  }
}

function* checkRemote(
  { backup }: ServiceConfig,
  remote: RemoteConfig | null,
  path: readonly (string | number)[],
): Generator<Found> {
  if (remote === null) return;
  const set = (Object.keys(remote) as (keyof RemoteConfig)[]).filter((kind) => remote[kind] !== null);
  const allowed = withRemote[backup.engine] ?? [];
  if (set.length !== 1) {
    yield {
      severity: 'fault',
      path: [...path],
      message: set.length === 0 ? 'names no store' : `names ${set.join(' and ')}: a repository has one place`,
      mend: 'set exactly one of s3, azure, gcs, sftp, rest',
    };
  }
  const [kind] = set;
  if (kind !== undefined && !allowed.includes(kind)) {
    yield {
      severity: 'fault',
      path: [...path, kind],
      message: `cannot be used by the engine ${backup.engine}`,
      mend: allowed.length === 0 ? 'use a folder, or the engine pgbackrest or restic' : `use ${allowed.join(', ')}`,
    };
  }
}

function* checkHealth(service: ServiceConfig, check: HealthCheckConfig, index: number, at: number): Generator<Found> {
  const path = ['services', index, 'health', 'checks', at];
  const first = service.health.checks.findIndex(({ name }) => name === check.name);
  if (first !== at) {
    yield {
      severity: 'fault',
      path: [...path, 'name'],
      value: check.name,
      message: `the check "${check.name}" is already checks[${first}] of this service`,
      mend: 'give each check its own name',
    };
  }
  const isThere = check.kind === 'postgres' ? service.postgres !== null : check[check.kind] !== null;
  if (!isThere) {
    yield {
      severity: 'fault',
      path: check.kind === 'postgres' ? ['services', index, 'postgres'] : [...path, check.kind],
      message: `is missing: the check "${check.name}" is of the kind ${check.kind}`,
      mend: check.kind === 'postgres' ? 'add the section postgres' : `add ${check.kind}: to the check`,
    };
  }
  const { process: program } = check;
  if (check.kind === 'process' && program !== null && (program.pid_file === null) === (program.command === null)) {
    yield {
      severity: 'fault',
      path: [...path, 'process'],
      message: 'needs either pid_file or command',
      mend: 'name the file with the process id, or the name of the program',
    };
  }
}
