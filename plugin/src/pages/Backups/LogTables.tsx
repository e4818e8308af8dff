import type { PitrFacts, RecoveryWindow, WalGap } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Alert, Stack } from '@grafana/ui';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable } from '../../lib/DataTable.tsx';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { Moment } from '../../lib/Moment.tsx';
import { backupTestIds } from './testIds.ts';

/** How far single moments reach: the windows, and the segments of the log that are missing. */
export function LogTables({ pitr }: { readonly pitr: PitrFacts }): React.JSX.Element {
  const none = t('log.none', 'none yet');
  return (
    <Stack direction="column" gap={1.5}>
      <Facts
        rows={[
          [
            t('log.oldest', 'Oldest moment that can be had'),
            <Time key="oldest" at={pitr.oldestRestorableAt} absent={none} />,
          ],
          [
            t('log.newest', 'Newest moment that can be had'),
            <Time key="newest" at={pitr.newestRestorableAt} absent={none} />,
          ],
          [t('log.segments', 'Segments of the log looked at'), formatCount(pitr.segments)],
        ]}
      />
      <div data-testid={backupTestIds.windows}>
        <DataTable<RecoveryWindow>
          label={t('log.windows', 'Windows in which every second can be had')}
          columns={[
            { id: 'from', header: t('log.col-from', 'Every second from'), cell: ({ from }) => <Moment at={from} /> },
            { id: 'to', header: t('log.col-to', 'to'), cell: ({ to }) => <Moment at={to} /> },
            {
              id: 'length',
              header: t('log.col-length', 'Length'),
              isNumber: true,
              cell: ({ from, to }) => formatDuration(Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)),
            },
            {
              id: 'timeline',
              header: t('log.col-timeline', 'Timeline'),
              isNumber: true,
              cell: ({ timeline }) => String(timeline),
            },
            { id: 'repository', header: t('log.col-repository', 'Repository'), cell: ({ repository }) => repository },
          ]}
          rows={pitr.windows}
          keyOf={({ repository, timeline, from }) => `${repository} ${timeline} ${from}`}
        />
      </div>
      <Gaps gaps={pitr.gaps} />
    </Stack>
  );
}

function Gaps({ gaps }: { readonly gaps: readonly WalGap[] }): React.JSX.Element {
  if (gaps.length === 0) return <p>{t('log.no-gaps', 'No segment of the log is missing.')}</p>;
  return (
    <div data-testid={backupTestIds.gaps}>
      <Alert
        severity="error"
        title={t('log.gaps', 'Places where the log is broken: {{number}}. What lies in a gap can no longer be had', {
          number: gaps.length,
        })}
      >
        {t('log.gaps-mend', 'A full backup made now begins a new window; the gap itself cannot be mended.')}
      </Alert>
      <DataTable<WalGap>
        label={t('log.gap-table', 'Missing segments of the log')}
        columns={[
          {
            id: 'segments',
            header: t('log.col-missing', 'Missing'),
            cell: ({ segments, firstSegment, lastSegment }) => (
              <span>
                {formatCount(segments)}
                <small style={{ display: 'block', overflowWrap: 'anywhere' }}>
                  {segments === 1 ? firstSegment : `${firstSegment} – ${lastSegment}`}
                </small>
              </span>
            ),
          },
          {
            id: 'from',
            header: t('log.col-after', 'After'),
            cell: ({ from }) => <Moment at={from} absent={t('log.no-before', 'nothing before it')} />,
          },
          {
            id: 'to',
            header: t('log.col-before', 'Before'),
            cell: ({ to }) => <Moment at={to} absent={t('log.no-after', 'nothing after it')} />,
          },
          {
            id: 'timeline',
            header: t('log.col-timeline', 'Timeline'),
            isNumber: true,
            cell: ({ timeline }) => String(timeline),
          },
          { id: 'repository', header: t('log.col-repository', 'Repository'), cell: ({ repository }) => repository },
        ]}
        rows={gaps}
        keyOf={({ repository, firstSegment }) => `${repository} ${firstSegment}`}
      />
    </div>
  );
}
