import type { FailoverRecord } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { useMemo } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { phaseTimes } from '../../lib/failover-view.ts';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { kindWord } from '../Operations/words.ts';
import { failoverTestIds } from './testIds.ts';
import { phaseWord } from './words.ts';

interface HistoryPanelProps {
  readonly history: readonly FailoverRecord[];
  readonly onOperation: (id: string) => void;
}

/** What was done, how long each part of it took, and what it lost against what was predicted. */
export function HistoryPanel({ history, onOperation }: HistoryPanelProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(onOperation), [onOperation]);
  return (
    <Panel title={t('history.title', 'What was done')} testId={failoverTestIds.history}>
      {history.length === 0 ? (
        <Text color="secondary">
          {t('history.none', 'This service was never failed over or switched over by Genesis.')}
        </Text>
      ) : (
        <DataTable
          label={t('history.table', 'Failovers, switchovers, fences and rejoins')}
          columns={columns}
          rows={history}
          keyOf={({ operationId }) => operationId}
        />
      )}
    </Panel>
  );
}

function columnsOf(onOperation: (id: string) => void): readonly Column<FailoverRecord>[] {
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
    {
      id: 'end',
      header: t('history.col-end', 'End'),
      cell: ({ succeeded }) =>
        succeeded ? (
          <StatusBadge tone="good" text={t('operation.succeeded', 'Succeeded')} />
        ) : (
          <StatusBadge tone="bad" text={t('operation.failed', 'Failed')} />
        ),
    },
    {
      id: 'took',
      header: t('history.col-took', 'Took'),
      isNumber: true,
      cell: ({ seconds }) => formatDuration(seconds),
    },
    { id: 'phases', header: t('history.col-phases', 'Of that'), cell: (record) => <Phases record={record} /> },
    { id: 'loss', header: t('history.col-loss', 'Lost (predicted)'), cell: lossWord },
    { id: 'reason', header: t('history.col-reason', 'Reason'), cell: ({ reason }) => reason },
  ];
}

function whatText({ kind, automatic, from, to }: FailoverRecord): string {
  const by = automatic ? t('history.automatic', 'automatic') : t('history.by-hand', 'by a person');
  const unknown = t('time.unknown', 'not known');
  const where =
    kind === 'failover' || kind === 'switchover'
      ? t('history.from-to', '{{from}} to {{to}}', { from: from ?? unknown, to: to ?? unknown })
      : (from ?? unknown);
  return `${kindWord(kind)}: ${where} (${by})`;
}

function Phases({ record }: { readonly record: FailoverRecord }): React.JSX.Element {
  return (
    <span>
      {phaseTimes(record).map(([name, time]) => (
        <span key={name} style={{ display: 'block' }}>
          {phaseWord(name)}: {time}
        </span>
      ))}
    </span>
  );
}

/** A fence and a rejoin lose nothing by themselves. */
function lossWord({ kind, loss }: FailoverRecord): string {
  if (kind !== 'failover' && kind !== 'switchover') return '';
  const unknown = t('time.unknown', 'not known');
  const bytes = (value: number | null): string => (value === null ? unknown : formatBytes(value));
  return t('history.loss', '{{measured}} ({{predicted}})', {
    measured: bytes(loss.measuredBytes),
    predicted: bytes(loss.predictedBytes),
  });
}
