import { createServer } from 'node:http';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';
import { service, startScaledBench, type ScaledBench } from './support/scaled.ts';

// Metrics that go missing in every way: nothing is removed, it is frozen and told within three evaluations, and goes on by itself.

let bench: ScaledBench;
const evaluationMs = 1000;

beforeAll(async () => {
  bench = await startScaledBench({
    mode: 'auto',
    min: 1,
    max: 4,
    desired: 2,
    interval: '1s',
    evaluation_periods: 2,
    cooldown: { up: '1s', down: '1s' },
    warm_up: '1s',
    stale_after: '5s',
    freeze_after: 3,
    ready_within: '3s',
    metrics: [{ name: 'steered', kind: 'query', query: 'steered', scales: 'mean', target: 0.5, up: 0.7, down: 0.3 }],
  });
  bench.steer('steered 0.5');
  await waitUntil('two workers serve and the metric is known', async () => {
    const { decision } = await bench.facts();
    return (await bench.ready()) === 2 && decision?.votes[0]?.reading.known === true;
  }, { deadlineMs: 60_000, processes: [bench.genesis.process] }); // prettier-ignore
}, 120_000);

afterAll(async () => {
  await bench?.stop();
  await cleanUp();
}, 60_000);

/** Low before, so that a majority wants fewer as soon as it is known again; meanwhile nothing may go. */
async function frozenBy(why: string, fault: () => void | Promise<void>): Promise<void> {
  const before = await bench.ready();
  await fault();
  const began = Date.now();
  await waitUntil(`it is frozen because the metric is ${why}`, async () => (await bench.metric('frozen')) === '1', {
    deadlineMs: 30_000,
    intervalMs: 100,
  });
  const { decision } = await bench.facts();

  expect(decision).toMatchObject({ action: 'freeze', page: true, act: false });
  expect(decision?.votes).toMatchObject([{ direction: 'unknown', reading: { known: false, why } }]);
  // Three evaluations, after the samples of before have left the window of the query.
  expect(Date.now() - began).toBeLessThan(3000 + 6 * evaluationMs + 3000);
  expect(await bench.ready()).toBe(before);
}

async function goesOn(mend: () => void | Promise<void>): Promise<void> {
  await mend();
  await waitUntil('it goes on', async () => (await bench.metric('frozen')) === '0', { deadlineMs: 30_000 });
}

it.each([
  ['missing', 'the series is gone', () => bench.steer(null)],
  ['not_a_number', 'it is NaN', () => bench.steer('steered NaN')],
  ['missing', 'it is ten minutes old', () => bench.steer(`steered 0.1 ${Date.now() - 600_000}`)],
  ['not_a_number', 'there are two', () => bench.steer('steered{a="1"} 0.1\nsteered{a="2"} 0.1')],
] as const)('holds and freezes: %s, %s', async (why, _what, fault) => {
  await frozenBy(why, fault);
  await goesOn(() => bench.steer('steered 0.5'));
}, 60_000); // prettier-ignore

it('holds and freezes while Prometheus is down, and while something else answers in its place', async () => {
  await frozenBy('unreachable', async () => void (await bench.prometheus.stop()));
  const answers = [
    [503, 'Service Unavailable'],
    [500, '{"status":"error","errorType":"internal","error":"out of memory"}'],
    [200, '<html>log in</html>'],
    [200, '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":"0.1"}]}}'],
  ] as const;
  let [status, body]: readonly [number, string] = answers[0];
  const stranger = createServer((_request, reply) => reply.writeHead(status).end(body));
  await new Promise<void>((resolve) => stranger.listen(bench.prometheusPort, '127.0.0.1', resolve).unref());
  const heard = new Set<string>();
  for (const answer of answers) {
    [status, body] = answer;
    const said = await waitUntil(`it heard ${status} ${body}`, async () => {
      const [vote] = (await bench.facts()).decision?.votes ?? [];
      if (vote?.reading.known !== false) return null;
      const { detail } = vote.reading;
      return !/cannot be reached/.test(detail) && !heard.has(detail) && detail;
    });
    heard.add(said);
    expect(await bench.metric('frozen')).toBe('1');
  }
  await sleep(2 * evaluationMs);
  expect(await bench.metric('frozen')).toBe('1');
  stranger.closeAllConnections();
  await new Promise((resolve) => stranger.close(resolve));
  await goesOn(async () => void (await bench.restartPrometheus()));
}, 60_000);

it('holds and freezes while Prometheus hangs', async () => {
  const { pid } = bench.prometheus.process;
  await frozenBy('unreachable', () => void process.kill(pid, 'SIGSTOP'));
  await goesOn(() => void process.kill(pid, 'SIGCONT'));
}, 60_000);

it('takes back what does not get ready, and keeps what serves', async () => {
  const before = await bench.ready();
  bench.breakWorkers(true);
  bench.steer('steered 0.9');
  await waitUntil('a scale-up was rolled back', async () => (await bench.history())[0]?.rolledBack === true, {
    deadlineMs: 40_000,
  });
  bench.steer('steered 0.5');
  bench.breakWorkers(false);

  const [newest] = await bench.history();
  expect(newest).toMatchObject({ action: 'scale_up', succeeded: false, before });
  expect(newest?.error).toMatch(/ready/);
  await waitUntil('as many serve as before', async () => (await bench.ready()) === before);
  expect(await bench.metric('actions_total')).toBeDefined();
}, 90_000);

it('never removed anything on the way', async () => {
  expect((await bench.history()).filter(({ action }) => action === 'scale_down')).toEqual([]);
});

it('is paused, set by hand within its bounds only, and follows another policy once that is valid', async () => {
  const route = `/services/${service}/scaling`;
  const ask = (path: string, body: unknown, role: 'admin' | 'operator' | 'viewer' = 'operator') =>
    bench.genesis.api<{
      id: string;
      code?: string;
      faults?: readonly { path: string }[];
      valid?: boolean;
      facts?: unknown;
      confirm?: string;
    }>('POST', `${route}${path}`, body, { role });

  expect((await ask('/pause', { seconds: 600, reason: 'a test' }, 'viewer')).status).toBe(403);
  expect((await ask('/pause', { seconds: 600, reason: 'a test' })).status).toBe(200);
  expect((await ask('', { desired: 3 })).body.code).toBe('confirmation_required');
  const plan = await ask('', { desired: 3, confirm: service, dryRun: true });
  expect(plan.body).toMatchObject({ confirm: service, facts: { desired: 3, change: 1 } });
  const outside = await ask('', { desired: 9, confirm: service });
  expect([outside.status, outside.body.code]).toEqual([409, 'scaling_held']);
  const inside = await ask('', { desired: 3, confirm: service });
  expect(await bench.genesis.waitForOperation(inside.body.id)).toMatchObject({
    state: 'succeeded',
    result: { after: 3 },
  });
  expect((await bench.facts()).pause).not.toBeNull();

  expect((await ask('/policy/preview', { policy: 'min: 5\nmax: 2\nfoo: 1\n' })).body).toMatchObject({
    valid: false,
    faults: [{ path: 'foo' }],
  });
  const policy = 'mode: observe\nmin: 3\nmax: 4\ninterval: 1s\n';
  expect((await ask('/policy', { policy, reason: 'a test', confirm: service })).status).toBe(403);
  expect((await ask('/policy', { policy, reason: 'a test', confirm: service }, 'admin')).status).toBe(200);
  await waitUntil('it holds', async () => (await bench.facts()).min === 3);
  expect(await bench.facts()).toMatchObject({ mode: 'observe', override: { by: expect.any(String) } });
  expect((await ask('/policy/reset', { reason: 'a test' }, 'admin')).status).toBe(200);
  await waitUntil('the file holds again', async () => (await bench.facts()).min === 1);
}, 60_000);
