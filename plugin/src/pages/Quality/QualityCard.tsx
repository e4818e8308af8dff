import { t } from '../../text.ts';
import { Alert, Button, Stack, Text } from '@grafana/ui';
import { useState } from 'react';
import { getTimeZone } from '@grafana/data';
import { useApiQuery } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Grid, Panel } from '../../components/Panel.tsx';
import { LoadingRows, NothingYet } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { Trend } from '../../components/Trend.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { partOf } from '../../lib/facts.ts';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { formatCount, formatDuration, formatPercent, formatTime } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import {
  findingsOf,
  partsOf,
  reportOf,
  rowsChange,
  scoreTone,
  scoreTrend,
  tablesOf,
  type QualityReport,
  type TableReport,
} from '../../lib/quality-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { CompareFlow } from './CompareFlow.tsx';
import { ScoreBar } from './ScoreBar.tsx';
import { qualityTestIds } from './testIds.ts';
import { partWord } from './words.ts';

interface QualityCardProps {
  readonly service: Service;
  /** '' is the newest. */
  readonly reportId: string;
  readonly onReport: (id: string) => void;
  readonly onOpen: (table: string) => void;
}

/** Reports that a service shows over time. */
export const shownReports = 30;

/** What the comparisons of one service found. */
export function QualityCard({ service, reportId, onReport, onOpen }: QualityCardProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = useApiQuery('listQuality', {
    params: { name: service.name },
    query: { limit: shownReports },
  });
  const part = partOf(service.quality);
  const reports = data?.items ?? [];
  const known = reports.some(({ id }) => id === reportId);
  const report = reportOf(reports, known ? reportId : '');
  return (
    <Panel
      title={service.name}
      aside={
        <Stack gap={1} wrap="wrap" alignItems="center">
          {report !== undefined && <Score report={report} />}
          <DialogButton
            needs="operate"
            size="sm"
            testId={qualityTestIds.compare(service.name)}
            dialog={(close) => <CompareFlow service={service.name} onClose={close} />}
          >
            {t('quality.compare', 'Compare now')}
          </DialogButton>
        </Stack>
      }
      testId={qualityTestIds.service(service.name)}
    >
      <QueryNotice
        error={error}
        title={t('quality.report-failed', 'The report could not be read')}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={3} />}
      {part.kind === 'unknown' && (
        <Alert
          severity="warning"
          title={t('quality.unknown', 'The quality is not known now: {{why}}', { why: part.why })}
        >
          {t('error.hint', 'What helps: {{hint}}.', { hint: part.hint.replace(/\.$/, '') })}
        </Alert>
      )}
      {data !== undefined && report === undefined && (
        <NothingYet what={t('quality.nothing', 'There is no report yet')}>
          {t('quality.nothing-how', 'The next drill that passes compares the restored data with its source.')}
        </NothingYet>
      )}
      {reports.length > 1 && report !== undefined && (
        <History reports={reports} shown={report.id} onReport={onReport} />
      )}
      {report !== undefined && <Report report={report} onOpen={onOpen} />}
    </Panel>
  );
}

/** The scores over time, and a way to an older report. */
function History({
  reports,
  shown,
  onReport,
}: {
  readonly reports: readonly QualityReport[];
  readonly shown: string;
  readonly onReport: (id: string) => void;
}): React.JSX.Element {
  const newest = reports[0]?.id;
  return (
    <Stack direction="column" gap={1}>
      <Trend points={scoreTrend(reports)} label={t('quality.trend', 'Score over time')} />
      <div>
        <Choice
          label={t('quality.report', 'Report')}
          any={t('quality.newest', 'The newest report')}
          options={reports.map(({ id, at, score }) => ({
            value: id,
            label: `${formatTime(at, getTimeZone())} (${formatPercent(score, 1)})`,
          }))}
          value={shown === newest ? '' : shown}
          onChoose={onReport}
          width={34}
        />
      </div>
    </Stack>
  );
}

function Score({ report: { score, limits, alerts } }: { readonly report: QualityReport }): React.JSX.Element {
  return (
    <Stack gap={1} wrap="wrap">
      {alerts.map((name) => (
        <StatusBadge key={name} tone="attention" text={name} />
      ))}
      <StatusBadge
        tone={scoreTone(score, limits.minScore)}
        text={t('quality.score', 'Score {{score}}, at least {{least}} wanted', {
          score: formatPercent(score, 1),
          least: formatPercent(limits.minScore, 1),
        })}
      />
    </Stack>
  );
}

function Report({
  report,
  onOpen,
}: {
  readonly report: QualityReport;
  readonly onOpen: (table: string) => void;
}): React.JSX.Element {
  return (
    <Stack direction="column" gap={2}>
      <Grid minWidth={180} atLeast={1}>
        {partsOf(report).map(({ name, score }) => (
          <ScoreBar key={name} name={partWord(name)} score={score} minScore={report.limits.minScore} />
        ))}
      </Grid>
      <Facts rows={reportRows(report)} />
      <Findings report={report} />
      <DataTable
        label={t('quality.tables', 'Tables of {{service}}', { service: report.service })}
        columns={tableColumns(onOpen, report.limits.minScore)}
        rows={tablesOf(report)}
        keyOf={({ name }) => name}
      />
    </Stack>
  );
}

function reportRows(report: QualityReport): readonly (readonly [string, React.ReactNode])[] {
  const { at, against, privacyRisk, divergence, limits, seconds, seed, drillId } = report;
  return [
    [t('quality.at', 'Compared'), <Time key="at" at={at} />],
    [
      t('quality.against', 'With'),
      against === 'source'
        ? t('quality.source', 'its source, the live database')
        : t('quality.profile', 'what the last report wrote down of it'),
    ],
    [
      t('quality.restored', 'The restored side'),
      drillId === null
        ? t('quality.two', 'another database')
        : t('quality.drill', 'made by the drill {{id}}', { id: drillId }),
    ],
    [
      t('quality.privacy', 'Risk for people in masked data'),
      privacyRisk === null
        ? t('quality.no-sensitive', 'not measured: no column is marked sensitive')
        : t('quality.at-most', '{{value}}, at most {{most}} allowed', {
            value: formatPercent(privacyRisk, 1),
            most: formatPercent(limits.maxPrivacyRisk, 1),
          }),
    ],
    [
      t('quality.divergence', 'Largest difference of a distribution (effect size, 0 to 1)'),
      t('quality.at-most', '{{value}}, at most {{most}} allowed', {
        value: divergence.toFixed(3),
        most: limits.maxDivergence.toFixed(3),
      }),
    ],
    [
      t('quality.took', 'Took'),
      t('quality.took-seed', '{{time}}, samples drawn with seed {{seed}}', { time: formatDuration(seconds), seed }),
    ],
  ];
}

const shownFindings = 8;

function Findings({ report }: { readonly report: QualityReport }): React.JSX.Element {
  const [isAll, setAll] = useState(false);
  const findings = findingsOf(report);
  if (findings.length === 0)
    return <Text color="secondary">{t('quality.no-findings', 'Nothing was found: the data is like its source.')}</Text>;
  const shown = isAll ? findings : findings.slice(0, shownFindings);
  return (
    <Stack direction="column" gap={0.5}>
      <Text element="h3" variant="h6">
        {t('quality.findings', 'Found: {{number}}', { number: findings.length })}
      </Text>
      <ul style={{ marginLeft: 20, overflowWrap: 'anywhere' }}>
        {shown.map(({ table, text }) => (
          <li key={`${table} ${text}`}>
            {table === '' ? null : <strong>{table}</strong>} {text}
          </li>
        ))}
      </ul>
      {shown.length < findings.length && (
        <div>
          <Button variant="secondary" size="sm" onClick={() => setAll(true)}>
            {t('quality.all-findings', 'Show all {{number}}', { number: findings.length })}
          </Button>
        </div>
      )}
    </Stack>
  );
}

function tableColumns(onOpen: (table: string) => void, minScore: number): readonly Column<TableReport>[] {
  const number = { isNumber: true };
  const unknown = t('time.unknown', 'not known');
  const count = (value: number | null): string => (value === null ? unknown : formatCount(value));
  return [
    {
      id: 'name',
      header: t('quality.col-table', 'Table'),
      cell: ({ name }) => <LinkButtonText onClick={() => onOpen(name)}>{name}</LinkButtonText>,
    },
    {
      id: 'score',
      header: t('quality.col-score', 'Score'),
      cell: ({ score }) => <StatusBadge tone={scoreTone(score, minScore)} text={formatPercent(score, 1)} />,
    },
    {
      id: 'rows',
      header: t('quality.col-rows', 'Rows, source'),
      ...number,
      cell: ({ rows, rowsSource }) => `${count(rows)}, ${count(rowsSource)}`,
    },
    { id: 'change', header: t('quality.col-change', 'Change'), ...number, cell: (table) => changeText(table) },
    {
      id: 'sampled',
      header: t('quality.col-sampled', 'Looked at'),
      ...number,
      cell: ({ sampled, sampleError }) =>
        t('quality.sampled', '{{rows}} (± {{error}})', {
          rows: formatCount(sampled),
          error: formatPercent(sampleError, 2),
        }),
    },
    {
      id: 'duplicates',
      header: t('quality.col-duplicates', 'Rows twice'),
      ...number,
      cell: ({ duplicates }) => formatCount(duplicates),
    },
    {
      id: 'divergence',
      header: t('quality.col-divergence', 'Difference'),
      ...number,
      cell: ({ divergence }) => divergence.toFixed(3),
    },
    {
      id: 'found',
      header: t('quality.col-found', 'Found'),
      ...number,
      cell: ({ findings, schemaDrift, columns }) =>
        formatCount(findings.length + schemaDrift.length + columns.reduce((sum, one) => sum + one.findings.length, 0)),
    },
  ];
}

function changeText(table: TableReport): string {
  const change = rowsChange(table);
  if (change === null) return t('time.unknown', 'not known');
  return change === 0 ? t('quality.no-change', 'none') : `${change > 0 ? '+' : ''}${formatPercent(change, 2)}`;
}
