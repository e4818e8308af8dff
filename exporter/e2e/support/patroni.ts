import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import type { FailoverCluster, FailoverNode } from '../../src/engines/failover/port.ts';
import type { PatroniEngineDeps } from '../../src/engines/failover/patroni/engine.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import { askForLogin, startEtcd, type EtcdMember } from './etcd.ts';
import { configOf, superuser, type PatroniOptions, type Place } from './patroni-config.ts';
import { asUser, connect, ownedFolder, postgresBin, serverOwner } from './postgres-machine.ts';
import { startLink, type Link } from './link.ts';
import { freePort, startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

// A real Patroni cluster on real etcd for tests: private folders, free ports, stopped by pid and by nothing else.

const mend = 'install the Debian packages patroni, etcd-server and postgresql-15';

export interface PatroniNode {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly data: string;
  readonly socketFolder: string;
  readonly user: string;
  /** Its ways to etcd; none where the cluster was not started with `links`. */
  readonly store: readonly Link[];
  readonly patroni: RunningProcess;
  /** Null: none runs. */
  postmaster(): number | null;
  /** Only Patroni: PostgreSQL goes on. */
  freeze(): void;
  thaw(): void;
  /** Only Patroni. */
  kill(): Promise<void>;
  killPostmaster(signal?: NodeJS.Signals): void;
  /** SIGTERM to Patroni, which stops PostgreSQL first. */
  stop(): Promise<void>;
  /** After `stop` or `kill`. */
  start(): Promise<void>;
  sql<R extends Record<string, unknown> = Record<string, unknown>>(text: string): Promise<R[]>;
  /** GET of the REST API. */
  get<T>(where: string): Promise<T>;
}

/** Of the engine under test: all real. */
export const patroniDeps: PatroniEngineDeps = {
  clock: systemClock,
  exec: systemExec,
  fetch: (url, init) => fetch(url, init),
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | 'unknown';
}

export interface PatroniCluster {
  readonly scope: string;
  readonly etcd: readonly EtcdMember[];
  readonly nodes: readonly PatroniNode[];
  node(name: string): PatroniNode;
  /** As /cluster of any node that answers says. */
  members(): Promise<readonly Member[]>;
  leader(): Promise<PatroniNode>;
  /** One leader, all others running replicas of its timeline that stream. */
  whole(deadlineMs?: number): Promise<PatroniNode>;
  /** As engines are given it. */
  target(change?: Partial<FailoverCluster>, node?: Partial<FailoverNode>): FailoverCluster;
  stop(): Promise<void>;
}

const clusters = new Set<PatroniCluster>();

/** For afterAll, before `cleanUp`. */
export async function stopPatroni(): Promise<void> {
  for (const cluster of clusters) await cluster.stop();
}

// PostgreSQL outlives its Patroni in a session of its own: a test run that dies must not leave it behind.
process.once('exit', () => {
  for (const cluster of clusters) for (const node of cluster.nodes) node.killPostmaster('SIGQUIT');
});

export async function startPatroniCluster(options: PatroniOptions): Promise<PatroniCluster> {
  const owner = serverOwner();
  const etcd = await startEtcd(options.folder, options.etcd ?? 3);
  if (options.storeLogin !== undefined) await askForLogin(etcd, options.storeLogin);
  const auth = options.auth === undefined ? { user: 'genesis', password: 'rest-secret' } : options.auth;
  const places: Place[] = [];
  for (const name of options.nodes)
    places.push({
      name,
      folder: ownedFolder(path.join(options.folder, name), owner),
      socketFolder: ownedFolder(tempFolder('gsock-'), owner),
      port: await freePort(),
      rest: await freePort(),
      store: options.links === true ? await Promise.all(etcd.map(linkTo)) : [],
    });
  const scope = 'shop';
  for (const place of places) {
    const file = path.join(place.folder, 'patroni.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(configOf(place, scope, etcd, auth, options), null, 2), { mode: 0o600 });
    if (owner !== undefined) chownSync(file, owner.uid, owner.gid);
  }
  const nodes = places.map(nodeOf);
  const cluster = clusterOf(scope, etcd, nodes, auth);
  clusters.add(cluster);
  await nodes[0]?.start();
  await waitUntil(`${scope} has a leader`, () => cluster.leader(), {
    deadlineMs: 60_000,
    processes: nodes.slice(0, 1).map((node) => node.patroni),
  });
  await Promise.all(nodes.slice(1).map((node) => node.start()));
  await cluster.whole(90_000);
  return cluster;
}

function linkTo({ address }: EtcdMember): Promise<Link> {
  return startLink(Number(address.split(':')[1]));
}

function nodeOf(place: Place): PatroniNode {
  let current: RunningProcess | null = null;
  const data = path.join(place.folder, 'data');
  const url = `http://127.0.0.1:${place.rest}`;
  const signal = (name: NodeJS.Signals): void => {
    if (current?.running() === true) process.kill(current.pid, name);
  };
  const node: PatroniNode = {
    name: place.name,
    url,
    port: place.port,
    data,
    socketFolder: place.socketFolder,
    user: superuser,
    store: place.store,
    get patroni() {
      if (current === null) throw new Error(`${place.name} was never started`);
      return current;
    },
    postmaster: () => postmasterOf(data),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    kill: async () => current?.kill9(),
    killPostmaster(name = 'SIGKILL') {
      const pid = postmasterOf(data);
      if (pid !== null) process.kill(pid, name);
    },
    async stop() {
      signal('SIGCONT');
      await current?.stop('SIGTERM', 30_000);
      await waitUntil(`${place.name} has ended`, () => {
        const left = postmasterOf(data) === null;
        if (!left) node.killPostmaster('SIGQUIT');
        return left;
      });
    },
    async start() {
      if (current?.running() === true) return;
      const [file, args] = asUser(serverOwner(), 'patroni', [path.join(place.folder, 'patroni.yml')]);
      chmodSync(place.folder, 0o700);
      current = await startProcess({ name: place.name, file, args, cwd: place.folder, mend, env: { LC_ALL: 'C' } });
    },
    async sql<R extends Record<string, unknown>>(text: string) {
      const session = await connect(node);
      try {
        const answer = (await session.query(text)) as unknown as pg.QueryResult<R> | pg.QueryResult<R>[];
        return (Array.isArray(answer) ? answer.at(-1)?.rows : answer.rows) ?? [];
      } finally {
        await session.end();
      }
    },
    async get<T>(where: string) {
      const reply = await fetch(`${url}${where}`, { signal: AbortSignal.timeout(3000) });
      return (await reply.json()) as T;
    },
  };
  return node;
}

/** The one of the pid file, when it is there and is a server of that folder. */
function postmasterOf(data: string): number | null {
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  return command.includes(data) ? pid : null;
}

function clusterOf(
  scope: string,
  etcd: readonly EtcdMember[],
  nodes: readonly PatroniNode[],
  auth: { readonly user: string; readonly password: string } | null,
): PatroniCluster {
  const cluster: PatroniCluster = {
    scope,
    etcd,
    nodes,
    node(name) {
      const found = nodes.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no node ${name}`);
      return found;
    },
    members: () => Promise.any(nodes.map((one) => one.get<{ members: Member[] }>('/cluster'))).then((c) => c.members),
    async leader() {
      const leader = (await cluster.members()).find((one) => one.role === 'leader' && one.state === 'running');
      if (leader === undefined) throw new Error('no leader');
      return cluster.node(leader.name);
    },
    whole: (deadlineMs = 60_000) =>
      waitUntil(
        `${scope} is whole`,
        async () => {
          const members = await cluster.members();
          const leader = members.find((one) => one.role === 'leader');
          if (leader === undefined || members.length !== nodes.length) throw new Error(JSON.stringify(members));
          const good = members.every((one) => one.state === 'running' && one.timeline === leader.timeline);
          if (!good) throw new Error(JSON.stringify(members));
          const streams = await cluster
            .node(leader.name)
            .sql("SELECT FROM pg_stat_replication WHERE state = 'streaming'");
          return streams.length === nodes.length - 1 ? cluster.node(leader.name) : undefined;
        },
        { deadlineMs, intervalMs: 250, processes: nodes.map((one) => one.patroni).filter((one) => one.running()) },
      ),
    target: (change = {}, node = {}) => targetOf(scope, nodes, auth, change, node),
    async stop() {
      // A frozen etcd would hold up everybody's end.
      for (const member of etcd) member.thaw();
      await Promise.all(nodes.map((one) => one.stop()));
      for (const member of etcd) await member.kill();
      for (const one of nodes) for (const link of one.store) await link.stop();
      clusters.delete(cluster);
    },
  };
  return cluster;
}

function targetOf(
  scope: string,
  nodes: readonly PatroniNode[],
  auth: { readonly user: string; readonly password: string } | null,
  change: Partial<FailoverCluster>,
  node: Partial<FailoverNode>,
): FailoverCluster {
  const none = { stop: null, start: null, confirmDown: null, promote: null, demote: null, drain: null, admit: null };
  return {
    service: `${scope}-db`,
    nodes: nodes.map((one) => ({
      name: one.name,
      region: 'local',
      priority: 100,
      candidate: true,
      server: {
        host: '127.0.0.1',
        port: one.port,
        user: superuser,
        password: null,
        database: 'postgres',
        tlsCa: null,
      },
      data: null,
      url: one.url,
      commands: none,
      webhook: null,
      ...node,
    })),
    bin: postgresBin(),
    runAs: serverOwner() ?? null,
    replication: null,
    patroni: auth,
    caFile: null,
    timeoutSeconds: 60,
    probeTimeoutSeconds: 2,
    ...change,
  };
}
