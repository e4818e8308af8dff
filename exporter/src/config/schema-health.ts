import { z } from 'zod';
import { checkKinds } from '../contract/health.ts';
import { absolutePath, SecretRef } from './secret-ref.ts';
import { duration, size } from './units.ts';

// Health checks of a service (F1).

const name = z.string().regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1-63 of a-z, 0-9, - and _, beginning and ending with a letter or digit',
});
const port = z.int().min(1).max(65_535);

const Http = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^@\s]+$/, { error: 'must be an http(s) address without user and password' })
    .describe('Address that is asked with GET.'),
  status: z.array(z.int().min(100).max(599)).min(1).default([200]).describe('Status codes that are healthy.'),
  contains: z.string().min(1).nullable().default(null).describe('Text that the body has to hold; null: any.'),
  token: SecretRef.nullable().default(null).describe('Sent as `Authorization: Bearer`: env:NAME or file:/path.'),
  ca_file: absolutePath.nullable().default(null).describe('PEM file of the authority; null: the system’s.'),
  version_field: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Key of a JSON answer that holds the version, shown with the check; null: none.'),
});

const Tcp = z.strictObject({
  host: z.string().min(1).describe('Host name or address.'),
  port: port.describe('Port that has to accept a connection.'),
});

const Redis = z.strictObject({
  host: z.string().min(1).default('localhost').describe('Host name, address, or the absolute path of its socket.'),
  port: port.default(6379).describe('Port.'),
  db: z.int().min(0).max(1000).default(0).describe('Number of the database.'),
  password: SecretRef.nullable().default(null).describe('Password: env:NAME or file:/path; null: none.'),
  tls: z.boolean().default(false).describe('Connect with TLS.'),
});

const Process = z.strictObject({
  pid_file: absolutePath.nullable().default(null).describe('File whose first line is the process id.'),
  command: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Name of the program as the kernel shows it; at least one process has to run it.'),
  max_rss: size().nullable().default(null).describe('Resident memory above this is degraded; null: any.'),
});

const Disk = z.strictObject({
  path: absolutePath.describe('A path on the file system.'),
  min_free: z.number().min(0).max(1).default(0.1).describe('Share that has to be free; below it is unhealthy.'),
  warn_free: z.number().min(0).max(1).default(0.2).describe('Share below which it is degraded.'),
  write: z.boolean().default(false).describe('Also write and read back a small file there.'),
});

const HealthCheck = z.strictObject({
  name: name.describe('Name of the check: the label `check` of its metrics.'),
  kind: z.enum(checkKinds).describe('What is checked; the section of the same name says where.'),
  critical: z.boolean().default(true).describe('Its failure makes the service unhealthy; else only degraded.'),
  interval: duration().nullable().default(null).describe('Time between two probes; null: health.interval.'),
  timeout: duration().nullable().default(null).describe('A probe that takes longer failed; null: health.timeout.'),
  slow: duration().nullable().default(null).describe('A slower answer is degraded; null: any within the timeout.'),
  http: Http.nullable().default(null).describe('Of the kind http.'),
  tcp: Tcp.nullable().default(null).describe('Of the kind tcp.'),
  redis: Redis.nullable().default(null).describe('Of the kind redis.'),
  process: Process.nullable().default(null).describe('Of the kind process.'),
  disk: Disk.nullable().default(null).describe('Of the kind disk.'),
});
export type HealthCheckConfig = z.output<typeof HealthCheck>;

export const Health = z
  .strictObject({
    interval: duration().default(30).describe('Time between two probes of a check.'),
    timeout: duration().default(10).describe('A probe that takes longer failed.'),
    failures: z.int().min(1).default(3).describe('Failed probes in a row after which a check is unhealthy.'),
    successes: z.int().min(1).default(2).describe('Good probes in a row after which it is healthy again.'),
    checks: z
      .array(HealthCheck)
      .default([])
      .describe('What is probed. The kind postgres asks the server of the section postgres.'),
  })
  .prefault({})
  .describe('Probes that say whether the service itself is well.');
export type HealthConfig = z.output<typeof Health>;
