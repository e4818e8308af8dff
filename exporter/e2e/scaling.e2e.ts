import autocannon from 'autocannon';
import { generate as generateDashboards } from '@genesis-dr/dashboards';
import { Config } from '../src/config/index.ts';
import type { ScalingRecord } from '../src/contract/scaling-facts.ts';
import { askPanels, readBoards } from './support/panels.ts';
import { cleanUp, waitUntil } from './support/processes.ts';
import { service, startScaledBench, type ScaledBench } from './support/scaled.ts';

// The real thing: workers behind HAProxy, scraped by Prometheus, under load from outside; nobody but Genesis starts or ends one.

const cooldown = { up: 2, down: 4 };
let bench: ScaledBench;
const loads: autocannon.Instance[] = [];

beforeAll(async () => {
  bench = await startScaledBench({
    mode: 'auto',
    min: 1,
    max: 4,
    desired: 1,
    interval: '1s',
    evaluation_periods: 2,
    cooldown: { up: `${cooldown.up}s`, down: `${cooldown.down}s` },
    max_step: { up: 2, down: 1 },
    warm_up: '1s',
    stale_after: '5s',
    ready_within: '20s',
    drain: '5s',
    metrics: [
      {
        name: 'requests',
        kind: 'query',
        query: 'sum(rate(worker_done_total[4s]))',
        scales: 'total',
        target: 70,
        up: 85,
        down: 50,
      },
    ],
    cost: { instance_hour: 0.1 },
  });
  await waitUntil('the first worker serves', async () => (await fetch(bench.url)).ok, {
    deadlineMs: 60_000,
    processes: [bench.genesis.process],
  });
}, 120_000);

afterAll(async () => {
  for (const load of loads) load.stop();
  await bench?.stop();
  await cleanUp();
}, 60_000);

/** So many requests a second from thirty clients, until it is stopped. */
function offer(perSecond: number, seconds = 90): { ended: Promise<autocannon.Result>; stop(): void } {
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const load = autocannon(
    { url: bench.url, connections: 30, overallRate: perSecond, duration: seconds },
    (error, result) => (error === null || error === undefined ? resolve(result) : reject(error as Error)),
  );
  loads.push(load);
  return { ended: promise, stop: () => load.stop() };
}

const until = (what: string, wanted: (ready: number) => boolean) =>
  waitUntil(what, async () => wanted(await bench.ready()), {
    deadlineMs: 60_000,
    intervalMs: 250,
    processes: [bench.genesis.process],
  });

const failures = ({ non2xx, errors, timeouts }: autocannon.Result) => ({ non2xx, errors, timeouts });
const none = { non2xx: 0, errors: 0, timeouts: 0 };

it('follows a step of the load, and the response time is back below its target', async () => {
  const step = offer(240);
  await until('three or four workers serve', (ready) => ready >= 3);
  step.stop();
  const during = await step.ended;
  const after = await offer(240, 6).ended;

  expect([failures(during), failures(after)]).toEqual([none, none]);
  // One worker answers 100 a second: thirty clients wait 300 ms each. Four have room for 240.
  expect(after.latency.p97_5).toBeLessThan(200);
  expect((await bench.facts()).decision?.votes).toMatchObject([{ metric: 'requests', reading: { known: true } }]);
}, 120_000);

it('goes back with the load, and not one request is lost', async () => {
  const calm = offer(30);
  await until('one worker serves', (ready) => ready === 1);
  calm.stop();
  const seen = await calm.ended;

  expect(failures(seen)).toEqual(none);
  expect(seen['2xx']).toBe(seen.requests.total);
}, 120_000);

it('follows a ramp', async () => {
  const seen: number[] = [];
  for (const perSecond of [60, 120, 180]) {
    const result = await offer(perSecond, 5).ended;
    expect(failures(result)).toEqual(none);
    seen.push(await bench.ready());
  }
  const top = offer(240);
  await until('the top of the ramp is served', (ready) => ready >= 3);
  top.stop();

  expect(failures(await top.ended)).toEqual(none);
  expect(seen.every((ready, n) => ready >= (seen[n - 1] ?? 0))).toBe(true);
}, 120_000);

it('keeps its cooldowns, says why, and what it costs', async () => {
  const history = [...(await bench.history())].reverse();
  const apart = (a: ScalingRecord, b: ScalingRecord): number =>
    (Date.parse(b.startedAt) - Date.parse(a.endedAt)) / 1000;

  expect(history.length).toBeGreaterThanOrEqual(5);
  expect(history.filter(({ succeeded }) => !succeeded)).toEqual([]);
  for (const [n, record] of history.entries()) {
    const before = history[n - 1];
    expect(record).toMatchObject({ after: record.wanted, rolledBack: false });
    expect(record.reason).not.toBe('');
    if (before === undefined || before.trigger !== 'metrics') continue;
    if (record.action === 'scale_down') expect(apart(before, record)).toBeGreaterThanOrEqual(cooldown.down - 0.5);
    else if (before.action === 'scale_up') expect(apart(before, record)).toBeGreaterThanOrEqual(cooldown.up - 0.5);
  }
  const { cost } = await bench.facts();
  expect(cost).toMatchObject({ currency: 'USD', perHour: expect.any(Number) });
  expect(cost?.soFar).toBeGreaterThan(0);
});

it('is seen in the metrics', async () => {
  const { text } = await bench.genesis.get('/metrics');

  for (const name of [
    'replicas',
    'replicas_desired',
    'replicas_min',
    'replicas_max',
    'metric_value',
    'metric_target',
    'cost_per_hour',
  ])
    expect(text).toMatch(new RegExp(`^genesis_scaling_${name}\\{.*service="${service}".*\\} [0-9.]+$`, 'm'));
  expect(text).toMatch(/^genesis_scaling_actions_total\{.*action="scale_up",result="success"\} [1-9]/m);
});

it('is seen on its board', async () => {
  const boards = readBoards(generateDashboards(Config.parse({}))).filter(({ uid }) => uid === 'scaling');
  const answers = await askPanels(bench.prometheus, boards, {
    cluster: 'default',
    region: 'local',
    service,
    metric: 'requests',
    interval: '1m',
  });

  expect(answers.filter(({ error }) => error !== null)).toEqual([]);
  const empty = answers.filter(({ series }) => series.length === 0).map(({ name }) => name);
  // Nothing failed, and nothing is forecast here.
  expect(empty.filter((name) => !/Failed actions|rediction|redicted|forecast/.test(name))).toEqual([]);
});

it('starts a worker again that was killed', async () => {
  await until('the load is gone, and one worker is left', (ready) => ready === 1);
  const pidOf = async (): Promise<number> => {
    const found = /process (\d+)/.exec((await bench.facts()).fleet?.instances[0]?.detail ?? '');
    return Number(found?.[1]);
  };
  const pid = await pidOf();
  process.kill(pid, 'SIGKILL');
  await waitUntil('another one serves', async () => (await bench.ready()) === 1 && (await pidOf()) !== pid, {
    deadlineMs: 30_000,
  });

  expect((await fetch(bench.url)).status).toBe(200);
  expect((await bench.history())[0]).toMatchObject({ action: 'scale_up', succeeded: true, after: 1 });
}, 90_000);
