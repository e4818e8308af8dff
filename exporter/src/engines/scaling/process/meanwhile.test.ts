import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FoundProcess, HttpFetch, Log, ProcessId, Spawner } from '../../../ports/index.ts';
import { endWorkers } from './end.ts';
import { createProcessEngine, type ProcessDeps, type Workshop } from './engine.ts';
import { ProcessOptions } from './options.ts';
import { awaitReady } from './start.ts';
import { killLeftovers, tidy } from './tidy.ts';
import { nameVariable, ownNameVariable, portVariable, writeWorker, type Worker } from './workers.ts';

// What happens beside the worker that is looked at: neighbours that hang, children of others, a disk that is full.

const home = mkdtempSync(path.join(tmpdir(), 'genesis-meanwhile-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const idOf = (pid: number): ProcessId => ({ pid, startTicks: pid, boot: 'b0' });
const workerOf = (number: number): Worker => ({
  name: `web-${number}`,
  port: 9000 + number,
  process: idOf(100 + number),
  startedAt: null,
  wasReady: false,
  endingSince: null,
  askedAt: null,
});
const silence = (): void => undefined;
const log: Log = { debug: silence, info: silence, warn: silence, error: silence };

/** Processes that run until they are signalled. */
function machine(found: FoundProcess[]) {
  const sent: string[] = [];
  const runs = (id: ProcessId): boolean => found.some((one) => one.id.pid === id.pid);
  const spawner: Spawner = {
    spawn: async () => fail('exec_failed', 'nothing is started here'),
    isRunning: async (id) => ok(runs(id)),
    find: async () => ok([...found]),
    signal: async (id, signal) => {
      sent.push(`${signal} ${id.pid}`);
      found.splice(0, found.length, ...found.filter((one) => one.id.pid !== id.pid));
      return ok(true);
    },
    processorSeconds: async (id) => ok(runs(id) ? 0 : null),
  };
  return { spawner, sent };
}

function shopOf(spawner: Spawner, fetch: HttpFetch = async () => new Response('')): Workshop {
  const clock = { now: () => new Date(), sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) };
  const options = ProcessOptions.parse({ command: ['worker'], ports: [9000, 9010] });
  const deps: ProcessDeps = { spawner, clock, fetch, log, service: 'web', home };
  return { options, deps, place: { service: 'web', home, spawner } };
}

const context = () => ({ signal: new AbortController().signal, operation: 'o', note: silence });
const codeOf = (outcome: Outcome<unknown>): string => (outcome.ok ? 'ok' : outcome.error.code);

it('a worker that gets ready counts as ready although its neighbours take connections and say nothing', async () => {
  const workers = [1, 2, 3].map(workerOf);
  const { spawner } = machine(workers.map((one) => ({ id: one.process!, leader: true, env: {} })));
  const fetch: HttpFetch = (url, { signal }) =>
    url.includes(':9003')
      ? Promise.resolve(new Response(''))
      : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));

  const outcome = await awaitReady(shopOf(spawner, fetch), workers, 1, context());

  expect(outcome).toMatchObject({ error: { code: 'instance_not_ready', details: { added: ['web-1', 'web-2'] } } });
});

it('a new worker that ends right after it was seen well is named, and is not told as there', async () => {
  let looks = 0;
  const spawner: Spawner = {
    ...machine([]).spawner,
    spawn: async () => ok(idOf(400)),
    // Another program has its port, answers in its place, and it ends for want of it.
    isRunning: async () => ok((looks += 1) === 1),
  };
  const { options, deps } = shopOf(spawner);
  const alone = path.join(home, 'alone');
  mkdirSync(alone);
  const engine = createProcessEngine(options, { ...deps, home: alone });

  const asked = { desired: 1, remove: [], readySeconds: 2, drainSeconds: 1 };
  expect(await engine.scale(asked, context())).toMatchObject({
    error: {
      code: 'instance_not_ready',
      message: expect.stringMatching(/^web-1 ended/),
      details: { added: ['web-1'] },
    },
  });
});

describe('processes that are found', () => {
  const env = (name: string, own?: string) => ({
    [nameVariable]: name,
    [portVariable]: '9001',
    ...(own === undefined ? {} : { [ownNameVariable]: own }),
  });

  it('belong to the worker that started them, whatever it calls them; what belongs to nobody known is left alone', async () => {
    const { spawner, sent } = machine([
      { id: idOf(101), leader: true, env: env('web-1', 'web-1') },
      { id: idOf(201), leader: false, env: env('child-of-its-own', 'web-1') },
      { id: idOf(202), leader: false, env: {} },
      { id: idOf(203), leader: false, env: env('web-2', 'web-2') },
      { id: idOf(204), leader: false, env: env('web-2') }, // started by an older Genesis
    ]);

    expect(codeOf(await killLeftovers(shopOf(spawner).place, new Set(['web-1'])))).toBe('ok');
    expect(sent).toEqual(['SIGKILL 203', 'SIGKILL 204']);
  });

  it('with a session of their own: the oldest is the worker, not what it has sent into the background', async () => {
    const { spawner } = machine([
      { id: idOf(301), leader: true, env: env('shop-1', 'shop-1') },
      { id: idOf(302), leader: true, env: env('shop-1', 'shop-1') },
    ]);

    const found = await tidy(shopOf(spawner).place);

    expect(found.ok && found.value.filter(({ name }) => name === 'shop-1')).toMatchObject([{ process: { pid: 301 } }]);
  });
});

it('when one cannot be written down the others are brought to their end before anybody else scales', async () => {
  const [bad, good] = [{ ...workerOf(4), name: 'no/such/folder-4' }, workerOf(5)];
  await writeWorker(home, good);
  const { spawner, sent } = machine([{ id: good.process!, leader: true, env: {} }]);
  let asks = 0;
  const slow: Spawner = {
    ...spawner,
    isRunning: async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return (asks += 1) < 3 ? ok(true) : spawner.isRunning(id);
    },
  };

  await expect(endWorkers(shopOf(slow), [bad, good], 5, context())).rejects.toThrow(/ENOENT/);

  expect(sent).toEqual(['SIGTERM 105']);
  expect(asks).toBeGreaterThanOrEqual(3);
});
