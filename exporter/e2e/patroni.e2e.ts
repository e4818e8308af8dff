import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Outcome } from '../src/contract/errors.ts';
import type { NodeProbe } from '../src/contract/failover.ts';
import { createPatroniFailover } from '../src/engines/failover/patroni/engine.ts';
import type { FailoverCluster, FailoverNode } from '../src/engines/failover/port.ts';
import { patroniDeps, startPatroniCluster, stopPatroni, type PatroniCluster } from './support/patroni.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

// A real Patroni cluster of three nodes on three members of etcd, moved by the engine. The tests run in order.

const engine = createPatroniFailover(patroniDeps);
let cluster: PatroniCluster;
let target: FailoverCluster;

const never = new AbortController().signal;
const notes: string[] = [];
const context = { signal: never, note: (detail: string) => void notes.push(detail) };

function node(name: string): FailoverNode {
  const found = target.nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function failure(outcome: Outcome<unknown>): { readonly code: string; readonly message: string } {
  if (outcome.ok) throw new Error('it did not fail');
  return outcome.error;
}

async function probes(): Promise<Record<string, NodeProbe>> {
  const all = await Promise.all(target.nodes.map((one) => engine.probe(target, one, never)));
  return Object.fromEntries(target.nodes.map(({ name }, n) => [name, all[n] as NodeProbe]));
}

beforeAll(async () => {
  cluster = await startPatroniCluster({ folder: tempFolder('gpat-'), nodes: ['n1', 'n2', 'n3'] });
  const asMonitor = cluster.target();
  // No superuser: the role that the guide asks for.
  await cluster.node('n1').sql('CREATE ROLE genesis LOGIN; GRANT pg_monitor TO genesis');
  const nodes = asMonitor.nodes.map((one) => ({ ...one, server: one.server && { ...one.server, user: 'genesis' } }));
  target = { ...asMonitor, nodes };
  await cluster.node('n1').sql('CREATE TABLE t (id int PRIMARY KEY)');
}, 120_000);
afterAll(async () => {
  await stopPatroni();
  await cleanUp();
}, 60_000);

describe('the engine patroni on a real cluster', () => {
  it('sees who leads, who follows whom, and one identity of the data', async () => {
    const { n1, n2, n3 } = await probes();

    expect(n1).toMatchObject({ reach: 'answered', role: 'primary', writable: true, timeline: 1, problem: null });
    expect(n1?.synchronousStandbys).toEqual([]);
    for (const standby of [n2, n3]) {
      expect(standby).toMatchObject({ reach: 'answered', role: 'standby', writable: false, upstream: 'n1' });
      expect(standby?.systemId).toBe(n1?.systemId);
      expect(standby?.receivedBytes).toBeGreaterThan(0);
      expect(standby?.upstreamSilentSeconds).toBeGreaterThanOrEqual(0);
    }
  });

  it('finds the names behind addresses that are not configured, and works without SQL', async () => {
    const elsewhere = { ...node('n1'), server: null };
    const other = { ...target, nodes: [elsewhere, node('n2'), node('n3')] };

    expect(await engine.probe(other, node('n2'), never)).toMatchObject({ role: 'standby', upstream: 'n1' });
    expect(await engine.probe(other, elsewhere, never)).toMatchObject({ role: 'primary', writable: true, timeline: 1 });
  });

  it('warns of the version, of what nobody can see, and not of the login', async () => {
    const warnings = await engine.warnings(target, never);

    expect(warnings.join('\n')).toMatch(/before 3\.0\.3 runs on n1 \(3\.0\.2\), n2/);
    expect(warnings.join('\n')).toContain('failsafe_mode is off');
    expect(warnings.join('\n')).not.toMatch(/REST API|refuses the login|paused/);
    const strange = { ...target, patroni: { user: 'genesis', password: 'wrong' } };
    expect((await engine.warnings(strange, never)).join('\n')).toContain('refuses the login of Genesis');
  });

  it('refuses in words what cannot be done, and nothing moves', async () => {
    const ask = async (from: string, candidate: FailoverNode, planned = true) =>
      failure(await engine.handOver(target, { planned, from: node(from), candidate }, context));

    expect(await ask('n1', node('n1'))).toMatchObject({ message: 'n1 cannot take over from itself' });
    expect(await ask('n3', node('n2'))).toMatchObject({ message: 'n1 leads now, not n3: nothing was asked for' });
    const stranger = { ...node('n2'), name: 'n9', url: 'http://127.0.0.1:1', server: null };
    expect((await ask('n1', stranger)).message).toBe('Patroni has no member n9: it has n1, n2, n3');
    const login = { ...target, patroni: { user: 'genesis', password: 'wrong' } };
    const refused = failure(
      await engine.handOver(login, { planned: true, from: node('n1'), candidate: node('n2') }, context),
    );
    expect(refused.message).toBe('Patroni refuses the login of Genesis (failover.patroni): not authenticated');
    expect(await engine.promote(target, node('n2'), context)).toMatchObject({ error: { code: 'not_supported' } });
    expect((await probes())['n1']).toMatchObject({ role: 'primary', writable: true });
  });

  it('pauses and resumes, seen by every Patroni', async () => {
    value(await engine.setPaused(target, true, context));

    for (const one of cluster.nodes) expect(await one.get('/patroni')).toMatchObject({ pause: true });
    expect((await engine.warnings(target, never)).join('\n')).toMatch(/Patroni is paused \(seen since 20/);
    value(await engine.setPaused(target, false, context));
    for (const one of cluster.nodes) expect(await one.get('/patroni')).not.toHaveProperty('pause');
    expect((await engine.warnings(target, never)).join('\n')).not.toContain('is paused');
  }, 30_000);

  it('hands over to the chosen node, once', async () => {
    const before = performance.now();
    const promotion = value(
      await engine.handOver(target, { planned: true, from: node('n1'), candidate: node('n2') }, context),
    );
    const took = performance.now() - before;

    expect(promotion.timeline).toBe(2);
    await cluster.node('n2').sql('INSERT INTO t VALUES (1)');
    expect(took).toBeLessThan(10_000);
    const again = value(
      await engine.handOver(target, { planned: true, from: node('n1'), candidate: node('n2') }, context),
    );
    expect(again).toMatchObject({ timeline: 2, detail: expect.stringContaining('already') });
    await cluster.whole();
    expect(await engine.follow(target, node('n3'), node('n2'), context)).toMatchObject({ ok: true });
    expect((await probes())['n1']).toMatchObject({ role: 'standby', writable: false, upstream: 'n2', timeline: 2 });
  }, 60_000);

  it('proves by the product that the old primary takes no writes, and not that the new one does not', async () => {
    const proof = await engine.provenDown(target, node('n1'), context);

    expect(proof).toMatchObject({ method: 'product', detail: expect.stringContaining('n2 holds the leader key') });
    expect(await engine.provenDown(target, node('n2'), context)).toBeNull();
    expect(await engine.fence(target, node('n2'), context)).toMatchObject({ error: { code: 'fencing_unproven' } });
  });

  it('takes a node back: as it is, or cloned anew by Patroni where its data is broken, but never the leader', async () => {
    const quick = { ...target, timeoutSeconds: 8 };
    const allowed = { allowClone: true };
    expect(value(await engine.rejoin(quick, node('n3'), node('n2'), allowed, context))).toMatch(
      /^n3 runs on timeline 2 and streams from n2$/,
    );
    expect(failure(await engine.rejoin(quick, node('n2'), node('n2'), allowed, context)).message).toContain(
      'is the leader: it is not cloned',
    );

    rmSync(path.join(cluster.node('n3').data, 'global/pg_control'));
    cluster.node('n3').killPostmaster();
    await waitUntil('n3 is down', async () => (await probes())['n3']?.reach !== 'answered');
    const kept = failure(await engine.rejoin(quick, node('n3'), node('n2'), { allowClone: false }, context));
    expect(kept.message).toContain('would have to be cloned, which is not allowed');
    expect(value(await engine.rejoin(quick, node('n3'), node('n2'), allowed, context))).toMatch(
      /^cloned anew; n3 runs on timeline 2 and streams from n2$/,
    );
    expect(await cluster.node('n3').sql('SELECT id FROM t')).toEqual([{ id: 1 }]);
  }, 60_000);
});
