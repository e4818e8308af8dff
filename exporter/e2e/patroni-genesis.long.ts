import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FailoverReply } from '../src/contract/failover-replies.ts';
import type { FailoverFacts, NodeProbe } from '../src/contract/failover.ts';
import type { Operation } from '../src/contract/operation.ts';
import { changePassword, type EtcdLogin } from './support/etcd.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { familyOf, signalAll } from './support/patroni-faults.ts';
import { startLink, type Link } from './support/link.ts';
import { startPatroniCluster, stopPatroni, type PatroniCluster, type PatroniNode } from './support/patroni.ts';
import { postgresBin } from './support/postgres-machine.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';

// Genesis over a real Patroni whose REST API, or whose login at its store, is gone. Whatever it does not see it says that it does not
// know, and it moves nothing: Patroni holds the lock. The tests run in order.

const service = 'shop';
const storeLogin: EtcdLogin = { user: 'patroni', password: 'store-secret' };
/** Of each node's REST API, as Genesis reaches it; the members of Patroni reach each other directly. */
const links = new Map<string, Link>();
let cluster: PatroniCluster;
let genesis: Genesis;

const linkOf = (name: string): Link => {
  const found = links.get(name);
  if (found === undefined) throw new Error(`no link to ${name}`);
  return found;
};

async function facts(): Promise<FailoverFacts> {
  const reply = await genesis.api<FailoverReply>('GET', `/services/${service}/failover`);
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body.failover as unknown as FailoverFacts;
}

function until(what: string, holds: (now: FailoverFacts) => boolean, deadlineMs = 60_000): Promise<FailoverFacts> {
  return waitUntil(
    what,
    async () => {
      const now = await facts();
      if (holds(now)) return now;
      const { standing, decision, nodes, primary } = now;
      throw new Error(JSON.stringify({ primary, standing, decision, probes: nodes.map(({ probe }) => probe) }));
    },
    { deadlineMs, processes: [genesis.process] },
  );
}

const probeOf = ({ nodes }: FailoverFacts, name: string): NodeProbe | null | undefined =>
  nodes.find((node) => node.name === name)?.probe;

/** What was begun by anybody. */
async function operations(): Promise<readonly Operation[]> {
  return (await genesis.api<{ items: Operation[] }>('GET', `/operations?service=${service}`)).body.items;
}

/** As PostgreSQL itself says: who takes writes, and the newest timeline. */
async function truth(): Promise<{ readonly writers: readonly string[]; readonly timeline: number }> {
  const text = `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'off' AS writes,
    (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`;
  const ask = async (node: PatroniNode) => ({
    name: node.name,
    row: (await node.sql<{ standby: boolean; writes: boolean; timeline: number }>(text).catch(() => []))[0],
  });
  const seen = await Promise.all(cluster.nodes.map(ask));
  const writers = seen.filter(({ row }) => row?.standby === false && row.writes).map(({ name }) => name);
  return { writers, timeline: Math.max(...seen.map(({ row }) => row?.timeline ?? 0)) };
}

/** Looks again and again; every decision and every writer that was seen in that time. */
async function watchFor(
  seconds: number,
): Promise<{ decisions: Set<string>; standing: Set<unknown>; writers: Set<string> }> {
  const seen = { decisions: new Set<string>(), standing: new Set<unknown>(), writers: new Set<string>() };
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const now = await facts();
    seen.decisions.add(`${now.decision.action}${now.decision.act ? ' act' : ''}`);
    seen.standing.add(now.standing.wouldSucceed);
    for (const name of (await truth()).writers) seen.writers.add(name);
    await sleep(400);
  }
  return seen;
}

const settled = (): Promise<FailoverFacts> =>
  until(
    'n1 serves and another could take over',
    ({ primary, standing, nodes }) =>
      primary === 'n1' && standing.wouldSucceed === true && nodes.every(({ probe }) => probe?.problem === null),
  );

beforeAll(async () => {
  const folder = tempFolder('gpat-');
  cluster = await startPatroniCluster({ folder, nodes: ['n1', 'n2', 'n3'], etcd: 1, storeLogin });
  for (const { name, url } of cluster.nodes) links.set(name, await startLink(Number(new URL(url).port)));
  const secret = path.join(folder, 'rest');
  writeFileSync(secret, 'rest-secret', { mode: 0o600 });
  const [first] = cluster.nodes;
  genesis = await startGenesis({
    config: {
      api: { requests_per_minute: 1_000_000 },
      services: [
        {
          name: service,
          backup: { engine: 'pg_dump', schedules: { full: null, incremental: null } },
          drills: { schedule: null },
          postgres: { host: '127.0.0.1', port: first?.port, user: 'postgres', bin: postgresBin() },
          failover: {
            engine: 'patroni',
            interval: '1s',
            timeout: '900ms',
            cooldown: '1s',
            command_timeout: '10s',
            patroni: { user: 'genesis', password: `file:${secret}` },
            nodes: cluster.nodes.map(({ name, port }) => ({
              name,
              host: '127.0.0.1',
              port,
              url: `http://127.0.0.1:${linkOf(name).port}`,
            })),
          },
        },
      ],
    },
  });
}, 180_000);

afterAll(async () => {
  await genesis?.stop();
  for (const link of links.values()) await link.stop();
  await stopPatroni();
  await cleanUp();
}, 90_000);

describe('the REST API of the primary is cut while its SQL lives', () => {
  it.each(['cut', 'freeze'] as const)(
    'by %s: it is still the primary, and what Patroni does is said not to be known',
    async (how) => {
      await settled();
      linkOf('n1')[how]();
      const now = await until('it is noticed', (seen) => typeof probeOf(seen, 'n1')?.problem === 'string');
      const seen = await watchFor(15);
      linkOf('n1').mend();

      expect(probeOf(now, 'n1')).toMatchObject({ reach: 'answered', role: 'primary', writable: true });
      expect(probeOf(now, 'n1')?.problem).toContain('Patroni of n1 does not answer');
      expect([...seen.decisions]).toEqual(['none']);
      expect([...seen.writers]).toEqual(['n1']);
      expect((await truth()).timeline).toBe(1);
      expect(await operations()).toEqual([]);
    },
    90_000,
  );
});

describe('every REST API is cut while SQL lives', () => {
  it('says that nobody knows whether a failover would succeed, and moves nothing, also when a person asks', async () => {
    await settled();
    for (const link of links.values()) link.cut();
    const now = await until('it is noticed', ({ standing }) => standing.wouldSucceed === null);
    const seen = await watchFor(10);
    const body = { confirm: service, reason: 'a test' };
    const asked = async (move: string, more: object) =>
      (await genesis.api<Operation & { code: string }>('POST', `/services/${service}/${move}`, { ...body, ...more }))
        .body;
    const refused = await asked('failover', { candidate: 'n2' });
    const begun = await asked('switchover', { candidate: 'n2' });
    const ended = await genesis.waitForOperation(begun.id);
    const after = await truth();
    for (const link of links.values()) link.mend();

    expect(now.standing.reasons.join('; ')).toContain('whether the product can move it to n2 is not known');
    expect([...seen.decisions]).toEqual(['none']);
    expect([...seen.standing]).toEqual([null]);
    expect([...seen.writers]).toEqual(['n1']);
    expect(refused.code).toBe('failover_held');
    expect(ended).toMatchObject({
      state: 'failed',
      error: { code: 'failover_failed', message: expect.stringContaining('no Patroni tells the state') },
    });
    expect(after).toEqual({ writers: ['n1'], timeline: 1 });
    expect((await facts()).nodes.map(({ fence }) => fence)).toEqual([null, null, null]);
  }, 120_000);
});

describe('etcd no longer takes the login of Patroni', () => {
  it('keeps the primary, whose lease asks for no login, and a switchover fails without harm', async () => {
    await settled();
    await changePassword(cluster.etcd, { ...storeLogin, password: 'another' });
    const seen = await watchFor(15);
    const body = { confirm: service, reason: 'a test', candidate: 'n2' };
    const { id } = (await genesis.api<Operation>('POST', `/services/${service}/switchover`, body)).body;
    const ended = await genesis.waitForOperation(id);

    expect([...seen.decisions]).toEqual(['none']);
    expect([...seen.writers]).toEqual(['n1']);
    expect(ended).toMatchObject({
      state: 'failed',
      error: { code: 'failover_failed', message: expect.stringContaining('failed to write switchover key') },
    });
    expect(await truth()).toEqual({ writers: ['n1'], timeline: 1 });
  }, 120_000);

  it('leaves nobody who writes once the primary is gone; Genesis holds and promotes nobody until Patroni has', async () => {
    const before = (await operations()).length;
    const primary = cluster.node('n1');
    const servers = familyOf(primary.postmaster() ?? 0);
    await primary.kill();
    signalAll(servers, 'SIGKILL');
    await until('it is lost', ({ decision }) => decision.action === 'hold');
    const seen = await watchFor(40);
    const called = await until('it pages', ({ decision }) => decision.page, 90_000);
    const after = await truth();
    await changePassword(cluster.etcd, storeLogin);
    await primary.start();
    await cluster.whole(120_000);
    const back = await until(
      'it serves again, and Patroni has written that down',
      ({ decision, standing, promotions }) =>
        decision.action === 'none' && standing.wouldSucceed === true && (promotions?.length ?? 0) > 0,
      120_000,
    );

    expect([...seen.decisions]).toEqual(['hold']);
    expect([...seen.writers]).toEqual([]);
    expect(called).toMatchObject({ decision: { action: 'hold', act: false }, standing: { wouldSucceed: null } });
    expect(after).toEqual({ writers: [], timeline: 1 });
    expect(await operations()).toHaveLength(before);
    expect(back.promotions?.[0]).toMatchObject({ timeline: 2, to: back.primary });
    expect(back.primary).not.toBe('n1');
    expect(back.history.filter(({ succeeded }) => succeeded)).toEqual([]);
  }, 400_000);
});
