import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Stack, TextLink, useStyles2 } from '@grafana/ui';
import type { Drill, Service } from '../../api/types.ts';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { Facts } from '../../components/flow/PlanView.tsx';
import { LoadingRows } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { nextDrill } from '../../lib/drill-list.ts';
import { trendOf } from '../../lib/drill-trend.ts';
import { formatDuration, formatPercent } from '../../lib/format.ts';
import { serviceUrl } from '../index.ts';
import { drillTestIds } from './testIds.ts';
import { TrendChart } from './TrendChart.tsx';

interface DrillCardProps {
  readonly service: Service;
  /** Of all services; null: not known yet. */
  readonly drills: readonly Drill[] | null;
}

/** How the drills of one service stand. */
export function DrillCard({ service, drills }: DrillCardProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { name, objectives } = service;
  return (
    <section className={styles.card} aria-label={name} data-testid={drillTestIds.service(name)}>
      <div className={styles.head}>
        <h3 className={styles.heading}>
          <TextLink href={serviceUrl(name)} inline={false}>
            {name}
          </TextLink>
        </h3>
        <ActionButton
          spec={{
            id: 'startDrill',
            params: { name },
            title: t('drills.run-title', 'Drill {{name}}', { name }),
            verb: t('drills.run-verb', 'Run the drill'),
            service: name,
          }}
          icon="rocket"
          size="sm"
          testId={drillTestIds.run(name)}
        >
          {t('drills.run', 'Run a drill now')}
        </ActionButton>
      </div>
      <DrillFacts service={service} />
      {drills === null ? (
        <LoadingRows rows={1} height={72} />
      ) : (
        <div className={styles.charts}>
          <TrendChart
            title={t('drills.rto', 'Time to recover (RTO)')}
            points={trendOf(drills, name, 'rtoSeconds')}
            target={objectives.rto_sla ?? null}
            format={formatDuration}
          />
          <TrendChart
            title={t('drills.rpo', 'Age of the data (RPO)')}
            points={trendOf(drills, name, 'rpoSeconds')}
            target={objectives.rpo_sla ?? null}
            format={formatDuration}
          />
        </div>
      )}
    </section>
  );
}

function DrillFacts({ service }: { readonly service: Service }): React.JSX.Element {
  const { drills } = service;
  const next: readonly [string, React.ReactNode] = [
    t('drills.next', 'Next due'),
    <NextDue key="next" service={service} />,
  ];
  if (!drills.known)
    return (
      <Facts
        rows={[
          [t('drills.last', 'Last drill'), t('drills.unknown', 'not known: {{why}}', { why: drills.error.message })],
          next,
        ]}
      />
    );
  const { lastRunAt, lastPassed, lastPassedAt, successRatio } = drills.value;
  return (
    <Facts
      rows={[
        [
          t('drills.last', 'Last drill'),
          <Stack key="last" gap={1} wrap="wrap">
            <PassedBadge passed={lastPassed} />
            {lastRunAt !== null && <Time at={lastRunAt} show="age" />}
          </Stack>,
        ],
        [
          t('drills.last-passed', 'Last passed'),
          <Time key="passed" at={lastPassedAt} absent={t('drills.never-passed', 'never')} />,
        ],
        [
          t('drills.ratio', 'Passed of the last 100'),
          successRatio === null ? t('drills.none-run', 'none has run') : formatPercent(successRatio, 0),
        ],
        next,
      ]}
    />
  );
}

export function PassedBadge({ passed }: { readonly passed: boolean | null }): React.JSX.Element {
  if (passed === null) return <StatusBadge tone="unknown" text={t('drills.never', 'Never run')} />;
  return passed ? (
    <StatusBadge tone="good" text={t('drills.passed', 'Passed')} />
  ) : (
    <StatusBadge tone="bad" text={t('drills.failed', 'Failed')} />
  );
}

function NextDue({ service }: { readonly service: Service }): React.JSX.Element {
  const next = nextDrill(service.schedules);
  if (next.kind === 'due') return <Time at={next.at} />;
  return (
    <span>
      {next.kind === 'paused'
        ? t('drills.paused', 'held: the service is paused')
        : t('drills.unscheduled', 'not scheduled')}
    </span>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    card: css({
      display: 'flex',
      flexDirection: 'column',
      gap: theme.spacing(1.5),
      padding: theme.spacing(2),
      minWidth: 0,
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    head: css({ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', gap: theme.spacing(1) }),
    heading: css({ ...theme.typography.h4, margin: 0, overflowWrap: 'anywhere' }),
    charts: css({
      display: 'grid',
      gridTemplateColumns: 'repeat(auto-fit, minmax(min(180px, 100%), 1fr))',
      gap: theme.spacing(2),
    }),
  };
}
