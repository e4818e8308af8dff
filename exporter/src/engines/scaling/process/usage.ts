import type { ScalingReading } from '../../../contract/scaling.ts';
import type { Clock, Spawner } from '../../../ports/index.ts';
import { nameOf, processesOf } from './tidy.ts';
import { readWorkers } from './workers.ts';

/** How busy the workers are: of the machine's processor others take their part, and more workers would not lower it. */

/** Shorter than this the kernel's hundredths of a second are too coarse. */
const shortestMs = 1000;

interface Look {
  readonly ms: number;
  /** Processor seconds of a worker, by its name and start: one that was started anew begins at nothing. */
  readonly seconds: ReadonlyMap<string, number>;
}

interface UsageDeps {
  readonly spawner: Spawner;
  readonly clock: Clock;
  readonly service: string;
  readonly home: string;
}

/**
 * Share of one processor that a worker used since the look before, with all it started: the mean over those that ran at both. It
 * is over 1 where a worker has several threads. Unknown at the first look.
 */
export function createUsage(deps: UsageDeps): { read(): Promise<ScalingReading> } {
  let before: Look | null = null;
  let last: ScalingReading | null = null;
  return {
    async read() {
      const at = deps.clock.now().toISOString();
      const unknown = (why: 'missing' | 'unreachable', detail: string): ScalingReading => ({ at, known: false, why, detail }); // prettier-ignore
      const ms = performance.now();
      if (before !== null && last !== null && ms - before.ms < shortestMs) return last;
      const now = await lookAt(deps, ms);
      if (typeof now === 'string') return unknown('unreachable', now);
      const shares = before === null ? [] : sharesOf(before, now);
      const isFirst = before === null;
      before = now;
      if (shares.length > 0)
        last = { at, known: true, value: shares.reduce((sum, share) => sum + share, 0) / shares.length };
      else if (isFirst)
        last = unknown('missing', 'the processor time of the workers is compared from the next look on');
      else last = unknown('missing', 'no worker ran at this look and the one before');
      return last;
    },
  };
}

/** What went wrong, in words, where it cannot be seen. */
async function lookAt({ spawner, service, home }: UsageDeps, ms: number): Promise<Look | string> {
  const found = await processesOf({ spawner, service, home });
  if (!found.ok) return found.error.message;
  const { workers } = await readWorkers(home);
  const seconds = new Map<string, number>();
  for (const { name, process, endingSince } of workers) {
    if (process === null || endingSince !== null) continue;
    const own = found.value.filter((one) => one.id.pid === process.pid || nameOf(one) === name);
    let sum = 0;
    for (const { id } of own) {
      const used = await spawner.processorSeconds(id);
      if (!used.ok) return used.error.message;
      sum += used.value ?? 0;
    }
    seconds.set(`${name} ${process.pid} ${process.startTicks}`, sum);
  }
  return { ms, seconds };
}

function sharesOf(before: Look, now: Look): readonly number[] {
  const elapsed = (now.ms - before.ms) / 1000;
  return [...now.seconds].flatMap(([worker, used]) => {
    const then = before.seconds.get(worker);
    // A child that ended in between may take its time with it.
    return then === undefined ? [] : [Math.max(0, used - then) / elapsed];
  });
}
