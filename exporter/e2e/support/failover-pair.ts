import type { FailoverReply } from '../../src/contract/failover-replies.ts';
import type { FailoverFacts } from '../../src/contract/failover.ts';
import type { Operation } from '../../src/contract/operation.ts';
import { startGenesis, type Genesis, type GenesisOptions } from './genesis.ts';
import { startHaproxy, type Haproxy } from './haproxy.ts';
import { startPostgres, startStandby, type TestServer } from './postgres.ts';
import { tempFolder, waitUntil } from './processes.ts';
import { startWriter, type Writer } from './writer.ts';

/** A real pair behind a real HAProxy, watched by a real Genesis, and a client that knows nothing of any of them. */

export const service = 'shop';
export const confirm = { confirm: service, reason: 'a test' };

export interface Pair {
  readonly a: TestServer;
  readonly b: TestServer;
  readonly proxy: Haproxy;
  readonly writer: Writer;
  /** The newest one: `restart` makes another. */
  genesis: Genesis;
  facts(): Promise<FailoverFacts>;
  /** Polls the facts until they hold; a failure shows the last ones. */
  until(what: string, holds: (now: FailoverFacts) => boolean): Promise<FailoverFacts>;
  /** That node serves, and the other one could take over. */
  settled(primary: string): Promise<FailoverFacts>;
  /** Starts an action of the service; resolves with the operation as it was taken. */
  begin(path: string, body?: Readonly<Record<string, unknown>>): Promise<Operation>;
  /** The same, until its end; throws where it did not succeed. */
  act(path: string, body?: Readonly<Record<string, unknown>>): Promise<Operation>;
  named(name: string): TestServer;
  /** Rows that the client was told are there, and are not. */
  lost(server: TestServer): Promise<number[]>;
  /** Starts Genesis again on its home after it was killed. */
  restart(): Promise<void>;
}

export interface PairOptions {
  /** Over the section `failover`. */
  readonly failover?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** The role that Genesis logs in as; default that of the client. */
  readonly user?: string;
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const folder = tempFolder('genesis-failover-');
  const a = await startPostgres({ folder, name: 'a', settings: { wal_log_hints: 'on', ...options.settings } });
  const b = await startStandby(a, { name: 'b', slot: 'b' });
  const proxy = await startHaproxy({
    folder,
    backends: [
      {
        name: 'writer',
        servers: [
          { name: 'a', port: a.port },
          { name: 'b', port: b.port, options: 'disabled' },
        ],
      },
    ],
  });
  return watchPair({ a, b, proxy, config: configOf(a, b, proxy, options) });
}

export interface PairParts {
  readonly a: TestServer;
  readonly b: TestServer;
  /** Standbys beside the two. */
  readonly more?: readonly TestServer[];
  readonly proxy: Haproxy;
  readonly config: Readonly<Record<string, unknown>>;
  /** Another environment for Genesis, e.g. a network of its own. */
  readonly start?: Pick<GenesisOptions, 'env' | 'launcher' | 'until'>;
}

/** Lets Genesis watch servers that run, and a client write to them. */
export async function watchPair(parts: PairParts): Promise<Pair> {
  const genesis = await startGenesis({ ...parts.start, config: parts.config });
  const writer = await startWriter({ port: parts.proxy.port('writer'), user: parts.a.user });
  return pairOf({ ...parts, genesis, writer });
}

export function configOf(a: TestServer, b: TestServer, proxy: Haproxy, { failover = {}, user = a.user }: PairOptions) {
  return {
    collectors: { dr_interval: '2s' },
    services: [
      {
        name: service,
        backup: { engine: 'pg_dump', schedules: { full: null, incremental: null } },
        drills: { schedule: null },
        postgres: { host: a.socketFolder, port: a.port, user, bin: a.bin, heartbeat: { interval: '1s' } },
        failover: {
          engine: 'postgres',
          interval: '1s',
          timeout: '900ms',
          cooldown: '1s',
          max_per_hour: 50,
          max_loss: { bytes: '16MiB', time: '60s' },
          haproxy: { socket: proxy.socket, backend: 'writer' },
          balancer: { host: '127.0.0.1', port: proxy.port('writer') },
          nodes: [
            { name: 'a', host: a.socketFolder, port: a.port, data: a.data },
            { name: 'b', host: b.socketFolder, port: b.port, data: b.data },
          ],
          ...failover,
        },
      },
    ],
  };
}

function pairOf(parts: PairParts & Pick<Pair, 'genesis' | 'writer'>): Pair {
  const { a, b, proxy, writer, config, more = [] } = parts;
  const pair: Pair = {
    a,
    b,
    proxy,
    writer,
    genesis: parts.genesis,
    facts: async () => {
      const reply = await pair.genesis.api<FailoverReply>('GET', `/services/${service}/failover`);
      if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
      return reply.body.failover as unknown as FailoverFacts;
    },
    until: (what, holds) =>
      waitUntil(
        what,
        async () => {
          const now = await pair.facts();
          if (holds(now)) return now;
          const { standing, decision, nodes, history } = now;
          throw new Error(JSON.stringify({ standing, decision, nodes, last: history[0] }));
        },
        { deadlineMs: 60_000, processes: [pair.genesis.process] },
      ),
    settled: (primary) =>
      pair.until(
        `${primary} serves and the other could take over`,
        (now) => now.primary === primary && now.standing.wouldSucceed === true,
      ),
    begin: async (path, body = {}) => {
      const reply = await pair.genesis.api<Operation>('POST', `/services/${service}/${path}`, { ...confirm, ...body });
      if (reply.status !== 202) throw new Error(`${reply.status}: ${reply.text}`);
      return reply.body;
    },
    act: async (path, body) => {
      const { id } = await pair.begin(path, body);
      const ended = await pair.genesis.waitForOperation(id, 120_000);
      if (ended.state === 'succeeded') return ended;
      throw new Error(JSON.stringify({ error: ended.error, steps: ended.steps }, null, 1));
    },
    named: (name) => [a, ...more].find((server) => server.name === name) ?? b,
    lost: async (server) => {
      // Taken before the rows are read: what is acknowledged meanwhile may not be among them.
      const told = writer.acknowledged.map(({ id }) => id);
      const rows = await server.sql<{ id: string }>('SELECT id::text AS id FROM written');
      const there = new Set(rows.map(({ id }) => Number(id)));
      return told.filter((id) => !there.has(id));
    },
    restart: async () => {
      pair.genesis = await startGenesis({ ...parts.start, home: pair.genesis.home, config });
    },
  };
  return pair;
}
