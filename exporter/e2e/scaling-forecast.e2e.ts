import autocannon from 'autocannon';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';
import { seedDailyStep, demandSeries, writeDemandRule } from './support/scaled-history.ts';
import { service, startScaledBench, type ScaledBench } from './support/scaled.ts';

// A load that rises at the same time each day: Prometheus remembers three days of it, and workers are started before it comes. Published
// only, as long as the mode says so; within the bounds; and it removes nothing.

const intervalMs = 1000;
const [low, high] = [60, 240];
/** The minute in which the load is going to rise. */
const risesAt = Math.ceil((Date.now() + 90_000) / 60_000) * 60_000;
let bench: ScaledBench;
let load: autocannon.Instance | undefined;

const policy = {
  mode: 'auto',
  min: 1,
  max: 3,
  desired: 1,
  interval: `${intervalMs / 1000}s`,
  evaluation_periods: 2,
  cooldown: { up: '2s', down: '4s' },
  warm_up: '1s',
  stale_after: '5s',
  ready_within: '20s',
  metrics: [
    // One worker is right for what comes now, and no metric ever asks for fewer.
    { name: 'requests', kind: 'query', query: demandSeries, scales: 'total', target: 70, up: 100, down: null },
  ],
};
/** So long a worker takes, they say: what comes in a minute and a half counts already. */
const predictive = (mode: string, launch: string) => ({ predictive: { mode, launch, history: '4d', horizon: '1h' } });

beforeAll(async () => {
  const tsdb = await seedDailyStep({ at: risesAt, forMs: 1_800_000, low, high }, 3);
  bench = await startScaledBench(policy, {
    tsdb,
    prometheus: [`rule_files: [${JSON.stringify(writeDemandRule())}]`],
  });
  await waitUntil('the first worker serves', async () => (await fetch(bench.url)).ok, {
    deadlineMs: 60_000,
    processes: [bench.genesis.process],
  });
  load = autocannon({ url: bench.url, connections: 4, overallRate: low, duration: 300 }, () => undefined);
}, 120_000);

afterAll(async () => {
  load?.stop();
  await bench?.stop();
  await cleanUp();
}, 60_000);

async function follow(changed: Record<string, unknown>): Promise<void> {
  const body = { policy: JSON.stringify({ ...policy, ...changed }), reason: 'a test', confirm: service };
  const reply = await bench.genesis.api('POST', `/services/${service}/scaling/policy`, body);
  expect(reply.status).toBe(200);
}

const begun = { action: 'scale_up', trigger: 'schedule', wanted: 1 };

it('is published with its error, and starts nothing as long as it is forecast only', async () => {
  await follow(predictive('forecast_only', '200s'));
  await waitUntil('the forecast is there, and the load is what it was', async () => {
    const { decision } = await bench.facts();
    const [vote] = decision?.votes ?? [];
    return (decision?.predicted ?? 0) > 3 && vote?.reading.known === true && vote.reading.value > low - 10;
  }, { deadlineMs: 40_000, processes: [bench.genesis.process] }); // prettier-ignore
  await sleep(5 * intervalMs);

  expect(await bench.facts()).toMatchObject({
    forecast: { known: true, metric: 'requests', samples: expect.any(Number) },
    decision: { action: 'hold', predicted: 4, current: 1 },
    history: [begun],
  });
  const published = ['error_ratio', 'pinball', 'coverage_ratio'].map((name) => bench.metric(`forecast_${name}`));
  const [error, pinball, coverage] = (await Promise.all(published)).map(Number);
  expect(error).toBeLessThan(0.1);
  expect(pinball).toBeGreaterThan(0);
  expect(coverage).toBeGreaterThan(0.7);
  expect(await bench.metric('predicted_replicas')).toBe('4');
  expect(await bench.metric('replicas')).toBe('1');
}, 60_000);

it('starts workers before the load comes, as many as are allowed', async () => {
  await follow(predictive('scale_out', '200s'));
  await waitUntil('three workers serve', async () => (await bench.history())[0]?.after === 3, { deadlineMs: 30_000 });
  expect(await bench.ready()).toBe(3);
  const { decision } = await bench.facts();
  const [newest] = await bench.history();

  expect(Date.now()).toBeLessThan(risesAt);
  expect(newest).toMatchObject({ action: 'scale_up', trigger: 'forecast', before: 1, wanted: 3, succeeded: true });
  expect(newest?.reason).toMatch(/the forecast needs 4 in 200 s.*3 are the most allowed/);
  expect(newest?.metrics['requests']).toBeLessThan(100);
  expect(decision).toMatchObject({ current: 3, votes: [{ direction: 'stay' }] });
}, 60_000);

it('removes nothing on its own account when it calls for fewer', async () => {
  await follow(predictive('scale_out', '5s'));
  await waitUntil('fewer are forecast', async () => ((await bench.facts()).decision?.predicted ?? 9) < 3);
  await sleep(6 * intervalMs);

  expect(Date.now()).toBeLessThan(risesAt);
  expect(await bench.ready()).toBe(3);
  expect(await bench.history()).toMatchObject([{ action: 'scale_up', trigger: 'forecast' }, begun]);
}, 60_000);
