import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { casesOf } from './support/cases.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startScaledBench, type ScaledBench } from './support/scaled.ts';

// Clocks that are apart: Genesis runs an hour before or behind Prometheus, workers stamp their samples wrongly, and the clock is set while
// a cooldown runs. The clock of the machine stays as it is: Genesis is given one of its own.

const hourMs = 3_600_000;
const cooldown = { up: 2, down: 8 };
const folder = tempFolder('gclock-');
const offsetFile = path.join(folder, 'offset');
let bench: ScaledBench;

/** `Date` of a Genesis that is started with it; timers go on as they are. */
const ownClock = `
import { readFileSync } from 'node:fs';
const real = Date;
let offset = 0, readAt = -Infinity;
const now = () => {
  if (performance.now() - readAt > 20) { readAt = performance.now(); offset = Number(readFileSync(${JSON.stringify(offsetFile)}, 'utf8')); }
  return real.now() + offset;
};
globalThis.Date = new Proxy(real, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  apply: () => new real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
`;

function setClock(offsetMs: number): void {
  writeFileSync(`${offsetFile}.part`, String(offsetMs));
  renameSync(`${offsetFile}.part`, offsetFile);
}

beforeAll(async () => {
  const file = path.join(folder, 'clock.mjs');
  writeFileSync(file, ownClock);
  setClock(0);
  bench = await startScaledBench(
    {
      ...policy,
      balancer: null,
      cooldown: { up: `${cooldown.up}s`, down: `${cooldown.down}s` },
      metrics: [{ name: 'busy', kind: 'queue_length', source: 'own', target: 10, up: 12, down: 5 }],
    },
    {
      env: { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` },
      others: () => ({ steered: { engine: 'command', command: shopOf(), ...policy, ...steeredPolicy } }),
      prometheus: ['storage: {tsdb: {out_of_order_time_window: 30m}}'],
    },
  );
  bench.busyWorkers(8);
  bench.steer('steered 0.5');
  await waitUntil('both have two, and know their metrics', async () => {
    const all = await Promise.all([bench.facts(), bench.facts('steered')]);
    const ready = await Promise.all([bench.ready(), bench.ready('steered')]);
    return ready.every((n) => n === 2) && all.every(({ decision }) => decision?.votes[0]?.reading.known === true);
  }, { deadlineMs: 60_000, processes: [bench.genesis.process] }); // prettier-ignore
}, 120_000);

afterAll(async () => {
  await bench?.stop();
  await cleanUp();
}, 60_000);

const policy = {
  mode: 'auto',
  min: 1,
  max: 4,
  desired: 2,
  interval: '1s',
  evaluation_periods: 2,
  warm_up: '1s',
  stale_after: '5s',
  freeze_after: 3,
  ready_within: '10s',
  drain: '2s',
};
const steeredPolicy = {
  cooldown: { up: '1s', down: '1s' },
  metrics: [{ name: 'steered', kind: 'query', query: 'steered', scales: 'mean', target: 0.5, up: 0.7, down: 0.3 }],
};

/** An operator's programs, whose two instances are always there. */
function shopOf(): Record<string, unknown> {
  const file = path.join(folder, 'list');
  writeFileSync(file, `#!/bin/sh\necho '[{"name":"a","state":"ready"},{"name":"b","state":"ready"}]'\n`, {
    mode: 0o755,
  });
  return { list: [file], scale: ['/bin/false'], timeout: '4s' };
}

const frozen = () => bench.metric('frozen', 'steered');

async function frozenBy(why: string, load: () => string): Promise<void> {
  const began = Date.now();
  const steering = setInterval(() => bench.steer(load()), 200);
  bench.steer(load());
  try {
    await waitUntil(`it is frozen: ${why}`, async () => (await frozen()) === '1', { deadlineMs: 30_000 });
    const tookMs = Date.now() - began;
    await sleep(2000);

    const { decision } = await bench.facts('steered');
    expect(decision).toMatchObject({ action: 'freeze', page: true, act: false });
    expect(decision?.votes).toMatchObject([{ direction: 'unknown', reading: { known: false, why } }]);
    expect(tookMs).toBeLessThan(12_000);
    expect(await bench.history('steered')).toEqual([]);
  } finally {
    clearInterval(steering);
  }
}

async function goesOn(): Promise<void> {
  bench.steer('steered 0.5');
  await waitUntil('it goes on', async () => (await frozen()) === '0', { deadlineMs: 30_000 });
  expect(await bench.history('steered')).toEqual([]);
}

it.each(
  casesOf([
    ['ten minutes behind', -600_000],
    // Prometheus takes nothing from further ahead.
    ['nine minutes ahead', 540_000],
  ]),
)('freezes where the clock of the workers is %s', async (_what, offsetMs) => {
  await frozenBy('missing', () => `steered 0.1 ${Date.now() + offsetMs}`);
  await goesOn();
}, 60_000); // prettier-ignore

it.each(
  casesOf([
    ['an hour before', hourMs],
    ['an hour behind', -hourMs],
  ]),
)('freezes where Genesis is %s Prometheus', async (_what, offsetMs) => {
  setClock(offsetMs);
  await frozenBy('stale', () => 'steered 0.1');

  bench.steer('steered 0.5');
  await waitUntil('the load is right again', async () => (await bench.prometheus.query('steered'))[0]?.value === 0.5);
  setClock(0);
  await goesOn();
}, 60_000); // prettier-ignore

/** Just after an evaluation has ended, so that the clock is set while Genesis waits for the next. */
async function whenItWaits(): Promise<void> {
  const { decision: before } = await bench.facts();
  await waitUntil('an evaluation has ended', async () => (await bench.facts()).decision?.at !== before?.at, {
    intervalMs: 50,
  });
}

it.each(
  casesOf([
    ['back', -hourMs],
    ['forward', 0],
  ]),
)('keeps its cooldown, and no longer, when the clock is set %s by an hour', async (_what, offsetMs) => {
  const [before] = await bench.history();
  bench.busyWorkers(20);
  await waitUntil('four serve', async () => {
    const [last] = await bench.history();
    return last?.operationId !== before?.operationId && last?.after === 4;
  }); // prettier-ignore
  const began = Date.now();
  bench.busyWorkers(1);
  await whenItWaits();
  setClock(offsetMs);
  await sleep(began + (cooldown.down - 1) * 1000 - Date.now());
  expect(await bench.ready()).toBe(4);
  const { decision, lastUpAt } = await bench.facts();
  expect(decision).toMatchObject({ action: 'hold', votes: [{ direction: 'down' }] });
  expect(Math.abs(Date.parse(lastUpAt ?? '') - offsetMs - began)).toBeLessThan(3000);

  const [last] = await bench.history();
  const removal = await waitUntil('one was removed', async () => {
    const [newest] = await bench.history();
    return newest !== undefined && newest.operationId !== last?.operationId && newest;
  }); // prettier-ignore
  bench.busyWorkers(8);
  expect(removal).toMatchObject({ action: 'scale_down', succeeded: true, trigger: 'metrics', after: 3 });
  expect(Date.now() - began).toBeLessThan((cooldown.down + 15) * 1000);
}, 60_000); // prettier-ignore
