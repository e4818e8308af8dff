import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount } from '../../lib/format.ts';
import type { Scaling, ScalingMetric, Vote } from '../../lib/scaling-api.ts';
import { metricText } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { boundsText, directionWord, missingWord, targetText } from './words.ts';

interface Row {
  readonly name: string;
  readonly metric: ScalingMetric | undefined;
  /** Null: it is only read, or no decision was made yet. */
  readonly vote: Vote | null;
  readonly reading: Vote['reading'] | null;
}

/** What each metric says: any vote for more wins, fewer needs a majority. */
export function VotesPanel({ facts }: { readonly facts: Scaling }): React.JSX.Element {
  const rows = rowsOf(facts);
  return (
    <Panel title={t('vote.title', 'What the metrics say')} testId={scalingTestIds.votes}>
      {rows.length === 0 ? (
        <Text color="secondary">
          {t('vote.none', 'The policy follows no metric: only schedules and people change the number.')}
        </Text>
      ) : (
        <>
          <Text color="secondary">
            {t('vote.rule', 'One that wants more suffices. Fewer needs more than half of those that may ask for it.')}
          </Text>
          <DataTable
            label={t('vote.title', 'What the metrics say')}
            columns={columnsOf()}
            rows={rows}
            keyOf={({ name }) => name}
          />
        </>
      )}
    </Panel>
  );
}

function rowsOf({ metrics, decision, readings }: Scaling): readonly Row[] {
  const votes = decision?.votes ?? [];
  const known = metrics.map((metric): Row => {
    const vote = votes.find((one) => one.metric === metric.name) ?? null;
    return { name: metric.name, metric, vote, reading: vote?.reading ?? readings[metric.name] ?? null };
  });
  // The policy may have changed since the decision.
  const gone = votes.filter((vote) => !metrics.some(({ name }) => name === vote.metric));
  return [...known, ...gone.map((vote): Row => ({ name: vote.metric, metric: undefined, vote, reading: vote.reading }))]; // prettier-ignore
}

function columnsOf(): readonly Column<Row>[] {
  return [
    { id: 'name', header: t('vote.col-metric', 'Metric'), cell: ({ name }) => name },
    { id: 'value', header: t('vote.col-value', 'Value'), isNumber: true, cell: (row) => <Value row={row} /> },
    {
      id: 'target',
      header: t('vote.col-target', 'Target'),
      isNumber: true,
      cell: ({ metric }) => targetText(metric, (value) => eachText(value, metric)),
    },
    {
      id: 'bounds',
      header: t('vote.col-bounds', 'Votes'),
      cell: ({ metric }) => boundsText(metric, (value) => eachText(value, metric)),
    },
    { id: 'vote', header: t('vote.col-vote', 'Says'), cell: ({ vote }) => <Says vote={vote} /> },
    {
      id: 'wants',
      header: t('vote.col-wants', 'Wants'),
      isNumber: true,
      cell: ({ vote }) => wantsText(vote),
    },
    { id: 'reason', header: t('vote.col-reason', 'Because'), cell: ({ vote }) => vote?.reason ?? '' },
    {
      id: 'at',
      header: t('vote.col-at', 'Read'),
      cell: ({ reading }) => <Time at={reading?.at ?? null} show="age" />,
    },
  ];
}

/** Bounds of a value of the whole service are those of what one instance carries. */
function eachText(value: number, metric: ScalingMetric | undefined): string {
  const text = metricText(value, metric);
  return metric?.scales === 'total' ? t('vote.each', '{{value}} each', { value: text }) : text;
}

function wantsText(vote: Vote | null): string {
  const wants = vote?.wants ?? null;
  return wants === null ? t('time.unknown', 'not known') : formatCount(wants);
}

function Value({ row: { reading, metric } }: { readonly row: Row }): React.JSX.Element {
  if (reading === null) return <>{t('time.unknown', 'not known')}</>;
  return <>{reading.known ? metricText(reading.value, metric) : missingWord(reading.why)}</>;
}

function Says({ vote }: { readonly vote: Vote | null }): React.JSX.Element {
  const { tone, text } = directionWord(vote?.direction ?? 'unknown');
  return <StatusBadge tone={tone} text={text} />;
}
