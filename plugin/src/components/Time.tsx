import { getTimeZone } from '@grafana/data';
import { t } from '../text.ts';
import { Tooltip } from '@grafana/ui';
import { formatAge, formatDuration, formatTime } from '../lib/format.ts';
import { useNow } from './useNow.ts';

interface TimeProps {
  /** ISO 8601, or milliseconds since 1970; null shows as not known. */
  readonly at: string | number | null | undefined;
  /** `age`: how long ago, the moment on hover. `full` (default): the moment with its zone, and the age. `moment`: only the moment. */
  readonly show?: 'age' | 'full' | 'moment';
  /** What to say when there is none, e.g. "never". */
  readonly absent?: string;
}

/** A moment with its zone and its age, in the zone the person chose in Grafana; UTC on hover. */
export function Time({ at, show = 'full', absent }: TimeProps): React.JSX.Element {
  const now = useNow();
  if (at === null || at === undefined) return <span>{absent ?? t('time.unknown', 'not known')}</span>;
  const iso = new Date(at).toISOString();
  const moment = formatTime(at, getTimeZone());
  const age = formatAge(at, now);
  const utc = formatTime(at, 'utc');
  const text = show === 'age' ? age : show === 'moment' ? moment : `${moment} (${age})`;
  return (
    <Tooltip content={moment === utc ? moment : `${moment} · ${utc}`}>
      <time dateTime={iso}>{text}</time>
    </Tooltip>
  );
}

/** Seconds with their unit; null shows as not known. */
export function Duration({
  seconds,
  absent,
}: {
  readonly seconds: number | null | undefined;
  readonly absent?: string;
}): React.JSX.Element {
  if (seconds === null || seconds === undefined) return <span>{absent ?? t('time.unknown', 'not known')}</span>;
  return <span>{formatDuration(seconds)}</span>;
}
