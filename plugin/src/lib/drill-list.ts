import { choiceParam, textParam, type StateOf } from './url-state.ts';

/** The Drills page's state in its URL and the query that it makes of it. */

export const drillParams = {
  service: textParam(63),
  passed: choiceParam(['true', 'false']),
  /** The operation of the drill whose evidence is open. */
  drill: textParam(100),
} as const;
export type DrillListState = StateOf<typeof drillParams>;

export function drillQuery({ service, passed }: DrillListState): Record<string, string> {
  return { ...(service === '' ? {} : { service }), ...(passed === '' ? {} : { passed }), limit: '50' };
}

/** When the next drill is due, as the schedule says. */
export type NextDrill =
  { readonly kind: 'due'; readonly at: string } | { readonly kind: 'paused' } | { readonly kind: 'unscheduled' };

export function nextDrill(schedules: readonly { readonly type: string; readonly nextAt: string | null }[]): NextDrill {
  const schedule = schedules.find(({ type }) => type === 'drill');
  if (schedule === undefined) return { kind: 'unscheduled' };
  return schedule.nextAt === null ? { kind: 'paused' } : { kind: 'due', at: schedule.nextAt };
}
