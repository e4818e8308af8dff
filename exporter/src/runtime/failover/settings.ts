import { ok, type Outcome } from '../../contract/errors.ts';
import type { FailoverPolicy } from '../../contract/failover.ts';
import type { FailoverConfig, FailoverNodeConfig } from '../../config/schema-failover.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import type { FailoverCluster, FailoverNode } from '../../engines/failover/port.ts';
import type { PostgresTarget } from '../../engines/postgres-target.ts';

/** What the file says about failover, as engines and decisions are given it. */

type Resolve = (ref: string) => Outcome<string>;

export function policyOf(failover: FailoverConfig): FailoverPolicy {
  const { thresholds, regions } = failover;
  return {
    strategy: failover.strategy,
    mode: failover.mode,
    failuresInRow: thresholds.consecutive_failures,
    errorRatio: thresholds.error_rate,
    responseSeconds: thresholds.response_time,
    successesInRow: thresholds.consecutive_successes,
    windowSeconds: thresholds.window,
    cooldownSeconds: failover.cooldown,
    maxPerHour: failover.max_per_hour,
    maxLossBytes: failover.max_loss.bytes,
    maxLossSeconds: failover.max_loss.time,
    preferredRegions: regions.preferred,
    allowedRegions: regions.allowed,
    fenceSecondWriter: failover.second_writer === 'fence',
    minServing: failover.min_serving,
    managed: failover.engine === 'patroni',
  };
}

/** Errors: `key_missing`, `config_insecure` of a secret that cannot be read. */
export function clusterOf(
  service: ServiceConfig,
  failover: FailoverConfig,
  postgres: PostgresTarget | null,
  resolve: Resolve,
): Outcome<FailoverCluster> {
  const nodes: FailoverNode[] = [];
  for (const node of failover.nodes) {
    const secret = node.webhook === null ? null : resolve(node.webhook.secret);
    if (secret !== null && !secret.ok) return secret;
    nodes.push(nodeOf(service, node, postgres, secret === null ? null : secret.value));
  }
  const replication = pairOf(failover.replication, resolve);
  if (!replication.ok) return replication;
  const patroni = pairOf(failover.patroni, resolve);
  if (!patroni.ok) return patroni;
  return ok({
    service: service.name,
    nodes,
    bin: postgres?.bin ?? null,
    runAs: postgres?.runAs ?? null,
    replication: replication.value,
    patroni: patroni.value === null ? null : { user: patroni.value.user, password: patroni.value.password ?? '' },
    caFile: failover.ca_file,
    timeoutSeconds: failover.command_timeout,
    probeTimeoutSeconds: failover.timeout,
  });
}

function pairOf(
  pair: { readonly user: string; readonly password: string | null } | null,
  resolve: Resolve,
): Outcome<{ readonly user: string; readonly password: string | null } | null> {
  if (pair === null) return ok(null);
  if (pair.password === null) return ok({ user: pair.user, password: null });
  const password = resolve(pair.password);
  return password.ok ? ok({ user: pair.user, password: password.value }) : password;
}

function nodeOf(
  service: ServiceConfig,
  node: FailoverNodeConfig,
  postgres: PostgresTarget | null,
  secret: string | null,
): FailoverNode {
  const { commands } = node;
  return {
    name: node.name,
    region: node.region ?? service.region,
    priority: node.priority,
    candidate: node.candidate,
    server:
      node.host === null || postgres === null
        ? null
        : {
            host: node.host,
            port: node.port,
            user: postgres.user,
            password: postgres.password,
            database: postgres.database,
            tlsCa: postgres.tlsCa,
          },
    data: node.data,
    url: node.url,
    commands: {
      stop: commands.stop,
      start: commands.start,
      confirmDown: commands.confirm_down,
      promote: commands.promote,
      demote: commands.demote,
      drain: commands.drain,
      admit: commands.admit,
    },
    webhook: node.webhook === null || secret === null ? null : { url: node.webhook.url, secret },
  };
}

/** The load balancer knows the nodes by names of its own. */
export function balancerNames(failover: FailoverConfig): ReadonlyMap<string, string> {
  return new Map(failover.nodes.map((node) => [node.name, node.server ?? node.name]));
}
