import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { formatCount, formatDuration, formatPercent } from '../../lib/format.ts';
import type { KnownForecast, Scaling } from '../../lib/scaling-api.ts';
import { metricText } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { modelWord } from './words.ts';

/** Which model forecasts, how wrong it was on data that it had not seen, and on what it learned. */
export function ForecastPanel({ facts }: { readonly facts: Scaling }): React.JSX.Element {
  const { forecast } = facts;
  return (
    <Panel
      title={t('forecast.title', 'Forecast')}
      aside={forecast !== null && <Aside isKnown={forecast.known} />}
      testId={scalingTestIds.forecast}
    >
      {forecast === null ? (
        <Text color="secondary">
          {t(
            'forecast.off',
            'None is made: predictive.mode of the policy is off. The number follows what is measured.',
          )}
        </Text>
      ) : forecast.known ? (
        <Known forecast={forecast} facts={facts} />
      ) : (
        <Text>{t('forecast.unknown', 'There is no forecast: {{why}}', { why: forecast.why })}</Text>
      )}
    </Panel>
  );
}

function Aside({ isKnown }: { readonly isKnown: boolean }): React.JSX.Element {
  return isKnown ? (
    <StatusBadge tone="neutral" text={t('forecast.never-in', 'Only ever adds, never removes')} />
  ) : (
    <StatusBadge tone="unknown" text={t('time.unknown', 'not known')} />
  );
}

function Known({ forecast, facts }: { readonly forecast: KnownForecast; readonly facts: Scaling }): React.JSX.Element {
  const { error, level } = forecast;
  const metric = facts.metrics.find(({ name }) => name === forecast.metric);
  return (
    <Facts
      minWidth={190}
      rows={[
        [t('forecast.metric', 'Of'), forecast.metric],
        [t('forecast.model', 'Model'), modelWord(forecast.model)],
        [t('forecast.peak', 'Highest ahead'), peakOf(forecast, metric)],
        [t('forecast.advice', 'Advice for the time ahead'), adviceWord(facts.advice)],
        [
          t('forecast.mape', 'Mean error'),
          error.mape === null
            ? t('forecast.no-mape', 'not told: values near zero make it meaningless')
            : formatPercent(error.mape, 1),
        ],
        [t('forecast.naive-ratio', 'Against the seasonal naive'), naiveText(error.relativeToNaive)],
        [
          t('forecast.coverage', 'Values inside the interval'),
          t('forecast.coverage-of', '{{is}}, {{nominal}} are meant to be', {
            is: formatPercent(error.coverage, 1),
            nominal: formatPercent(level, 1),
          }),
        ],
        [t('forecast.pinball', 'Pinball loss'), metricText(error.pinball, metric, true)],
        [
          t('forecast.trained', 'Learned from'),
          <span key="from">
            <Time at={forecast.trainedFrom} show="moment" /> {t('forecast.to', 'to')}{' '}
            <Time at={forecast.trainedTo} show="moment" />
          </span>,
        ],
        [
          t('forecast.samples', 'Values and time it took'),
          t('forecast.samples-in', '{{number}} in {{time}}', {
            number: formatCount(forecast.samples),
            time: formatDuration(forecast.trainingSeconds),
          }),
        ],
        [t('forecast.made', 'Made'), <Time key="at" at={forecast.madeAt} show="age" />],
      ]}
    />
  );
}

function adviceWord(advice: Scaling['advice']): string {
  switch (advice) {
    case 'up':
      return t('forecast.advice-up', 'more: the highest is above 1.2 times what is carried now');
    case 'down':
      return t('forecast.advice-down', 'fewer: the highest is below half of what is carried now');
    case 'stay':
      return t('forecast.advice-stay', 'stay');
    case null:
      return t('time.unknown', 'not known');
  }
}

function naiveText(ratio: number): string {
  const share = formatPercent(Math.abs(1 - ratio), 0);
  if (Math.abs(1 - ratio) < 0.005) return t('forecast.as-naive', 'as good');
  return ratio < 1
    ? t('forecast.better', '{{share}} less error', { share })
    : t('forecast.worse', '{{share}} more error', { share });
}

function peakOf(forecast: KnownForecast, metric: Scaling['metrics'][number] | undefined): React.ReactNode {
  const peak = forecast.points.reduce<KnownForecast['points'][number] | null>(
    (best, point) => (best === null || point.mean > best.mean ? point : best),
    null,
  );
  if (peak === null) return t('time.unknown', 'not known');
  return (
    <span>
      {t('forecast.peak-is', '{{mean}}, up to {{upper}}', {
        mean: metricText(peak.mean, metric, true),
        upper: metricText(peak.upper, metric, true),
      })}{' '}
      (<Time at={peak.at} show="age" />)
    </span>
  );
}
