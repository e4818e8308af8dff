import type { FailoverReply } from '../src/contract/failover-replies.ts';
import type { FailoverFacts, NodeFacts } from '../src/contract/failover.ts';
import { perform } from './support/actions.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { startHaproxy, type Haproxy, type HaproxyBackend } from './support/haproxy.ts';
import { startMember, startVisitor, type Member, type Visitor } from './support/members.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';

// Where all serve: a node that fails is taken out at a real HAProxy and comes back by itself; no command, no restart of it. The load
// balancer's own check only connects, so that it never takes a node out: all that happens is by Genesis.

const members: Member[] = [];
let proxy: Haproxy;
let genesis: Genesis;
let visitor: Visitor;

function member(name: string): Member {
  const found = members.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

const backendOf = (name: string, names: readonly string[]): HaproxyBackend => ({
  name,
  mode: 'http',
  balance: 'roundrobin',
  servers: names.map((one) => ({ name: one, port: member(one).port })),
});

function serviceOf(name: string, names: readonly string[], failover: Readonly<Record<string, unknown>>): object {
  return {
    name,
    failover: {
      engine: 'service',
      interval: '300ms',
      timeout: '1s',
      thresholds: { consecutive_failures: 3, consecutive_successes: 4 },
      haproxy: { socket: proxy.socket, backend: name },
      nodes: names.map((one) => ({ name: one, url: `http://127.0.0.1:${member(one).port}/health` })),
      ...failover,
    },
  };
}

async function factsOf(service: string): Promise<FailoverFacts> {
  const reply = await genesis.api<FailoverReply>('GET', `/services/${service}/failover`);
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body.failover as unknown as FailoverFacts;
}

/** Polls until it holds; a failure shows what was seen last. */
function until(service: string, what: string, holds: (now: FailoverFacts) => boolean): Promise<FailoverFacts> {
  return waitUntil(
    what,
    async () => {
      const now = await factsOf(service);
      if (holds(now)) return now;
      throw new Error(JSON.stringify({ ...now, vantages: [] }));
    },
    { deadlineMs: 20_000, processes: [genesis.process] },
  );
}

const nodeOf = ({ nodes }: FailoverFacts, name: string): NodeFacts | undefined =>
  nodes.find((node) => node.name === name);

const stateOf = ({ balancer }: FailoverFacts, name: string): string | undefined =>
  balancer?.known === true ? balancer.value.servers.find(({ node }) => node === name)?.state : undefined;

const isFenced = (now: FailoverFacts, name: string): boolean =>
  now.nodes.some((node) => node.name === name && node.fence !== null);

const isOut = (name: string) => (now: FailoverFacts) =>
  isFenced(now, name) && stateOf(now, name) === 'maint' && now.decision.action === 'none';
const isIn = (name: string) => (now: FailoverFacts) => nodeOf(now, name)?.fence === null && stateOf(now, name) === 'up';

async function servers(count = 30): Promise<readonly (string | null)[]> {
  return [...new Set((await visitor.next(count)).map(({ by }) => by))].sort();
}

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) members.push(await startMember(name));
  members.push(await startMember('east', { writes: true }), await startMember('west', { writes: true, well: false }));
  proxy = await startHaproxy({
    folder: tempFolder('genesis-active-'),
    backends: [backendOf('shop', ['a', 'b', 'c']), backendOf('ledger', ['east', 'west'])],
    master: true,
  });
  genesis = await startGenesis({
    config: {
      api: { requests_per_minute: 1_000_000 },
      services: [
        serviceOf('shop', ['a', 'b', 'c'], { strategy: 'active_active' }),
        serviceOf('ledger', ['east', 'west'], { strategy: 'multi_master', conflict_policy: 'the last write wins' }),
      ],
    },
  });
  visitor = startVisitor(proxy.port('shop'));
}, 60_000);

afterAll(async () => {
  await visitor?.stop();
  for (const one of members) await one.stop();
  await cleanUp();
}, 30_000);

describe('a service of three nodes that all serve', () => {
  it('is served by all of them, and would do without any one', async () => {
    const now = await until('shop', 'all are in', (seen) => ['a', 'b', 'c'].every((name) => isIn(name)(seen)));

    expect(now.standing).toMatchObject({ wouldSucceed: true, candidate: null });
    expect(now).toMatchObject({ primary: null, decision: { action: 'none', page: false } });
    expect(await servers()).toEqual(['a', 'b', 'c']);
  });

  it('loses a node that is not well: nobody gets an error afterwards, and it is not stopped', async () => {
    member('b').well = false;
    const now = await until('shop', 'b is out', isOut('b'));

    expect(now.history[0]).toMatchObject({ kind: 'fence', automatic: true, succeeded: true, from: 'b' });
    expect(nodeOf(now, 'b')).toMatchObject({ probe: { reach: 'failed' }, fence: { manual: false, proof: null } });
    expect(await servers(60)).toEqual(['a', 'c']);
  });

  it('lets it in again by itself, once it was well often enough in a row', async () => {
    const wellAt = Date.now();
    member('b').well = true;
    const now = await until('shop', 'b is in', isIn('b'));

    expect(now.history[0]).toMatchObject({ kind: 'rejoin', automatic: true, succeeded: true });
    expect(now.history[0]?.reason).toMatch(/b answered [4-9] probes in a row/);
    expect(Date.parse(now.history[0]?.startedAt ?? '') - wellAt).toBeGreaterThanOrEqual(900);
    expect(await servers()).toEqual(['a', 'b', 'c']);
  });

  it('keeps one out that a person took out, also when the load balancer has forgotten it, until a person lets it in', async () => {
    const confirm = { confirm: 'shop', reason: 'a new disk' };
    const fenced = await perform(genesis, 'POST', '/services/shop/nodes/c/fence', confirm);
    expect(fenced).toMatchObject({ state: 'succeeded' });
    await until('shop', 'c is out', isOut('c'));
    await sleep(2000);
    const still = await factsOf('shop');
    expect(nodeOf(still, 'c')).toMatchObject({ health: { failuresInRow: 0 }, fence: { manual: true } });
    expect(isOut('c')(still)).toBe(true);

    await proxy.reload();
    await waitUntil('c is cut off again', async () => genesis.output().includes('a fenced node was cut off again'));
    await until('shop', 'c is out again', isOut('c'));
    expect(await servers(60)).toEqual(['a', 'b']);

    const back = await perform(genesis, 'POST', '/services/shop/nodes/c/rejoin', confirm);
    expect(back).toMatchObject({ state: 'succeeded' });
    await until('shop', 'c is in', isIn('c'));
    expect(await servers()).toEqual(['a', 'b', 'c']);
  }, 40_000);

  it('keeps one that failed as the last but one, because the rest would be too few, and pages', async () => {
    member('a').well = false;
    await until('shop', 'a is out', isOut('a'));
    member('b').well = false;
    await until('shop', 'b is out', isOut('b'));
    member('c').well = false;
    const held = await until('shop', 'c is held', ({ decision }) => decision.node === 'c');

    expect(held.decision).toMatchObject({ action: 'hold', act: false, page: true });
    expect(held.standing.wouldSucceed).toBe(false);
    // A reload in the middle of it brings back nobody who is out.
    await proxy.reload();
    await until('shop', 'a and b are out again', (now) => ['a', 'b'].every((name) => stateOf(now, name) === 'maint'));
    for (const name of ['a', 'b', 'c']) member(name).well = true;
    await until('shop', 'all are in', (seen) => ['a', 'b', 'c'].every((name) => isIn(name)(seen)));
    expect(await servers()).toEqual(['a', 'b', 'c']);
  }, 40_000);
});

describe('a service of two nodes that both write', () => {
  it('takes out the one that is not well, whichever wrote first, and lets it in by the same rule', async () => {
    const first = await until('ledger', 'west is out', isOut('west'));
    expect(first).toMatchObject({ primary: null, writable: ['east'] });
    member('west').well = true;
    await until('ledger', 'west is in', isIn('west'));

    member('east').well = false;
    await until('ledger', 'east is out', isOut('east'));
    member('east').well = true;
    const now = await until('ledger', 'east is in', isIn('east'));
    expect(now.history[0]).toMatchObject({ kind: 'rejoin', automatic: true, succeeded: true, from: 'east' });
    expect(now.decision).toMatchObject({ action: 'none', page: false });
    await until('ledger', 'both write', ({ writable }) => writable.length === 2);
  }, 40_000);
});
