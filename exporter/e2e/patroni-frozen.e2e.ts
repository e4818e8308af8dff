import type { NodeProbe } from '../src/contract/failover.ts';
import { countWriters } from '../src/engines/failover/writable.ts';
import { createPatroniFailover } from '../src/engines/failover/patroni/engine.ts';
import type { FailoverCluster, FailoverNode } from '../src/engines/failover/port.ts';
import { patroniDeps, startPatroniCluster, stopPatroni, type PatroniCluster } from './support/patroni.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

// Patroni of the primary is frozen (SIGSTOP) while its PostgreSQL goes on taking writes, until the key runs out and another node leads:
// two writers. The REST API of the frozen one is silent, so only a look at PostgreSQL itself finds it.

const engine = createPatroniFailover(patroniDeps);
const never = new AbortController().signal;
const notes: string[] = [];
const context = { signal: never, note: (detail: string) => void notes.push(detail) };
let cluster: PatroniCluster;
let target: FailoverCluster;

function node(name: string, change: Partial<FailoverNode> = {}): FailoverNode {
  const found = target.nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return { ...found, ...change };
}

async function writers(): Promise<readonly (NodeProbe & { readonly node: string })[]> {
  const all = await Promise.all(
    target.nodes.map(async (one) => ({ node: one.name, ...(await engine.probe(target, one, never)) })),
  );
  return all.filter(({ writable }) => writable === true);
}

beforeAll(async () => {
  cluster = await startPatroniCluster({
    folder: tempFolder('gpat-'),
    nodes: ['n1', 'n2', 'n3'],
    settings: { ttl: 12 },
  });
  target = cluster.target({ timeoutSeconds: 20 });
  await cluster.node('n1').sql('CREATE TABLE t (id serial PRIMARY KEY)');
}, 120_000);
afterAll(async () => {
  await stopPatroni();
  await cleanUp();
}, 60_000);

describe('a primary whose Patroni is frozen', () => {
  it('is found as the second writer, never taken for fenced, and fenced by its command with a proof', async () => {
    const frozen = cluster.node('n1');
    frozen.freeze();
    // The truth, by a client's own look, beside what the engine says.
    const second = waitUntil(
      'a second node takes writes',
      async () => {
        for (const one of [cluster.node('n2'), cluster.node('n3')])
          if (
            (await one.sql("SELECT FROM pg_settings WHERE name = 'transaction_read_only' AND setting = 'off'")).length
          )
            return { name: one.name, at: performance.now() };
        return null;
      },
      { deadlineMs: 45_000, intervalMs: 50 },
    );
    const found = await waitUntil(
      'the engine sees two writers',
      async () => {
        const seen = await writers();
        return seen.length === 2 ? { seen, at: performance.now() } : null;
      },
      { deadlineMs: 60_000, intervalMs: 1000 },
    );
    const truth = await second;
    expect((found.at - truth.at) / 1000).toBeLessThan(15);
    expect(found.seen.map((one) => one.node).sort()).toEqual(['n1', truth.name].sort());
    expect(found.seen.find((one) => one.node === 'n1')?.problem).toBe(
      'Patroni of n1 does not answer: no answer within 2 s; PostgreSQL takes writes all the same, and where Patroni is frozen or gone nobody stops it',
    );
    // The count that is independent of the engine says the same.
    const counted = await countWriters(target, { balancer: null, fetch: patroniDeps.fetch }, never);
    expect([...counted.writers].sort()).toEqual(['n1', truth.name].sort());
    // It does not only say so: it acknowledges.
    expect(await frozen.sql('INSERT INTO t DEFAULT VALUES RETURNING id')).toHaveLength(1);

    expect(await engine.provenDown(target, node('n1', { data: frozen.data }), context)).toBeNull();
    const without = await engine.fence(target, node('n1', { data: frozen.data }), context);
    expect(without).toMatchObject({
      error: { code: 'fencing_unproven', message: expect.stringContaining('commands.stop') },
    });
    expect(await frozen.sql('INSERT INTO t DEFAULT VALUES RETURNING id')).toHaveLength(1);

    const commands = { ...node('n1').commands, stop: ['/bin/kill', '-KILL', String(frozen.patroni.pid)] };
    const fenced = await engine.fence(target, node('n1', { data: frozen.data, commands }), context);
    expect(fenced).toMatchObject({ ok: true, value: { method: 'process' } });
    expect(frozen.postmaster()).toBeNull();
    expect((await writers()).map((one) => one.node)).toEqual([truth.name]);
    expect(notes.join('\n')).toMatch(/has gone and left \d+ processes of PostgreSQL: they are ended/);

    // Rewound by Patroni itself: what only the old primary had is gone, and said to be gone by nobody but the count.
    await frozen.start();
    const back = await engine.rejoin(target, node('n1'), node(truth.name), { allowClone: true }, context);
    expect(back).toMatchObject({ ok: true });
    expect(await frozen.sql('SELECT id FROM t')).toEqual([]);
  }, 120_000);
});
