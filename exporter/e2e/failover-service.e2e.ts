import type { Plan } from '../src/contract/operation.ts';
import { confirm, service, startPair, type Pair } from './support/failover-pair.ts';
import { freezeServer } from './support/failover-postgres.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';

describe('a PostgreSQL pair that fails over', () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
  }, 120_000);

  afterAll(async () => {
    await pair?.writer.stop();
    await stopServers();
    await cleanUp();
  }, 60_000);

  it('says at any time whether a failover would succeed', async () => {
    const now = await pair.settled('a');

    expect(now.standing).toMatchObject({ candidate: 'b', loss: { bytes: expect.any(Number) } });
    expect(now.nodes.map(({ name, probe }) => [name, probe?.role, probe?.writable])).toEqual([
      ['a', 'primary', true],
      ['b', 'standby', false],
    ]);
    expect(now.decision).toMatchObject({ action: 'none', act: false, page: false });
    const counted = await pair.until(
      'the independent count has looked',
      ({ writable, balancer }) => writable.length === 1 && balancer?.known === true && balancer.value.writer !== null,
    );
    expect(counted.writable).toEqual(['a']);
    expect(counted.balancer).toMatchObject({
      value: {
        writer: 'a',
        servers: [
          { node: 'a', state: 'up' },
          { node: 'b', state: 'maint' },
        ],
      },
    });
  });

  it('lets only an admin move it, who says why and types its name', async () => {
    const ask = async (token: 'viewer' | 'operator' | 'admin', body: unknown) => {
      const reply = await pair.genesis.api<{ code: string }>('POST', `/services/${service}/switchover`, body, {
        role: token,
      });
      return [reply.status, reply.body.code];
    };

    expect(await ask('viewer', confirm)).toEqual([403, 'forbidden']);
    expect(await ask('operator', confirm)).toEqual([403, 'forbidden']);
    expect(await ask('admin', { reason: 'a test' })).toEqual([422, 'confirmation_required']);
    expect(await ask('admin', { confirm: service })).toEqual([422, 'reason_required']);
    expect(await ask('admin', { ...confirm, candidate: 'nobody' })).toEqual([404, 'node_unknown']);
    expect(await ask('admin', { ...confirm, candidate: 'a' })).toEqual([409, 'no_candidate']);
    expect(await ask('admin', { ...confirm, planEtag: 'an old one' })).toEqual([409, 'plan_stale']);
    const { body: plan } = await pair.genesis.api<Plan>('POST', `/services/${service}/switchover`, { dryRun: true });
    expect(plan).toMatchObject({ blockers: [], facts: { from: 'a', candidate: 'b' }, confirm: service });
  });

  it('hands over as planned: nothing is lost, and the old primary follows', async () => {
    const began = Date.now();
    const ended = await pair.act('switchover', {});

    expect(ended.result).toMatchObject({ from: 'a', to: 'b', warnings: [] });
    const now = await pair.settled('b');
    expect(now.nodes.find(({ name }) => name === 'a')?.probe).toMatchObject({ role: 'standby', upstream: 'b' });
    expect(now.history[0]).toMatchObject({
      kind: 'switchover',
      succeeded: true,
      automatic: false,
      loss: { measuredBytes: 0 },
    });
    expect(await pair.lost(pair.b)).toEqual([]);
    expect(pair.writer.longestGapSince(began)).toBeLessThan(10_000);
  }, 90_000);

  it('fails over by itself when the primary is killed, and brings it back when asked', async () => {
    await pair.settled('b');
    const before = pair.writer.acknowledged.length;
    const killedAt = Date.now();
    await pair.b.kill();
    const now = await pair.until(
      'a serves',
      ({ primary, history }) => primary === 'a' && history[0]?.kind === 'failover',
    );

    expect(now.history[0]).toMatchObject({ succeeded: true, automatic: true, from: 'b', to: 'a' });
    expect(now.nodes.find(({ name }) => name === 'b')?.fence).toMatchObject({ proof: { method: 'process' } });
    await waitUntil('the client writes again', async () =>
      pair.writer.acknowledged.some(({ at }) => at > Date.parse(now.history[0]?.endedAt ?? '')),
    );
    expect(pair.writer.acknowledged.length).toBeGreaterThan(before);
    console.info(
      `time to writable through the load balancer: ${pair.writer.longestGapSince(killedAt)} ms; ${JSON.stringify(now.history[0]?.phases)}`,
    );
    expect((await pair.lost(pair.a)).length).toBeLessThanOrEqual(5);
    await waitUntil('the failover is counted', async () =>
      (await pair.genesis.get('/metrics')).text.includes(
        'genesis_failover_total{cluster="default",service="shop",region="local",result="success"} 2',
      ),
    );

    const back = await pair.act('nodes/b/rejoin', {});
    expect(back.state).toBe('succeeded');
    await pair.settled('a');
  }, 120_000);

  it('fences a frozen primary before it promotes: nobody can write to it when it thaws', async () => {
    const { primary } = await pair.settled('a');
    const thaw = await freezeServer(pair.named(primary ?? '').data);
    const now = await pair.until('b serves', (seen) => seen.primary === 'b' && seen.history[0]?.kind === 'failover');
    await thaw();

    expect(now.history[0]).toMatchObject({ succeeded: true, automatic: true, from: 'a', to: 'b' });
    await sleep(1000);
    expect(await pair.until('one node takes writes', ({ writable }) => writable.length === 1)).toMatchObject({
      writable: ['b'],
    });
    await pair.act('nodes/a/rejoin', {});
    await pair.settled('b');
  }, 120_000);

  it('does nothing while it is paused, and says so', async () => {
    await pair.settled('b');
    const paused = await pair.genesis.api('POST', `/services/${service}/failover/pause`, {
      seconds: 600,
      reason: 'a test',
    });
    expect(paused.status).toBe(200);
    await pair.b.kill();
    const held = await pair.until('it would act', ({ decision }) => decision.action === 'failover');
    expect(held.decision).toMatchObject({ act: false, candidate: 'a' });
    expect(held.decision.reasons.join(' ')).toContain('pause');
    expect(held.primary).toBe('b');

    const resumed = await pair.genesis.api('POST', `/services/${service}/failover/resume`, {});
    expect(resumed.body).toEqual({ service, resumed: true });
    await pair.until('a serves', ({ primary }) => primary === 'a');
  }, 90_000);
});
