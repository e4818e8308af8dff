import { dateTimeForTimeZone, getTimeZone } from '@grafana/data';

/** Milliseconds from UTC, at a moment, of the zone that the person chose and in which an axis is labelled. */
export function offsetOf(ms: number): number {
  return dateTimeForTimeZone(getTimeZone(), ms).utcOffset() * 60_000;
}
