import { createPatroniFailover } from '../src/engines/failover/patroni/engine.ts';
import type { Haproxy } from './support/haproxy.ts';
import {
  patroniDeps,
  startPatroniCluster,
  stopPatroni,
  type PatroniCluster,
  type PatroniNode,
} from './support/patroni.ts';
import { familyOf, missing, signalAll, startPrimaryProxy, startWriterWhenServed } from './support/patroni-faults.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';

// Time to writable as a client behind HAProxy has it, by the engine and by Patroni alone, in turns.

const engine = createPatroniFailover(patroniDeps);
const context = { signal: new AbortController().signal, note: () => undefined };
const lines: string[] = [];
let cluster: PatroniCluster;
let proxy: Haproxy;

beforeAll(async () => {
  const folder = tempFolder('gpat-');
  cluster = await startPatroniCluster({ folder, nodes: ['n1', 'n2', 'n3'], client: 'etcd' });
  proxy = await startPrimaryProxy(cluster, folder);
}, 180_000);
afterAll(async () => {
  await proxy.stop();
  await stopPatroni();
  await cleanUp();
  process.stdout.write(`${lines.join('\n')}\n`);
}, 60_000);

type Move = (from: PatroniNode, to: PatroniNode) => Promise<void>;

const byEngine =
  (planned: boolean): Move =>
  async (from, to) => {
    const target = cluster.target();
    const [old, candidate] = [from, to].map(({ name }) => target.nodes.find((node) => node.name === name));
    if (old === undefined || candidate === undefined) throw new Error('no such nodes');
    const outcome = await engine.handOver(target, { planned, from: old, candidate }, context);
    if (!outcome.ok) throw outcome.error;
  };

const byPatroni: Move = async (from, to) => {
  const authorization = `Basic ${Buffer.from('genesis:rest-secret').toString('base64')}`;
  const body = JSON.stringify({ leader: from.name, candidate: to.name });
  await fetch(`${to.url}/switchover`, { method: 'POST', body, headers: { authorization } }).then((r) => r.text());
};

/** Gap of acknowledged writes through HAProxy, seconds. */
async function gapOf(move: Move): Promise<number> {
  const from = await cluster.whole(180_000);
  const to = cluster.nodes.find((node) => node !== from) ?? from;
  const writer = await startWriterWhenServed(proxy.port('primary'));
  await sleep(1500);
  const at = Date.now();
  await move(from, to);
  const done = Date.now();
  await waitUntil('writes go on', () => writer.acknowledged.some((row) => row.at > done), { deadlineMs: 90_000 });
  await sleep(2000);
  const gap = writer.longestGapSince(at) / 1000;
  await writer.stop();
  for (const node of cluster.nodes) await node.start();
  const lost = await missing(await cluster.whole(180_000), writer);
  lines.push(JSON.stringify({ gapSeconds: gap, lost }));
  return gap;
}

const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;

it('a switchover by the engine takes no longer than one by Patroni alone', async () => {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let n = 0; n < 10; n += 1) {
    // In turns also as to the direction: HAProxy looks at its servers one after the other within its second.
    if (n % 2 === 0) ours.push(await gapOf(byEngine(true)));
    theirs.push(await gapOf(byPatroni));
    if (n % 2 === 1) ours.push(await gapOf(byEngine(true)));
  }
  lines.push(`switchover: engine ${ours.join(' ')} | Patroni alone ${theirs.join(' ')}`);
  // What the client sees is Patroni's work and HAProxy's check; two busy cores spread it.
  expect(mean(ours)).toBeLessThan(mean(theirs) * 1.25 + 0.5);
}, 1_500_000);

it('a failover asked for while the key still stands is done when the key runs out, as by Patroni alone', async () => {
  const die = async (primary: PatroniNode): Promise<void> => {
    const servers = familyOf(primary.postmaster() ?? 0);
    await primary.kill();
    signalAll(servers, 'SIGKILL');
  };
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let n = 0; n < 3; n += 1) {
    ours.push(
      await gapOf(async (from, to) => {
        await die(from);
        await byEngine(false)(from, to);
      }),
    );
    theirs.push(await gapOf(die));
  }
  lines.push(`failover, host gone: engine ${ours.join(' ')} | Patroni alone ${theirs.join(' ')}`);
  expect(mean(ours)).toBeLessThan(mean(theirs) * 1.25 + 3);
}, 900_000);
