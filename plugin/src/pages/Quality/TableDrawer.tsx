import { t } from '../../text.ts';
import { Drawer, Stack, Text } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { LoadingRows, NothingYet } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount, formatPercent } from '../../lib/format.ts';
import { columnsOf, pText, reportOf, scoreTone, type ColumnReport, type TableReport } from '../../lib/quality-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { shownReports } from './QualityCard.tsx';
import { qualityTestIds } from './testIds.ts';
import { kindWord, testWord } from './words.ts';

interface TableDrawerProps {
  readonly service: string;
  readonly table: string;
  /** '' is the newest. */
  readonly reportId: string;
  readonly onClose: () => void;
}

/** One table, column by column, with the tests that were made. */
export function TableDrawer({ service, table: name, reportId, onClose }: TableDrawerProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = useApiQuery('listQuality', {
    params: { name: service },
    query: { limit: shownReports },
  });
  const reports = data?.items ?? [];
  const report = reportOf(reports, reportId) ?? reports[0];
  const table = report?.tables.find((one) => one.name === name);
  return (
    <Drawer title={name} subtitle={service} size="lg" onClose={onClose}>
      <div data-testid={qualityTestIds.table}>
        <QueryNotice
          error={error}
          title={t('quality.report-failed', 'The report could not be read')}
          onRetry={refetch}
          stale={data !== undefined}
        />
        {isLoading && <LoadingRows rows={6} />}
        {data !== undefined && table === undefined && (
          <NothingYet what={t('quality.no-table', 'The report has no such table')} />
        )}
        {table !== undefined && report !== undefined && <Details table={table} minScore={report.limits.minScore} />}
      </div>
    </Drawer>
  );
}

function Details({ table, minScore }: { readonly table: TableReport; readonly minScore: number }): React.JSX.Element {
  const { score, correlationDifference, privacyRisk, schemaDrift, findings } = table;
  const unknown = t('time.unknown', 'not known');
  const said = [...schemaDrift, ...findings];
  return (
    <Stack direction="column" gap={2}>
      <Facts
        rows={[
          [
            t('quality.col-score', 'Score'),
            <StatusBadge key="score" tone={scoreTone(score, minScore)} text={formatPercent(score, 1)} />,
          ],
          [t('quality.rows-here', 'Rows restored'), table.rows === null ? unknown : formatCount(table.rows)],
          [
            t('quality.rows-there', 'Rows in the source'),
            table.rowsSource === null ? unknown : formatCount(table.rowsSource),
          ],
          [
            t('quality.samples', 'Sampled rows, source'),
            `${formatCount(table.sampled)}, ${formatCount(table.sampledSource)}`,
          ],
          [
            t('quality.correlation-change', 'Change of correlations'),
            correlationDifference === null
              ? t('quality.no-correlation', 'not measured: fewer than two columns of numbers')
              : correlationDifference.toFixed(3),
          ],
          [
            t('quality.privacy', 'Risk for people in masked data'),
            privacyRisk === null
              ? t('quality.no-sensitive', 'not measured: no column is marked sensitive')
              : formatPercent(privacyRisk, 1),
          ],
        ]}
      />
      {said.length > 0 && (
        <ul style={{ marginLeft: 20, overflowWrap: 'anywhere' }}>
          {said.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <Text variant="bodySmall" color="secondary">
        {t(
          'quality.effect',
          'The size of a difference decides, not its p-value: with this many rows every p-value is nearly 0.',
        )}
      </Text>
      <DataTable
        label={t('quality.columns', 'Columns of {{table}}', { table: table.name })}
        columns={columns(minScore)}
        rows={columnsOf(table)}
        keyOf={({ name }) => name}
      />
    </Stack>
  );
}

function columns(minScore: number): readonly Column<ColumnReport>[] {
  const number = { isNumber: true };
  return [
    { id: 'name', header: t('quality.col-column', 'Column'), cell: ({ name }) => name },
    { id: 'kind', header: t('quality.col-kind', 'Kind'), cell: ({ kind }) => kindWord(kind) },
    {
      id: 'score',
      header: t('quality.col-score', 'Score'),
      cell: ({ score }) => <StatusBadge tone={scoreTone(score, minScore)} text={formatPercent(score, 1)} />,
    },
    {
      id: 'missing',
      header: t('quality.col-missing', 'Missing, source'),
      ...number,
      cell: ({ missingRatio, missingRatioSource }) =>
        `${formatPercent(missingRatio, 2)}, ${formatPercent(missingRatioSource, 2)}`,
    },
    {
      id: 'distinct',
      header: t('quality.col-distinct', 'Distinct'),
      ...number,
      cell: ({ distinct }) => formatCount(distinct),
    },
    {
      id: 'test',
      header: t('quality.col-test', 'Test'),
      cell: ({ test }) => (test === null ? t('quality.no-test', 'none for this kind') : <Test test={test} />),
    },
    { id: 'found', header: t('quality.col-found', 'Found'), cell: ({ findings }) => findings.join('; ') },
  ];
}

function Test({ test }: { readonly test: NonNullable<ColumnReport['test']> }): React.JSX.Element {
  return (
    <span>
      <StatusBadge
        tone={test.matches ? 'good' : 'attention'}
        text={test.matches ? t('quality.alike', 'Alike') : t('quality.different', 'Different')}
      />{' '}
      <small>{t('quality.p', '{{test}}, p {{p}}', { test: testWord(test), p: pText(test.pValue) })}</small>
    </span>
  );
}
