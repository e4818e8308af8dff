import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScalingContext } from '../port.ts';
import type { Workshop } from './engine.ts';
import { killLeftovers, nameOf, processesOf, tidy } from './tidy.ts';
import { removeWorker, writeWorker, type Worker } from './workers.ts';

const pollMs = 50;
/** The kernel ends a process that was killed as soon as it is back from the device that it waits for. */
const killedMs = 5_000;

/** All at once. Errors: `scaling_failed` (one does not end even by force), `exec_failed`, `cancelled`: they go on ending. */
export async function endWorkers(
  shop: Workshop,
  workers: readonly Worker[],
  drainSeconds: number,
  context: ScalingContext,
): Promise<Outcome<void>> {
  if (workers.length === 0) return ok(undefined);
  const settled = await Promise.allSettled(workers.map((worker) => endOne(shop, worker, drainSeconds, context)));
  // Only when all have come to their end: whoever scales next must not meet one that is still being ended.
  const thrown = settled.find((one) => one.status === 'rejected');
  if (thrown !== undefined) throw thrown.reason;
  const outcomes = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const bad = outcomes.find(({ ok: fine }) => !fine);
  if (bad !== undefined) return bad;
  const rest = await tidy(shop.place);
  if (!rest.ok) return rest;
  return killLeftovers(shop.place, new Set(rest.value.map(({ name }) => name)));
}

async function endOne(
  { options, deps, place }: Workshop,
  worker: Worker,
  drainSeconds: number,
  context: ScalingContext,
): Promise<Outcome<void>> {
  const { name, process: id } = worker;
  const { spawner, home, clock } = deps;
  if (id === null) return ok(undefined); // it never ran
  const asked = await askOnce({ options, deps }, worker);
  if (!asked.ok) return asked;
  const begunMs = performance.now();
  // Only as long as is left of the time that it got when it was asked, also by an earlier call.
  const passed = Math.max(0, +clock.now() - +new Date(asked.value)) / 1000;
  const waiting = Math.max(0, drainSeconds - passed);
  const drained = await gone(shopOf(deps), worker, waiting * 1000, context.signal);
  if (!drained.ok) return drained;
  if (!drained.value) {
    if (context.signal.aborted) return fail('cancelled', `cancelled while ${name} was ending; it goes on`);
    const killed = await spawner.signal(id, 'SIGKILL');
    if (!killed.ok) return killed;
    context.note(`${name}: killed, it had not ended ${drainSeconds} s after ${options.drain_signal}`);
    const dead = await gone(shopOf(deps), worker, killedMs, new AbortController().signal);
    if (!dead.ok) return dead;
    if (!dead.value) return fail('scaling_failed', `${name}: process ${id.pid} does not end even by SIGKILL`);
  } else {
    context.note(`${name}: ended after ${options.drain_signal}`);
    const leftMs = waiting * 1000 - (performance.now() - begunMs);
    const rest = await endRest({ options, deps, place }, name, leftMs, context);
    if (!rest.ok) return rest;
  }
  await removeWorker(home, name);
  return ok(undefined);
}

/**
 * What a worker leaves behind is at work, too, e.g. the program that a shell has started, which hears nothing of the shell's signal: it is
 * asked in its turn, and gets what is left of the time. Whoever stays is killed by the caller.
 */
async function endRest(
  { options, deps, place }: Workshop,
  name: string,
  leftMs: number,
  context: ScalingContext,
): Promise<Outcome<void>> {
  const all = await processesOf(place);
  if (!all.ok) return all;
  const rest = all.value.filter((found) => nameOf(found) === name);
  for (const { id } of rest) {
    const sent = await deps.spawner.signal(id, options.drain_signal);
    if (!sent.ok) return sent;
  }
  const untilMs = performance.now() + leftMs;
  for (const { id } of rest) {
    const ended = await gone(shopOf(deps), { process: id }, untilMs - performance.now(), context.signal);
    if (!ended.ok) return ended;
    if (!ended.value && context.signal.aborted)
      return fail('cancelled', `cancelled while what ${name} had started was ending`);
  }
  if (rest.length > 0) context.note(`${name}: ${rest.length} processes that it had started were asked to end, too`);
  return ok(undefined);
}

type Watch = Pick<Workshop['deps'], 'spawner' | 'clock'>;
const shopOf = ({ spawner, clock }: Workshop['deps']): Watch => ({ spawner, clock });

/** Resolves to when it was asked, by this call or an earlier one. */
async function askOnce(
  { options, deps }: Pick<Workshop, 'options' | 'deps'>,
  worker: Worker,
): Promise<Outcome<string>> {
  if (worker.askedAt !== null) return ok(worker.askedAt);
  const now = deps.clock.now().toISOString();
  const ending = { ...worker, endingSince: worker.endingSince ?? now };
  await writeWorker(deps.home, ending);
  const sent = await deps.spawner.signal(worker.process as NonNullable<Worker['process']>, options.drain_signal);
  if (!sent.ok) return sent;
  await writeWorker(deps.home, { ...ending, askedAt: now });
  return ok(now);
}

async function gone(
  { spawner, clock }: Watch,
  { process: id }: Pick<Worker, 'process'>,
  ms: number,
  signal: AbortSignal,
): Promise<Outcome<boolean>> {
  const deadline = performance.now() + ms;
  for (;;) {
    const runs = await spawner.isRunning(id as NonNullable<Worker['process']>);
    if (!runs.ok) return runs;
    if (!runs.value) return ok(true);
    if (signal.aborted || performance.now() >= deadline) return ok(false);
    await clock.sleep(pollMs, signal);
  }
}
