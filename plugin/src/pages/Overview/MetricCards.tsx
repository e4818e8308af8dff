import { t } from '../../text.ts';
import { Stack, Text, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import type { Reply } from '../../api/types.ts';
import { Grid, Panel } from '../../components/Panel.tsx';
import { ErrorNotice, LoadingRows } from '../../components/states.tsx';
import { testIds } from '../../components/testIds.ts';
import { Time } from '../../components/Time.tsx';
import { Trend } from '../../components/Trend.tsx';
import { formatByUnit } from '../../lib/format.ts';
import { metricTitle } from '../../lib/metric-title.ts';

type Metric = Reply<'dashboardMetrics'>['metrics'][string];

/** What the exporter recorded in the last hour: now, on average, at most, and its course. */
export function MetricCards(): React.JSX.Element {
  const { data, error, isLoading, refetch } = useApiQuery('dashboardMetrics');
  return (
    <Panel
      title={t('metrics.title', 'Last hour')}
      aside={
        data === undefined ? undefined : (
          <Text variant="bodySmall" color="secondary">
            {t('metrics.read', 'Large figures: mean of the last 5 minutes, read')} <Time at={data.at} show="age" />
          </Text>
        )
      }
      testId={testIds.overview.metrics}
    >
      {isLoading ? <LoadingRows rows={2} height={96} /> : null}
      {error === null || (error.isOutage && data !== undefined) ? null : (
        <ErrorNotice
          error={error}
          title={t('metrics.unread', 'The figures could not be read')}
          stale={data !== undefined}
          onRetry={refetch}
        />
      )}
      {data === undefined ? null : (
        <Grid minWidth={210} atLeast={2}>
          {Object.entries(data.metrics).map(([name, metric]) => (
            <MetricCard key={name} name={name} metric={metric} />
          ))}
        </Grid>
      )}
      {data === undefined || data.missing.length === 0 ? null : (
        <Text variant="bodySmall" color="secondary">
          {t('metrics.missing', 'No data in the last hour: {{names}}', {
            names: data.missing.map(({ name }) => metricTitle(name)).join(', '),
          })}
        </Text>
      )}
    </Panel>
  );
}

function MetricCard({ name, metric }: { readonly name: string; readonly metric: Metric }): React.JSX.Element {
  const theme = useTheme2();
  const points = useMemo(
    () => metric.time_series.map(({ timestamp, value }) => ({ at: Date.parse(timestamp), value })),
    [metric],
  );
  const shown = (value: number | null): string =>
    value === null ? t('time.unknown', 'not known') : formatByUnit(value, metric.unit);
  const title = metricTitle(name);
  return (
    <article
      aria-label={title}
      title={`${name}: ${metric.help}`}
      style={{
        background: theme.colors.background.secondary,
        borderRadius: theme.shape.radius.default,
        padding: theme.spacing(1.5),
        minWidth: 0,
      }}
    >
      <Stack direction="column" gap={0.5}>
        <Text variant="bodySmall" color="secondary">
          {title}
        </Text>
        <Text variant="h4">{shown(metric.current)}</Text>
        <Text variant="bodySmall" color="secondary">
          {t('metrics.hour', 'average {{average}} · most {{most}}', {
            average: shown(metric.avg_1h),
            most: shown(metric.max_1h),
          })}
        </Text>
        <Trend points={points} label={t('metrics.course', '{{title}} over the last hour', { title })} />
      </Stack>
    </article>
  );
}
