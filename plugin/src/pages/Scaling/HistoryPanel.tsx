import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { useMemo } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { LoadingRows } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatDuration } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { useScalingHistory, type Scaling, type ScalingRecord } from '../../lib/scaling-api.ts';
import { endOf, metricText, type ScalingRange } from '../../lib/scaling-view.ts';
import { RangeChoice } from './LoadPanel.tsx';
import { scalingTestIds } from './testIds.ts';
import { endWord, rangeWord, triggerWord } from './words.ts';

interface HistoryPanelProps {
  readonly service: string;
  readonly facts: Scaling;
  readonly range: ScalingRange;
  readonly onRange: (range: ScalingRange) => void;
  readonly onOperation: (id: string) => void;
}

/** What was done, who or what asked for it, and what was seen afterwards. */
export function HistoryPanel(props: HistoryPanelProps): React.JSX.Element {
  const { service, facts, range, onRange, onOperation } = props;
  const { data, error, isLoading, refetch } = useScalingHistory(service, Number(range));
  const columns = useMemo(() => columnsOf(onOperation, facts.metrics), [onOperation, facts.metrics]);
  return (
    <Panel
      title={t('scaling.history', 'What was done')}
      aside={<RangeChoice range={range} onRange={onRange} />}
      testId={scalingTestIds.history}
    >
      <QueryNotice
        error={error}
        title={t('scaling.history-failed', 'The history of {{service}} could not be read', { service })}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={4} height={48} />}
      {data !== undefined && data.items.length === 0 && (
        <Text color="secondary">
          {t('scaling.history-none', 'Genesis added and removed nothing in the last {{range}}.', {
            range: rangeWord(Number(range)),
          })}
        </Text>
      )}
      {data !== undefined && data.items.length > 0 && (
        <DataTable
          label={t('scaling.history-table', 'Scaling actions')}
          columns={columns}
          rows={data.items}
          keyOf={({ operationId }) => operationId}
        />
      )}
    </Panel>
  );
}

function columnsOf(onOperation: (id: string) => void, metrics: Scaling['metrics']): readonly Column<ScalingRecord>[] {
  return [
    {
      id: 'at',
      header: t('history.col-at', 'Started'),
      cell: ({ operationId, startedAt }) => (
        <LinkButtonText onClick={() => onOperation(operationId)} below={operationId}>
          <Moment at={startedAt} />
        </LinkButtonText>
      ),
    },
    { id: 'what', header: t('history.col-what', 'What'), cell: whatText },
    { id: 'end', header: t('history.col-end', 'End'), cell: (record) => <End record={record} /> },
    {
      id: 'after',
      header: t('scaling.col-after', 'Seen after it'),
      isNumber: true,
      cell: ({ after }) => after ?? t('time.unknown', 'not known'),
    },
    {
      id: 'took',
      header: t('history.col-took', 'Took'),
      isNumber: true,
      cell: ({ seconds }) => formatDuration(seconds),
    },
    {
      id: 'by',
      header: t('scaling.col-by', 'Asked for by'),
      cell: ({ trigger, by }) => (trigger === 'manual' ? by : triggerWord(trigger)),
    },
    { id: 'reason', header: t('history.col-reason', 'Reason'), cell: (record) => <Why record={record} /> },
    {
      id: 'metrics',
      header: t('scaling.col-metrics', 'Values then'),
      isMinor: true,
      cell: (record) => valuesText(record, metrics),
    },
  ];
}

function whatText({ action, before, wanted }: ScalingRecord): string {
  return action === 'scale_up'
    ? t('scaling.added', 'Added: {{before}} to {{wanted}}', { before, wanted })
    : t('scaling.removed', 'Removed: {{before}} to {{wanted}}', { before, wanted });
}

function End({ record }: { readonly record: ScalingRecord }): React.JSX.Element {
  const { tone, text } = endWord(endOf(record));
  return <StatusBadge tone={tone} text={text} />;
}

function Why({ record: { reason, error } }: { readonly record: ScalingRecord }): React.JSX.Element {
  return (
    <span>
      {reason}
      {error !== null && <span style={{ display: 'block' }}>{error}</span>}
    </span>
  );
}

function valuesText({ metrics: values }: ScalingRecord, metrics: Scaling['metrics']): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `${name} ${metricText(
          value,
          metrics.find((metric) => metric.name === name),
        )}`,
    ) // prettier-ignore
    .join(', ');
}
