import { getTimeZone } from '@grafana/data';
import { t } from '../text.ts';
import { memo } from 'react';
import { formatTime } from './format.ts';

interface MomentProps {
  /** ISO 8601; null: see `absent`. */
  readonly at: string | null;
  /** What to say when there is none, e.g. "never". */
  readonly absent?: string;
}

/**
 * A moment with its zone for long lists: drawn once and not every second, with UTC in the browser's own tooltip. A thousand of
 * the livelier ones would make a list stutter.
 */
export const Moment = memo(function Moment({ at, absent }: MomentProps): React.JSX.Element {
  if (at === null) return <span>{absent ?? t('time.unknown', 'not known')}</span>;
  return (
    <time dateTime={at} title={formatTime(at, 'utc')}>
      {formatTime(at, getTimeZone())}
    </time>
  );
});
