import autocannon from 'autocannon';
import { cleanUp, waitUntil } from './support/processes.ts';
import { demandSeries, seedDailyStep, writeDemandRule } from './support/scaled-history.ts';
import { service, startScaledBench } from './support/scaled.ts';

// The load that rises each day rises for real, and a worker takes twenty seconds until it serves: with the forecast, and without.

const [low, high] = [60, 240];
/** Of 100 requests a second each. */
const enough = 3;
const launchSeconds = 40;

const policy = {
  mode: 'auto',
  min: 1,
  max: 5,
  desired: 1,
  interval: '1s',
  evaluation_periods: 2,
  cooldown: { up: '5s', down: '30s' },
  warm_up: '2s',
  stale_after: '5s',
  ready_within: '60s',
  metrics: [{ name: 'requests', kind: 'query', query: demandSeries, scales: 'total', target: 70, up: 85, down: 50 }],
};

interface Seen {
  readonly mode: string;
  /** When as many served as the load needs, in seconds after it rose; before it: negative; never in its minute and a half: Infinity. */
  readonly servedAfter: number;
  readonly p97_5: number;
  readonly failed: number;
}

async function risen(mode: 'forecast_only' | 'scale_out'): Promise<Seen> {
  const risesAt = Math.ceil((Date.now() + 100_000) / 60_000) * 60_000;
  const tsdb = await seedDailyStep({ at: risesAt, forMs: 1_800_000, low, high }, 3);
  const bench = await startScaledBench(policy, {
    tsdb,
    prometheus: [`rule_files: [${JSON.stringify(writeDemandRule())}]`],
  });
  try {
    await waitUntil('the first worker serves', async () => (await fetch(bench.url)).ok, { deadlineMs: 60_000 });
    bench.slowWorkers(20_000);
    const predictive = { mode, launch: `${launchSeconds}s`, history: '4d', horizon: '1h' };
    const changed = { policy: JSON.stringify({ ...policy, predictive }), reason: 'a test', confirm: service };
    expect((await bench.genesis.api('POST', `/services/${service}/scaling/policy`, changed)).status).toBe(200);
    let servedAt: number | null = null;
    const looking = setInterval(() => {
      void bench.ready().then((ready) => {
        if (ready >= enough) servedAt ??= Date.now();
      });
    }, 250);
    await offered(bench.url, low, Math.max(5, Math.round((risesAt - Date.now()) / 1000)));
    const { p97_5, failed } = await offered(bench.url, high, 90);
    clearInterval(looking);
    expect((await bench.history()).filter(({ action }) => action === 'scale_down')).toEqual([]);
    return { mode, servedAfter: ((servedAt ?? Infinity) - risesAt) / 1000, p97_5, failed };
  } finally {
    await bench.stop();
  }
}

async function offered(url: string, overallRate: number, duration: number): Promise<{ p97_5: number; failed: number }> {
  const { latency, non2xx, errors, timeouts } = await autocannon({ url, connections: 30, overallRate, duration });
  return { p97_5: latency.p97_5, failed: non2xx + errors + timeouts };
}

const all: Seen[] = [];

afterAll(async () => {
  console.table(all);
  await cleanUp();
}, 60_000);

it('is met by workers that were started ahead of it', async () => {
  const seen = await risen('scale_out');
  all.push(seen);

  expect(seen.servedAfter).toBeLessThan(0);
  expect(seen.servedAfter).toBeGreaterThan(-launchSeconds - 60);
  expect(seen).toMatchObject({ failed: 0 });
  expect(seen.p97_5).toBeLessThan(200);
}, 360_000);

// What one worker cannot do shows in no rate: each new one lets the metric rise to what needs the next.
it('is followed late where the forecast is published only', async () => {
  const seen = await risen('forecast_only');
  all.push(seen);

  expect(seen.servedAfter).toBeGreaterThan(20);
  expect(seen).toMatchObject({ failed: 0 });
  expect(seen.p97_5).toBeGreaterThan(200);
}, 360_000);
