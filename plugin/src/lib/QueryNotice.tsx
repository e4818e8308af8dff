import type { ApiError } from '../api/problem.ts';
import { ErrorNotice } from '../components/states.tsx';

interface QueryNoticeProps {
  readonly error: ApiError | null;
  /** What could not be done, e.g. "The backups could not be listed". */
  readonly title: string;
  readonly onRetry: () => void;
  /** What was known before is still shown. */
  readonly stale: boolean;
}

/** Why a part of the page could not be read. During an outage the page's own notice says it once for all parts that still show something. */
export function QueryNotice({ error, stale, ...rest }: QueryNoticeProps): React.JSX.Element | null {
  if (error === null || (error.isOutage && stale)) return null;
  return <ErrorNotice error={error} stale={stale} {...rest} />;
}
