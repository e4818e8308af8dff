import type { FailoverFacts } from '../../src/contract/failover.ts';
import type { Operation } from '../../src/contract/operation.ts';
import { phaseWords } from '../../src/runtime/failover/takeover.ts';
import { conclude, startWatch, type Finding, type Mode, type Watch } from './failover-fault-check.ts';
import {
  conninfoBy,
  isRoot,
  moveInto,
  namespaceAddress,
  startNamespaces,
  startProxies,
  type Network,
  type NodeName,
} from './failover-network.ts';
import { configOf, watchPair, type Pair } from './failover-pair.ts';
import { startOnFaultyDisk, type FaultyDisk } from './faulty-disk.ts';
import { startHaproxy, type HaproxyBackend } from './haproxy.ts';
import { startPostgres, startStandby, stopServers, type TestServer } from './postgres.ts';
import { cleanUp, freePort, sleep, tempFolder, waitUntil } from './processes.ts';

/** One fault at a time on a pair that Genesis has charge of. */

export interface FaultPairOptions {
  readonly mode: Mode;
  readonly failover?: Readonly<Record<string, unknown>>;
  /** Of the primary. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Genesis logs in as that superuser, which is made. */
  readonly user?: string;
  /** A third node, below that one. */
  readonly third?: NodeName;
  /** Over the entry of a node. */
  readonly node?: (server: TestServer) => Readonly<Record<string, unknown>>;
  readonly walSegmentMb?: number;
  /** The primary stands on a disk that can be filled and slowed down. */
  readonly faultyDisk?: boolean;
  /**
   * Ways that can be cut. `stream`: from one node to the other and to clients; Genesis has both on its machine. Else the nodes stand
   * elsewhere for Genesis, too: behind `proxies`, or in network namespaces where the tests are root (`best`).
   */
  readonly network?: 'stream' | 'proxies' | 'best';
  readonly check?: HaproxyBackend['check'];
  /** How long the client writes before the fault; a rate is known only after a while. Default 1.5. */
  readonly steadySeconds?: number;
}

export interface FaultPair {
  readonly pair: Pair;
  readonly c: TestServer | null;
  readonly disk: FaultyDisk | null;
  readonly network: Network | null;
  readonly watch: Watch;
}

interface Nodes {
  readonly a: TestServer;
  readonly b: TestServer;
  readonly network: Network | null;
  readonly disk: FaultyDisk | null;
}

/** What has to be undone when the servers have stopped, also where a pair did not come up whole. */
const undo: (() => Promise<void> | void)[] = [];

async function startNodes(folder: string, options: FaultPairOptions): Promise<Nodes> {
  const { network: wish, walSegmentMb } = options;
  const kind = wish === undefined ? null : wish === 'best' && isRoot ? 'namespaces' : 'proxies';
  const settings = {
    wal_log_hints: 'on',
    ...(options.mode === 'synchronous' ? { synchronous_standby_names: "'b'" } : {}),
    ...options.settings,
    ...(kind === 'namespaces' ? { listen_addresses: `'127.0.0.1,${namespaceAddress('a')}'` } : {}),
  };
  const segment = walSegmentMb === undefined ? {} : { walSegmentMb };
  const hba =
    kind === 'namespaces' ? ['host all all 10.213.0.0/16 trust', 'host replication all 10.213.0.0/16 trust'] : [];
  const disk = options.faultyDisk === true ? await startOnFaultyDisk({ folder, name: 'a', settings }, undo) : null;
  const a = disk?.server ?? (await startPostgres({ folder, name: 'a', settings, hba, ...segment }));
  if (options.user !== undefined) await a.sql(`CREATE ROLE ${options.user} SUPERUSER LOGIN`);
  const own = kind === 'namespaces' ? { listen_addresses: `'127.0.0.1,${namespaceAddress('b')}'` } : {};
  const b = await startStandby(a, { name: 'b', slot: 'b', settings: own });
  if (kind === null) return { a, b, disk, network: null };
  const network = kind === 'proxies' ? await startProxies(a, b) : startNamespaces({ a: a.port, b: b.port }, undo);
  if (kind === 'proxies') undo.push(network.close);
  await b.configure({ primary_conninfo: conninfoBy(network, 'a', 'b') });
  if (kind === 'namespaces') {
    await b.stop();
    await a.stop();
    await moveInto(a, 'a');
    await moveInto(b, 'b');
  }
  await waitUntil('b streams by its own way', async () => {
    const rows = await b.sql<{ port: number }>(
      `SELECT sender_port AS port FROM pg_stat_wal_receiver WHERE status = 'streaming'`,
    );
    return rows[0]?.port === network.address('a').port;
  });
  return { a, b, disk, network };
}

export async function startFaultPair(options: FaultPairOptions): Promise<FaultPair> {
  const folder = tempFolder('genesis-fault-');
  const { a, b, disk, network } = await startNodes(folder, options);
  const below = options.third === 'b' ? b : a;
  const c = options.third === undefined ? null : await startStandby(below, { name: 'c', slot: 'c' });
  const all = c === null ? [a, b] : [a, b, c];
  const port = await freePort();
  const outside = network?.outside ?? '127.0.0.1';
  const proxy = await startHaproxy({
    folder,
    ...(outside === '127.0.0.1' ? {} : { bind: `127.0.0.1:${port},${outside}` }),
    backends: [
      {
        name: 'writer',
        port,
        ...(options.check === undefined ? {} : { check: options.check }),
        servers: all.map((server) => ({
          name: server.name,
          ...(server === c || network === null ? { port: server.port } : network.forClients(server.name as NodeName)),
          ...(server === a ? {} : { options: 'disabled' }),
        })),
      },
    ],
  });
  const nodes = all.map((server) => ({
    name: server.name,
    ...(network === null || options.network === 'stream'
      ? { host: server.socketFolder, port: server.port, data: server.data }
      : network.address(server.name as NodeName)),
    ...options.node?.(server),
  }));
  const balancer = { host: outside, port };
  const user = options.user ?? a.user;
  const config = configOf(a, b, proxy, { user, failover: { balancer, nodes, ...options.failover } });
  const pair = await watchPair({
    a,
    b,
    more: c === null ? [] : [c],
    proxy,
    config: { ...config, ...(network === null ? {} : { api: network.api }) },
    ...(network === null ? {} : { start: network.start }),
  });
  return { pair, c, disk, network, watch: startWatch(pair, all) };
}

/** Null: it did not come up whole. */
export async function endFaultPair(found: FaultPair | null): Promise<void> {
  found?.network?.mend();
  await found?.watch.stop();
  await found?.pair.writer.stop();
  await found?.pair.genesis.stop();
  await stopServers();
  for (const step of undo.splice(0)) await step();
  await cleanUp();
}

/** Runs a fault from a settled pair to its end check. `befall` does it, waits for the answer, ends it, and says who serves then. */
export async function runFault(
  fault: string,
  options: FaultPairOptions,
  befall: (found: FaultPair) => Promise<{ readonly answer: string; readonly serves: string }>,
): Promise<Finding> {
  let found: FaultPair | null = null;
  try {
    found = await startFaultPair(options);
    const { pair } = found;
    await pair.settled('a');
    await sleep((options.steadySeconds ?? 1.5) * 1000);
    const at = Date.now();
    const { answer, serves } = await befall(found);
    const endedAt = Date.now();
    await waitUntil('the client writes again', () => pair.writer.acknowledged.some((row) => row.at > endedAt + 500));
    return await conclude(found, { fault, mode: options.mode, answer, at, serves });
  } finally {
    await endFaultPair(found);
  }
}

/** Resolves when Genesis has promoted that node, whatever it took; the answer in words. */
export async function failedOverTo({ pair }: FaultPair, node: string): Promise<{ answer: string; serves: string }> {
  await pair.until(
    `${node} serves`,
    ({ primary, history }) => primary === node && history[0]?.kind === 'failover' && history[0].succeeded,
  );
  return { answer: `failed over to ${node}`, serves: node };
}

/** Resolves when Genesis holds, pages, and gives a reason that matches; nobody was promoted in the primary's place. */
export async function heldBecause({ pair }: FaultPair, reason: RegExp, primary = 'a'): Promise<FailoverFacts> {
  const held = await pair.until(
    `it holds because ${reason}`,
    ({ decision }) => decision.action === 'hold' && decision.page && reason.test(decision.reasons.join('; ')),
  );
  expect(held.primary).toBe(primary);
  return held;
}

/** Resolves when a failover was given up because nobody could prove that the primary is down; it is counted, which alerts. */
export async function heldUnproven({ pair }: FaultPair): Promise<{ answer: string; serves: string }> {
  const now = await pair.until('a failover was given up', ({ history }) => history[0]?.succeeded === false);
  const { body } = await pair.genesis.api<Operation>('GET', `/operations/${now.history[0]?.operationId}`);
  expect([now.primary, body.error?.code]).toEqual(['a', 'fencing_unproven']);
  expect(body.steps.map(({ name }) => name)).not.toContain(phaseWords.promote);
  const authorization = `Bearer ${pair.genesis.tokens.viewer}`;
  await waitUntil('it is counted as failed', async () =>
    /genesis_failover_total\{[^}]*result="failure"[^}]*\} [1-9]/.test(
      (await pair.genesis.get('/metrics', { authorization })).text,
    ),
  );
  return { answer: `held: ${body.error?.message}`, serves: 'a' };
}

/** Genesis sees nothing to do for so long. */
export async function stays({ pair }: FaultPair, seconds: number): Promise<{ answer: string; serves: string }> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const { decision, primary } = await pair.facts();
    expect([primary, decision.action]).toEqual(['a', 'none']);
    if (Date.now() >= until) return { answer: `nothing: ${decision.reasons.join('; ')}`, serves: 'a' };
    await sleep(500);
  }
}

/** Commands by which somebody outside of the network, e.g. a power switch, ends the server and says whether it is gone. */
export function powerSwitch(data: string): Readonly<Record<string, unknown>> {
  const off = `kill -QUIT "$(head -n 1 "$0/postmaster.pid")"`;
  const look = `for at in /proc/[0-9]*/cwd; do if [ "$(readlink "$at")" = "$0" ]; then left=1; fi; done`;
  const isOff = `for n in $(seq 50); do left=; ${look}; if [ -z "$left" ]; then echo down; exit 0; fi; sleep 0.1; done; exit 1`;
  return { commands: { stop: ['/bin/sh', '-c', off, data], confirm_down: ['/bin/sh', '-c', isOff, data] } };
}
