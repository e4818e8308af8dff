import type { ServiceConfig } from '../config/schema.ts';
import type { HealthCheckConfig } from '../config/schema-health.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { CheckTarget, ProbeLimits } from '../engines/health/port.ts';
import type { PostgresServer } from '../engines/postgres-target.ts';
import type { HttpFetch } from '../ports/index.ts';
import { fetchAs } from './outbound.ts';

export interface TargetDeps {
  readonly fetch: HttpFetch;
  resolveSecret(ref: string): Outcome<string>;
}

export function limitsOf(service: ServiceConfig, check: HealthCheckConfig): ProbeLimits {
  return {
    timeoutMs: (check.timeout ?? service.health.timeout) * 1000,
    slowMs: check.slow === null ? null : check.slow * 1000,
  };
}

export function intervalMsOf(service: ServiceConfig, check: HealthCheckConfig): number {
  return (check.interval ?? service.health.interval) * 1000;
}

/** What a check of the configuration probes. Secrets are read anew each time. Errors: `config_invalid`, those of secrets. */
export function checkTarget(service: ServiceConfig, check: HealthCheckConfig, deps: TargetDeps): Outcome<CheckTarget> {
  switch (check.kind) {
    case 'postgres':
      return postgresCheck(service, deps);
    case 'redis':
      return check.redis === null ? noSection(check) : redisCheck(check.redis, deps);
    case 'http':
      return check.http === null ? noSection(check) : ok(httpCheck(check.http, deps));
    case 'tcp':
      return check.tcp === null ? noSection(check) : ok({ kind: 'tcp', ...check.tcp });
    case 'process':
      return check.process === null ? noSection(check) : ok(processCheck(check.process));
    case 'disk':
      return check.disk === null ? noSection(check) : ok(diskCheck(service, check, check.disk));
  }
}

/** The configuration is checked for it; a faulty one must still not look healthy. */
function noSection({ name, kind }: HealthCheckConfig): Outcome<never> {
  return fail('config_invalid', `the check ${name} has no section ${kind}`);
}

type Section<K extends 'http' | 'redis' | 'process' | 'disk'> = NonNullable<HealthCheckConfig[K]>;

function secretOf(ref: string | null, deps: TargetDeps): Outcome<string | null> {
  return ref === null ? ok(null) : deps.resolveSecret(ref);
}

function postgresCheck({ name, postgres }: ServiceConfig, deps: TargetDeps): Outcome<CheckTarget> {
  if (postgres === null) return fail('config_invalid', `the service ${name} has no section postgres`);
  const password = secretOf(postgres.password, deps);
  if (!password.ok) return password;
  const { host, port, user, database, tls_ca: tlsCa } = postgres;
  const server: PostgresServer = { host, port, user, database, tlsCa, password: password.value };
  return ok({ kind: 'postgres', server, lagDegradedSeconds: postgres.lag_degraded });
}

function redisCheck(section: Section<'redis'>, deps: TargetDeps): Outcome<CheckTarget> {
  const password = secretOf(section.password, deps);
  return password.ok ? ok({ kind: 'redis', ...section, password: password.value }) : password;
}

function httpCheck(section: Section<'http'>, deps: TargetDeps): CheckTarget {
  return {
    kind: 'http',
    url: section.url,
    fetch: fetchAs(() => section, deps.fetch, deps.resolveSecret),
    status: section.status,
    contains: section.contains,
    versionField: section.version_field,
  };
}

function processCheck(section: Section<'process'>): CheckTarget {
  return { kind: 'process', pidFile: section.pid_file, command: section.command, maxRssBytes: section.max_rss };
}

function diskCheck({ name }: ServiceConfig, check: HealthCheckConfig, section: Section<'disk'>): CheckTarget {
  return {
    kind: 'disk',
    path: section.path,
    minFree: section.min_free,
    warnFree: section.warn_free,
    writeAs: section.write ? `${name}/${check.name}` : null,
  };
}
