import { Cron } from 'croner';
import type { ScalingSchedule, ScalingView } from '../contract/scaling.ts';

/** Which of the schedules holds: the one that began last. Of two that begin together the one that stands first. */
export function scheduleAt(schedules: readonly ScalingSchedule[], now: Date): ScalingView['schedule'] {
  let found: ScalingView['schedule'] = null;
  let foundMs = -Infinity;
  // An occurrence at this very second holds already.
  const reference = new Date(+now + 1000);
  for (const { name, cron, timezone, min, max, desired } of schedules) {
    const [since] = new Cron(cron, { timezone, paused: true }).previousRuns(1, reference);
    if (since === undefined || +since > +now || +since <= foundMs) continue;
    foundMs = +since;
    found = { name, min, max, desired, since: since.toISOString() };
  }
  return found;
}

/** When the next of any begins; null: never. */
export function nextScheduleAt(schedules: readonly ScalingSchedule[], now: Date): Date | null {
  const runs = schedules.flatMap(({ cron, timezone }) => new Cron(cron, { timezone, paused: true }).nextRun(now) ?? []);
  return runs.length === 0 ? null : new Date(Math.min(...runs.map(Number)));
}
