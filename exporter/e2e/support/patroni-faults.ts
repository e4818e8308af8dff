import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { HttpFetch } from '../../src/ports/index.ts';
import { countWriters } from '../../src/engines/failover/writable.ts';
import { startHaproxy, type Haproxy } from './haproxy.ts';
import type { PatroniCluster, PatroniNode } from './patroni.ts';
import { sleep, waitUntil } from './processes.ts';
import { startWriter, type Writer } from './writer.ts';

// One fault at a time on a real Patroni cluster behind a real HAProxy, with a client that writes all the while and is believed.

const fetchReal: HttpFetch = (url, init) => fetch(url, init);

/** HAProxy as Patroni's documentation has it: only the node whose GET /primary answers 200 gets connections. */
export function startPrimaryProxy(cluster: PatroniCluster, folder: string): Promise<Haproxy> {
  const servers = cluster.nodes.map(({ name, port, url }) => ({ name, port, checkPort: Number(new URL(url).port) }));
  return startHaproxy({ folder, backends: [{ name: 'primary', servers, check: { http: '/primary' } }] });
}

export interface FaultResult {
  readonly fault: string;
  /** Longest time without an acknowledged write through HAProxy. */
  readonly gapSeconds: number;
  readonly acknowledged: number;
  /** Acknowledged through HAProxy and not there when the cluster was whole again. */
  readonly lost: number;
  /** So long more than one node took writes, as the independent count saw it. */
  readonly twoWritersSeconds: number;
  readonly leaderBefore: string;
  readonly leaderAfter: string;
}

export interface Fault {
  readonly name: string;
  /** Does it to the primary or the store; resolves to what ends it. */
  inject(primary: PatroniNode): Promise<() => Promise<void> | void>;
  /** How long it lasts, seconds. */
  readonly seconds: number;
}

export async function runFault(cluster: PatroniCluster, proxy: Haproxy, fault: Fault): Promise<FaultResult> {
  const before = await cluster.whole(120_000);
  const writer = await startWriterWhenServed(proxy.port('primary'));
  const watch = watchWriters(cluster);
  await sleep(2000);
  const at = Date.now();
  const end = await fault.inject(before);
  await sleep(fault.seconds * 1000);
  await end();
  for (const node of cluster.nodes) await node.start();
  const after = await cluster.whole(180_000);
  await waitUntil('writes are acknowledged again', () => writer.acknowledged.some((row) => row.at > Date.now() - 1000));
  const gap = writer.longestGapSince(at);
  await writer.stop();
  const twoWritersSeconds = await watch.stop();
  const lost = await missing(after, writer);
  return {
    fault: fault.name,
    gapSeconds: Math.round(gap / 100) / 10,
    acknowledged: writer.acknowledged.length,
    lost,
    twoWritersSeconds,
    leaderBefore: before.name,
    leaderAfter: after.name,
  };
}

/** HAProxy needs a moment until it has seen who the primary is. */
export function startWriterWhenServed(port: number): Promise<Writer> {
  return waitUntil('HAProxy serves the primary', () => startWriter({ port, user: 'postgres' }), { deadlineMs: 60_000 });
}

export async function missing(node: PatroniNode, writer: Writer): Promise<number> {
  const rows = await node.sql<{ id: string }>('SELECT id::text AS id FROM written');
  const there = new Set(rows.map(({ id }) => Number(id)));
  return writer.acknowledged.filter(({ id }) => !there.has(id)).length;
}

function watchWriters(cluster: PatroniCluster): { stop(): Promise<number> } {
  const target = cluster.target({ probeTimeoutSeconds: 1 });
  const never = new AbortController().signal;
  let ended = false;
  let seconds = 0;
  const loop = (async () => {
    let last = Date.now();
    while (!ended) {
      const { writers } = await countWriters(target, { balancer: null, fetch: fetchReal }, never);
      const now = Date.now();
      if (writers.length > 1) seconds += (now - last) / 1000;
      last = now;
      await sleep(200);
    }
  })();
  return {
    stop: async () => {
      ended = true;
      await loop;
      return Math.round(seconds * 10) / 10;
    },
  };
}

/** A process and all that it or its children have started. */
export function familyOf(pid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
  const family = [pid];
  for (const one of family) for (const [child, parent] of parents) if (parent === one) family.push(child);
  return family;
}

function parentOf(pid: string): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  try {
    return Number(/.*\) \S+ (\d+)/s.exec(readFileSync(file, 'utf8'))?.[1]);
  } catch {
    return 0; // it has just ended
  }
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
