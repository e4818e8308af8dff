import { z } from 'zod';
import { absolutePath, SecretRef } from './secret-ref.ts';
import { duration, size } from './units.ts';

// A PostgreSQL server, its standbys, and what a drill of it has to prove.

const port = z.int().min(1).max(65_535).default(5432).describe('Port of the server.');
const host = z
  .string()
  .min(1)
  .max(255)
  .default('/var/run/postgresql')
  .describe('Host name, address, or the absolute folder of its socket.');
const user = z.string().min(1).max(63).default('genesis').describe('Role to log in as.');
const password = SecretRef.nullable()
  .default(null)
  .describe('Its password: env:NAME or file:/path. null: none is sent.');
const tlsCa = absolutePath
  .nullable()
  .default(null)
  .describe('PEM file of the authority that signed the server’s certificate: TLS is used and verified. null: no TLS.');

const identifier = z.string().min(1).max(63);
const qualifiedName = z.string().regex(/^[^.]{1,63}\.[^.]{1,63}$/, { error: 'must be schema.table' });

const Standby = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
      error: 'must be 1-63 of a-z, 0-9, - and _, beginning and ending with a letter or digit',
    })
    .describe('Name of the standby: its application_name, and the label `replica` of its metrics.'),
  host,
  port,
});

const Heartbeat = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Write a row on the primary, so that the lag stays true when the link is cut or the database is idle.'),
    interval: duration().default(5).describe('Time between two heartbeats.'),
    schema: identifier.default('genesis').describe('Schema of the table `heartbeat`; made when it is missing.'),
  })
  .prefault({})
  .describe('The row that tells how old a standby or a restored copy is.');

const Assertion = z.strictObject({
  name: identifier.describe('What it shows, for the evidence.'),
  database: identifier.nullable().default(null).describe('Database it runs in; null: postgres.database.'),
  sql: z.string().min(1).max(10_000).describe('One SELECT whose single row begins with true when it holds.'),
});

export const PostgresDrill = z
  .strictObject({
    level: z
      .int()
      .min(1)
      .max(5)
      .default(4)
      .describe(
        'Highest level that has to pass: 1 files and checksums, 2 starts and recovers, 3 pages and indexes, 4 data there and fresh, 5 like its source.',
      ),
    tables: z
      .array(
        z.strictObject({
          name: qualifiedName.describe('schema.table that has to be there.'),
          min_rows: z.int().min(0).default(1).describe('Fewest rows.'),
        }),
      )
      .default([])
      .describe('Tables that a restored copy must have.'),
    assertions: z.array(Assertion).default([]).describe('Statements that must be true in a restored copy.'),
    canary: z
      .strictObject({
        database: identifier.nullable().default(null).describe('Its database; null: postgres.database.'),
        table: qualifiedName.describe('schema.table that is written to all the time.'),
        column: identifier.describe('Its timestamptz column.'),
      })
      .nullable()
      .default(null)
      .describe('Where the newest row tells how old restored data is. null: the heartbeat of Genesis.'),
    max_age: duration()
      .nullable()
      .default(null)
      .describe('Oldest that the newest row may be when the newest state was restored; null: rpo_sla of the service.'),
    statement_timeout: duration().default(300).describe('Each check statement is ended after this.'),
    allowed_libraries: z
      .array(identifier)
      .default(['pg_stat_statements'])
      .describe('shared_preload_libraries that the throwaway server may load; others could reach out.'),
    min_free: size()
      .default(2 ** 30)
      .describe('Space that must stay free on the disk of the drill; else it is not begun.'),
    variety: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .describe('Share of drills that take an older backup or a random second instead of the newest state.'),
  })
  .prefault({})
  .describe('What a restore drill of this database has to prove.');

export const Postgres = z.strictObject({
  host,
  port,
  user,
  password,
  database: identifier.default('postgres').describe('Database to connect to for what belongs to no other.'),
  tls_ca: tlsCa,
  data: absolutePath
    .nullable()
    .default(null)
    .describe('PGDATA of the server on this machine: physical backups and restores in place need it. null: elsewhere.'),
  bin: absolutePath
    .nullable()
    .default(null)
    .describe('Folder of postgres, pg_dump and pg_amcheck. null: looked for on the PATH and in /usr/lib/postgresql.'),
  run_as: identifier
    .default('postgres')
    .describe('Unix user of the programs of PostgreSQL where Genesis itself runs as root; they refuse root.'),
  standbys: z.array(Standby).default([]).describe('Streaming standbys that are watched; same role and password.'),
  heartbeat: Heartbeat,
  lag_degraded: duration().default(10).describe('A standby that is further behind is degraded.'),
  statistics: z
    .boolean()
    .default(true)
    .describe('Read connections, locks, sizes and the slowest queries for metrics and pages.'),
  drill: PostgresDrill,
});
export type PostgresConfig = z.output<typeof Postgres>;

/** Exactly one of them is set. */
export const Remote = z.strictObject({
  s3: z
    .strictObject({
      bucket: z.string().min(1).describe('Name of the bucket.'),
      endpoint: z.string().min(1).describe('Host, with its port where it is not 443.'),
      region: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
      access_key: SecretRef.describe('Access key: env:NAME or file:/path.'),
      secret_key: SecretRef.describe('Secret key: env:NAME or file:/path.'),
      uri_style: z.enum(['host', 'path']).default('host').describe('Where the bucket stands in the address.'),
      verify_tls: z.boolean().default(true).describe('Check the certificate of the server.'),
      ca_file: absolutePath.nullable().default(null).describe('PEM file of its authority; null: the system’s.'),
    })
    .nullable()
    .default(null)
    .describe('S3, or a store that speaks it.'),
  azure: z
    .strictObject({
      container: z.string().min(1).describe('Name of the container.'),
      account: z.string().min(1).describe('Storage account.'),
      key: SecretRef.describe('Shared key: env:NAME or file:/path.'),
      endpoint: z.string().min(1).nullable().default(null).describe('Host, with its port; null: Azure’s own.'),
      uri_style: z.enum(['host', 'path']).default('host').describe('Where the account stands in the address.'),
      verify_tls: z.boolean().default(true).describe('Check the certificate of the server.'),
      ca_file: absolutePath.nullable().default(null).describe('PEM file of its authority; null: the system’s.'),
    })
    .nullable()
    .default(null)
    .describe('Azure Blob Storage.'),
  gcs: z
    .strictObject({
      bucket: z.string().min(1).describe('Name of the bucket.'),
      key_file: absolutePath.describe('Service account key, JSON.'),
    })
    .nullable()
    .default(null)
    .describe('Google Cloud Storage.'),
  sftp: z
    .strictObject({
      host: z.string().min(1).describe('Host name.'),
      user: z.string().min(1).nullable().default(null).describe('User there; null: as ssh decides.'),
      port: z.int().min(1).max(65_535).default(22).describe('Port of ssh.'),
    })
    .nullable()
    .default(null)
    .describe('A server reached by ssh; engine restic only.'),
  rest: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/[^@\s]+$/, { error: 'must be an http(s) address without user and password' })
        .describe('Address of a restic REST server.'),
    })
    .nullable()
    .default(null)
    .describe('A restic REST server; engine restic only.'),
});
export type RemoteConfig = z.output<typeof Remote>;
