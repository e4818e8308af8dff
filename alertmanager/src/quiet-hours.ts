import { weekdays } from '@genesis-dr/exporter/config';
import type { Config, Weekday } from '@genesis-dr/exporter/config';

/** A period as Alertmanager knows it: within one day, in its own time zone. */
export interface TimeInterval {
  readonly times: readonly { readonly start_time: string; readonly end_time: string }[];
  readonly weekdays?: readonly Weekday[];
  readonly location: string;
}

/** The interval `quiet-hours`; empty when there are none. A period over midnight becomes two, the second on the days after. */
export function quietHours({ alertmanager }: Pick<Config, 'alertmanager'>): TimeInterval[] {
  const { time_zone: location, periods } = alertmanager.quiet_hours;
  return periods.flatMap(({ from, to, weekdays: days }): TimeInterval[] => {
    if (from < to) return [within(from, to, days, location)];
    const evening = within(from, '24:00', days, location);
    return to === '00:00' ? [evening] : [evening, within('00:00', to, days.map(dayAfter), location)];
  });
}

function within(start_time: string, end_time: string, days: readonly Weekday[], location: string): TimeInterval {
  return { times: [{ start_time, end_time }], ...(days.length === 0 ? {} : { weekdays: days }), location };
}

function dayAfter(day: Weekday): Weekday {
  return weekdays[(weekdays.indexOf(day) + 1) % weekdays.length] ?? day;
}
