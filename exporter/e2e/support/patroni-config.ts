import path from 'node:path';
import type { EtcdLogin, EtcdMember } from './etcd.ts';
import type { Link } from './link.ts';
import { postgresBin } from './postgres-machine.ts';

// patroni.yml of a test's node.

export const superuser = 'postgres';

export interface PatroniOptions {
  readonly folder: string;
  /** Names; the first one bootstraps the cluster. */
  readonly nodes: readonly string[];
  readonly etcd?: 1 | 3;
  /** Which of Patroni's clients; default `etcd3`. */
  readonly client?: 'etcd' | 'etcd3';
  /** Dynamic configuration; default ttl 20, loop_wait 2, retry_timeout 3. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly tags?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Each node reaches etcd over links of its own that can be cut (`PatroniNode.store`). */
  readonly links?: boolean;
  /** Login that etcd asks for from then on; only with the client etcd3. */
  readonly storeLogin?: EtcdLogin;
  /** Basic pair of the REST API; null: everybody may call everything. */
  readonly auth?: { readonly user: string; readonly password: string } | null;
}

export interface Place {
  readonly name: string;
  readonly folder: string;
  readonly socketFolder: string;
  readonly port: number;
  readonly rest: number;
  readonly store: readonly Link[];
}

export function configOf(
  place: Place,
  scope: string,
  etcd: readonly EtcdMember[],
  auth: { readonly user: string; readonly password: string } | null,
  { client = 'etcd3', settings = {}, tags = {}, storeLogin }: PatroniOptions,
): object {
  const rest = `127.0.0.1:${place.rest}`;
  return {
    scope,
    name: place.name,
    restapi: {
      listen: rest,
      connect_address: rest,
      ...(auth === null ? {} : { authentication: { username: auth.user, password: auth.password } }),
    },
    // A test must never arm the watchdog of the machine it runs on.
    watchdog: { mode: 'off' },
    [client]: {
      ...storeOf(place, etcd),
      ...(storeLogin === undefined ? {} : { username: storeLogin.user, password: storeLogin.password }),
    },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 2,
        retry_timeout: 3,
        maximum_lag_on_failover: 1_048_576,
        ...settings,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters: parameters(place) },
      },
      initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C' }, { auth: 'trust' }],
    },
    postgresql: {
      listen: `127.0.0.1:${place.port}`,
      connect_address: `127.0.0.1:${place.port}`,
      data_dir: path.join(place.folder, 'data'),
      bin_dir: postgresBin(),
      pgpass: path.join(place.folder, 'pgpass'),
      authentication: {
        superuser: { username: superuser },
        replication: { username: superuser },
        rewind: { username: superuser },
      },
      parameters: { unix_socket_directories: place.socketFolder },
      pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    },
    tags: tags[place.name] ?? {},
  };
}

/** Without `use_proxies` Patroni would go past the links, to the addresses that etcd publishes. */
function storeOf({ store }: Place, etcd: readonly EtcdMember[]): object {
  if (store.length === 0) return { hosts: etcd.map(({ address }) => address) };
  return { hosts: store.map(({ port }) => `127.0.0.1:${port}`), use_proxies: true };
}

/** Durable enough for kill -9 of processes; only a crash of the machine would lose something. */
function parameters(_: Place): Record<string, string | number> {
  return {
    fsync: 'off',
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '32MB',
    max_connections: 60,
    max_wal_senders: 8,
    max_replication_slots: 8,
    wal_log_hints: 'on',
    wal_keep_size: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A receiver whose primary is frozen or cut off notices it sooner than after a minute.
    wal_receiver_timeout: '5s',
    wal_retrieve_retry_interval: '500ms',
  };
}
