import { z } from 'zod';
import type { FailoverNode } from '../port.ts';

/** What Patroni says about itself. Read with Patroni 3.0.2; names that later versions changed are understood, too. Pure. */

const Count = z.number().nullish();
const Flag = z.boolean().nullish();

const Status = z.object({
  state: z.string(),
  role: z.string().nullish(),
  timeline: Count,
  server_version: Count,
  xlog: z
    .object({ location: Count, received_location: Count, replayed_location: Count, paused: Flag })
    .partial()
    .nullish(),
  replication: z
    .array(
      z.object({
        application_name: z.string().nullish(),
        state: z.string().nullish(),
        sync_state: z.string().nullish(),
      }),
    )
    .nullish(),
  cluster_unlocked: Flag,
  pause: Flag,
  pending_restart: Flag,
  watchdog_failed: Flag,
  failsafe_mode_is_active: Flag,
  /** Unix seconds by the node's own clock; 0: never. */
  dcs_last_seen: Count,
  database_system_identifier: z.string().nullish(),
  patroni: z.object({ version: z.string(), scope: z.string() }),
});

/** GET /patroni. It answers 200 also when PostgreSQL is down. */
export type PatroniStatus = z.infer<typeof Status>;

export function parseStatus(json: unknown): PatroniStatus | null {
  return Status.safeParse(json).data ?? null;
}

/** PostgreSQL runs and takes connections. Later versions call a running replica `streaming` or `in archive recovery`. */
export function isRunning(state: string): boolean {
  return state === 'running' || state === 'streaming' || state === 'in archive recovery';
}

export function isPrimaryRole(role: string | null | undefined): boolean {
  return role === 'master' || role === 'primary';
}

const Member = z.object({
  name: z.string(),
  role: z.string(),
  state: z.string(),
  api_url: z.string().nullish(),
  host: z.string().nullish(),
  port: Count,
  timeline: Count,
  /** Bytes, as it was at most `loop_wait` ago. */
  lag: z.union([z.number(), z.string()]).nullish(),
  pending_restart: Flag,
});
export type PatroniMember = z.infer<typeof Member>;

const Cluster = z.object({
  members: z.array(Member),
  pause: Flag,
  scheduled_switchover: z.object({ at: z.string(), from: z.string().nullish(), to: z.string().nullish() }).nullish(),
});
export type PatroniView = z.infer<typeof Cluster>;

export function parseCluster(json: unknown): PatroniView | null {
  return Cluster.safeParse(json).data ?? null;
}

/** Who holds the leader key; null: nobody does. The leader of a standby cluster takes no writes and is one all the same. */
export function leaderOf(view: PatroniView): PatroniMember | null {
  return view.members.find(({ role }) => role === 'leader' || role === 'standby_leader') ?? null;
}

/** Patroni's member for a configured node: by its name, else by the address of its REST API, else by that of its server. */
export function memberOf(node: FailoverNode, view: PatroniView): PatroniMember | null {
  const rest = node.url === null ? null : originOf(node.url);
  return (
    view.members.find(({ name }) => name === node.name) ??
    view.members.find(({ api_url: url }) => rest !== null && originOf(url ?? '') === rest) ??
    view.members.find(
      ({ host, port }) => node.server !== null && host === node.server.host && port === node.server.port,
    ) ??
    null
  );
}

/** The configured node for a member of that name. */
export function nodeOf(name: string, nodes: readonly FailoverNode[], view: PatroniView): FailoverNode | null {
  return nodes.find((node) => memberOf(node, view)?.name === name) ?? null;
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

const seconds = z.coerce.number().nullish();
const Settings = z.object({
  ttl: seconds,
  loop_wait: seconds,
  retry_timeout: seconds,
  maximum_lag_on_failover: seconds,
  synchronous_mode: z.union([z.boolean(), z.string()]).nullish(),
  failsafe_mode: z.union([z.boolean(), z.string()]).nullish(),
  pause: z.union([z.boolean(), z.string()]).nullish(),
});

/** The dynamic configuration with Patroni's own defaults filled in. */
export interface PatroniSettings {
  readonly ttl: number;
  readonly loopWait: number;
  readonly retryTimeout: number;
  readonly maximumLagBytes: number;
  readonly synchronous: boolean;
  readonly failsafe: boolean;
  readonly paused: boolean;
}

/** GET /config. Null: it is none. */
export function parseSettings(json: unknown): PatroniSettings | null {
  const { data } = Settings.safeParse(json);
  if (data === undefined) return null;
  return {
    ttl: data.ttl ?? 30,
    loopWait: data.loop_wait ?? 10,
    retryTimeout: data.retry_timeout ?? 10,
    maximumLagBytes: data.maximum_lag_on_failover ?? 2 ** 20,
    synchronous: isOn(data.synchronous_mode),
    failsafe: isOn(data.failsafe_mode),
    paused: isOn(data.pause),
  };
}

/** `quorum` of later versions waits for standbys, too. */
function isOn(value: boolean | string | null | undefined): boolean {
  return value === true || (typeof value === 'string' && /^(on|true|yes|1|quorum)$/i.test(value));
}
