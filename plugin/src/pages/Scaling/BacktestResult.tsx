import { t } from '../../text.ts';
import { Button, Stack, Text } from '@grafana/ui';
import { StatusBadge, type Tone } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount, formatDuration, formatPercent } from '../../lib/format.ts';
import type { Backtest, BacktestRun, Scaling } from '../../lib/scaling-api.ts';
import { betterFrom, change, compared, currentRun, missingShare, type Verdict } from '../../lib/scaling-backtest.ts';
import { moneyText } from '../../lib/scaling-view.ts';
import { BacktestChart } from './BacktestChart.tsx';
import { scalingTestIds } from './testIds.ts';
import { backtestName } from './words.ts';

interface BacktestResultProps {
  readonly backtest: Backtest;
  readonly facts: Scaling;
  /** Begin the range there. */
  readonly onFrom: (from: string) => void;
}

/** The policies beside each other, and their instances over time. */
export function BacktestResult({ backtest, facts, onFrom }: BacktestResultProps): React.JSX.Element {
  const current = currentRun(backtest);
  const better = betterFrom(backtest);
  const missing = missingShare(backtest);
  return (
    <div data-testid={scalingTestIds.backtestResult}>
      <Stack direction="column" gap={1.5}>
        <Text>
          <Time at={backtest.from} show="moment" /> {t('forecast.to', 'to')} <Time at={backtest.to} show="moment" />
          {': '}
          {t('backtest.points', '{{number}} values, one for every {{step}}', {
            number: formatCount(backtest.points),
            step: formatDuration(backtest.stepSeconds),
          })}
        </Text>
        {missing !== null && missing > 0 && (
          <Text color="warning">
            {t('backtest.missing', '{{share}} of them are missing: there every policy held.', {
              share: formatPercent(missing, 1),
            })}
          </Text>
        )}
        {better !== null && (
          <Stack gap={1} wrap="wrap" alignItems="center">
            <span>
              {t('backtest.first', 'The first value is of about')} <Time at={better} />
            </span>
            <Button type="button" variant="secondary" size="sm" onClick={() => onFrom(better)}>
              {t('backtest.begin', 'Begin there')}
            </Button>
          </Stack>
        )}
        <DataTable
          label={t('backtest.table', 'Policies on the same history')}
          columns={columnsOf(current, facts.cost?.currency ?? null)}
          rows={backtest.runs}
          keyOf={({ policy }) => policy}
        />
        <BacktestChart backtest={backtest} />
      </Stack>
    </div>
  );
}

type Show = (value: number) => string;

function columnsOf(current: BacktestRun | undefined, currency: string | null): readonly Column<BacktestRun>[] {
  const figure = (
    id: string,
    header: string,
    value: (run: BacktestRun) => number,
    show: Show,
  ): Column<BacktestRun> => ({
    id,
    header,
    isNumber: true,
    cell: (run) => <Figure value={value(run)} current={current === undefined || run === current ? null : value(current)} show={show} />, // prettier-ignore
  });
  const hours: Show = (value) => `${new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(value)} h`;
  return [
    { id: 'policy', header: t('backtest.col-policy', 'Policy'), cell: (run) => <Name run={run} current={current} /> },
    figure('under', t('backtest.col-under', 'Too few for'), (run) => run.underProvisionedSeconds, formatDuration),
    figure('over', t('backtest.col-over', 'Too many for'), (run) => run.overProvisionedSeconds, formatDuration),
    figure('wasted', t('backtest.col-wasted', 'Instance hours too many'), (run) => run.overProvisionedInstanceHours, hours), // prettier-ignore
    figure('hours', t('backtest.col-hours', 'Instance hours'), (run) => run.instanceHours, hours),
    {
      id: 'cost',
      header: t('backtest.col-cost', 'Cost'),
      isNumber: true,
      cell: ({ cost }) =>
        cost === null || currency === null ? t('time.unknown', 'not known') : moneyText(cost, currency),
    },
    {
      id: 'actions',
      header: t('backtest.col-actions', 'Added / removed'),
      isNumber: true,
      cell: ({ scaleUps, scaleDowns }) => `${formatCount(scaleUps)} / ${formatCount(scaleDowns)}`,
    },
    {
      id: 'most',
      header: t('backtest.col-most', 'At most'),
      isNumber: true,
      cell: ({ maxInstances }) => formatCount(maxInstances),
    },
  ];
}

function Figure({ value, current, show }: { value: number; current: number | null; show: Show }): React.JSX.Element {
  const difference = change(value, current);
  return (
    <span>
      {show(value)}
      {difference !== '' && <small style={{ display: 'block' }}>{difference}</small>}
    </span>
  );
}

const tones: Record<Verdict, Tone> = { better: 'good', worse: 'bad', dearer: 'attention', same: 'neutral' };

function Name({ run, current }: { run: BacktestRun; current: BacktestRun | undefined }): React.JSX.Element {
  const name = backtestName(run.policy);
  if (current === undefined || run === current) return <strong>{name}</strong>;
  const verdict = compared(current, run);
  return (
    <span>
      <span style={{ display: 'block' }}>{name}</span>
      <StatusBadge tone={tones[verdict]} text={verdictText(verdict)} />
    </span>
  );
}

function verdictText(verdict: Verdict): string {
  switch (verdict) {
    case 'better':
      return t('backtest.better', 'Better');
    case 'worse':
      return t('backtest.worse', 'Worse');
    case 'dearer':
      return t('backtest.dearer', 'Less short, uses more');
    default:
      return t('backtest.same', 'The same');
  }
}
