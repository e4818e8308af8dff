import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScaleRequest, ScaleResult, ScalingContext } from '../port.ts';
import { victimsOf } from '../victims.ts';
import { endWorkers } from './end.ts';
import { fleetOf, type Workshop } from './engine.ts';
import { withFreePorts } from './ports.ts';
import { awaitReady, startWorkers } from './start.ts';
import { killLeftovers, tidy } from './tidy.ts';
import type { Worker } from './workers.ts';

/** For the holder of the lock only. What an earlier call has begun is brought to its end first. */
export async function scale(
  shop: Workshop,
  request: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const running = await tidy(shop.place);
  if (!running.ok) return running;
  const swept = await killLeftovers(shop.place, new Set(running.value.map(({ name }) => name)));
  if (!swept.ok) return swept;
  const before = await fleetOf(shop, running.value, context.signal);
  if (context.signal.aborted) return fail('cancelled', 'nothing was changed: cancelled');
  const victims = new Set(victimsOf(before, request.desired, request.remove));
  const leaving = running.value.filter(({ name, endingSince }) => endingSince !== null || victims.has(name));
  const staying = running.value.filter((worker) => !leaving.includes(worker));
  if (staying.length > request.desired)
    return fail(
      'scaling_failed',
      `${staying.length - request.desired} more would have to end, and nobody can tell how they are: name them in \`remove\``,
    );

  const ended = await endWorkers(shop, leaving, request.drainSeconds, context);
  if (!ended.ok) return ended;
  const started = await startedReady(shop, { running: running.value, staying }, request, context);
  if (!started.ok) return started;

  const after = await tidy(shop.place);
  if (!after.ok) return after;
  const lost = lostOf([...staying, ...started.value], after.value);
  if (lost.length > 0) return isLost(lost, started.value);
  return ok({
    fleet: await fleetOf(shop, after.value, context.signal),
    added: started.value.map(({ name }) => name),
    removed: leaving.map(({ name }) => name),
  });
}

interface Shift {
  readonly running: readonly Worker[];
  readonly staying: readonly Worker[];
}

/** What is missing is started, and it is waited for what is not ready yet. */
function startedReady(
  shop: Workshop,
  { running, staying }: Shift,
  { desired, readySeconds }: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<readonly Worker[]>> {
  const { host, ports } = shop.options;
  const count = desired - staying.length;
  return withFreePorts(host, ports, new Set(running.map(({ port }) => port)), count, async (free) => {
    const started = await startWorkers(shop, running, count, free, context);
    if (!started.ok) return started;
    const waited = await awaitReady(shop, [...staying.filter(isNew), ...started.value], readySeconds, context);
    return waited.ok ? started : waited;
  });
}

function lostOf(there: readonly Worker[], after: readonly Worker[]): readonly string[] {
  return there.filter(({ name }) => !after.some((one) => one.name === name)).map(({ name }) => name);
}

/** It was ready a moment ago: e.g. another program had its port, and answered in its place. */
function isLost(lost: readonly string[], started: readonly Worker[]): Outcome<never> {
  const added = started.map(({ name }) => name).filter((name) => lost.includes(name));
  const words = `${lost.join(', ')} ended meanwhile`;
  return added.length === 0
    ? fail('scaling_failed', words)
    : fail('instance_not_ready', `${words}, see the log in its folder`, { details: { added } });
}

/** Started by a call that did not come to its end. */
function isNew({ wasReady }: Worker): boolean {
  return !wasReady;
}
