import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScaleRequest, ScaleResult, ScalingContext } from '../port.ts';
import { victimsOf } from '../victims.ts';
import { endWorkers } from './end.ts';
import { fleetOf, type Workshop } from './engine.ts';
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
  const started = await startWorkers(shop, running.value, request.desired - staying.length, context);
  if (!started.ok) return started;
  const waited = await awaitReady(shop, [...staying.filter(isNew), ...started.value], request.readySeconds, context);
  if (!waited.ok) return waited;

  const after = await tidy(shop.place);
  if (!after.ok) return after;
  return ok({
    fleet: await fleetOf(shop, after.value, context.signal),
    added: started.value.map(({ name }) => name),
    removed: leaving.map(({ name }) => name),
  });
}

/** Started by a call that did not come to its end. */
function isNew({ wasReady }: Worker): boolean {
  return !wasReady;
}
