import pg from 'pg';
import type { FailoverCluster, FailoverContext, FailoverNode } from '../../src/engines/failover/port.ts';
import { createPostgresFailover } from '../../src/engines/failover/postgres/engine.ts';
import { lookForServers, signalServers } from '../../src/engines/failover/postgres/sight.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import type { TestServer } from './postgres.ts';

// The native engine on the tests' own servers.

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const postgresFailover = createPostgresFailover({ exec: systemExec, clock: systemClock, log: silent });

export function failoverNode(server: TestServer, changes: Partial<FailoverNode> = {}): FailoverNode {
  const { host, port, user, password, database, tlsCa } = server.target();
  return {
    name: server.name,
    region: 'here',
    priority: 100,
    candidate: true,
    server: { host, port, user, password, database, tlsCa },
    data: server.data,
    url: null,
    commands: { stop: null, start: null, confirmDown: null, promote: null, demote: null, drain: null, admit: null },
    webhook: null,
    ...changes,
  };
}

export function failoverCluster(
  servers: readonly TestServer[],
  changes: Partial<FailoverCluster> = {},
): FailoverCluster {
  const [first] = servers;
  if (first === undefined) throw new Error('a cluster has at least one server');
  return {
    service: 'shop',
    nodes: servers.map((server) => failoverNode(server)),
    bin: first.bin,
    runAs: first.asOwner ?? null,
    replication: null,
    patroni: null,
    caFile: null,
    timeoutSeconds: 20,
    probeTimeoutSeconds: 1,
    ...changes,
  };
}

/** Its notes are kept for failures. */
export function failoverContext(signal = new AbortController().signal): FailoverContext & { readonly notes: string[] } {
  const notes: string[] = [];
  return { signal, notes, note: (detail) => notes.push(detail) };
}

/** SIGSTOP for every process of a server; resolves to what lets them go on. */
export async function freezeServer(data: string): Promise<() => Promise<void>> {
  const frozen = (await lookForServers(data))?.processes ?? [];
  if (frozen.length === 0) throw new Error(`nothing runs on ${data}`);
  await signalServers(frozen, 'SIGSTOP');
  return async () => {
    await signalServers(frozen, 'SIGCONT');
  };
}

/** One write by a client of its own; true: acknowledged within 3 s. Never throws. */
export async function tryWrite(server: TestServer, text = 'INSERT INTO written DEFAULT VALUES'): Promise<boolean> {
  const client = new pg.Client({
    host: server.socketFolder,
    port: server.port,
    user: server.user,
    database: 'postgres',
    connectionTimeoutMillis: 2000,
    query_timeout: 3000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(text);
    return true;
  } catch {
    return false;
  } finally {
    const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
    connection?.stream?.destroy();
  }
}
