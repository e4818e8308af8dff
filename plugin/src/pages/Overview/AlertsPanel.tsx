import { t } from '../../text.ts';
import { Alert, Stack, Text, TextLink, useTheme2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Reply } from '../../api/types.ts';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice, LoadingRows } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { testIds } from '../../components/testIds.ts';
import { Time } from '../../components/Time.tsx';
import { severityTone } from '../../components/verdict.tsx';
import { conditionText } from '../../lib/alert-form.ts';
import { metricTitle } from '../../lib/metric-title.ts';
import { pageUrl, serviceUrl } from '../index.ts';

type KnownAlerts = Extract<Reply<'listAlerts'>['alerts'], { known: true }>['value'];
type ActiveAlert = KnownAlerts[number];
type LiveAlert = Reply<'dashboardMetrics'>['alerts']['active'][number];

/** Active alerts, of one service or of all. What is not known is said to be so: an empty list means that there are none. */
export function AlertsPanel({
  service,
  hasLink = true,
}: {
  readonly service?: string;
  /** To the page of all alerts. */
  readonly hasLink?: boolean;
}): React.JSX.Element {
  const { data, error, isLoading, refetch } = useApiQuery('listAlerts', {
    query: service === undefined ? {} : { service },
  });
  const live = useApiQuery('listRuntimeAlerts');
  const own = (live.data?.alerts ?? []).filter(
    (alert) => alert.active && (service === undefined || alert.tags['service'] === service),
  );
  const alerts = data?.alerts.known === true ? data.alerts.value : null;
  const count = alerts === null ? null : alerts.length + own.length;
  return (
    <Panel
      title={
        count === null
          ? t('alerts.title', 'Active alerts')
          : t('alerts.titleCount', 'Active alerts: {{count}}', { count })
      }
      aside={
        <Stack gap={2} alignItems="center" wrap="wrap">
          {data !== undefined && <Asked at={data.at} />}
          {hasLink && (
            <TextLink href={pageUrl('alerts')} variant="bodySmall">
              {t('alerts.all', 'All alerts')}
            </TextLink>
          )}
        </Stack>
      }
      testId={testIds.overview.alerts}
    >
      {isLoading ? <LoadingRows rows={2} /> : null}
      {error === null || (error.isOutage && data !== undefined) ? null : (
        <ErrorNotice
          error={error}
          title={t('alerts.unread', 'The alerts could not be read')}
          stale={data !== undefined}
          onRetry={refetch}
        />
      )}
      {data === undefined || data.alerts.known ? null : (
        <Alert severity="info" title={t('alerts.unknown', 'Alerts of Prometheus are not known')}>
          {data.alerts.reason === 'not_configured'
            ? t(
                'alerts.notConfigured',
                'No Alertmanager is configured. Set alertmanager.url in genesis.yaml; `genesis stack` starts one for a try.',
              )
            : data.alerts.message}
        </Alert>
      )}
      {count === 0 ? <Text color="secondary">{t('alerts.none', 'No alert is active.')}</Text> : null}
      {count === 0 || (alerts === null && own.length === 0) ? null : (
        <Rows>
          {(alerts ?? []).map((alert) => (
            <PrometheusAlert key={alert.fingerprint} alert={alert} />
          ))}
          {own.map((alert) => (
            <RuntimeAlert key={alert.id} alert={alert} />
          ))}
        </Rows>
      )}
    </Panel>
  );
}

function Asked({ at }: { readonly at: string }): React.JSX.Element {
  return (
    <Text variant="bodySmall" color="secondary">
      {t('alerts.asked', 'asked')} <Time at={at} show="age" />
    </Text>
  );
}

function Rows({ children }: { readonly children: React.ReactNode }): React.JSX.Element {
  const theme = useTheme2();
  return <ul style={{ listStyle: 'none', margin: 0, display: 'grid', gap: theme.spacing(1.5) }}>{children}</ul>;
}

function PrometheusAlert({ alert }: { readonly alert: ActiveAlert }): React.JSX.Element {
  return (
    <li>
      <Stack gap={1} wrap="wrap" alignItems="center">
        <StatusBadge tone={severityTone(alert.severity)} text={alert.severity} />
        <Text weight="medium">{alert.name}</Text>
        {alert.service === null ? null : <TextLink href={serviceUrl(alert.service)}>{alert.service}</TextLink>}
        <Text color="secondary">
          {t('alerts.since', 'since')} <Time at={alert.startsAt} show="age" />
        </Text>
        {alert.state === 'suppressed' ? <StatusBadge tone="neutral" text={suppression(alert)} /> : null}
      </Stack>
      <Text color="secondary">{alert.summary ?? alert.description ?? ''}</Text>
      <Links links={alert.links} />
    </li>
  );
}

function suppression(alert: ActiveAlert): string {
  return alert.silenced ? t('alerts.silenced', 'Silenced') : t('alerts.inhibited', 'Held back by another alert');
}

function Links({ links }: { readonly links: ActiveAlert['links'] }): React.JSX.Element {
  return (
    <Stack gap={2} wrap="wrap">
      {links.runbook === null ? null : (
        <TextLink href={links.runbook} external variant="bodySmall">
          {t('alerts.runbook', 'Runbook')}
        </TextLink>
      )}
      {links.dashboard === null ? null : (
        <TextLink href={links.dashboard} external variant="bodySmall">
          {t('alerts.dashboard', 'Dashboard')}
        </TextLink>
      )}
    </Stack>
  );
}

/** An alert that somebody defined while the exporter runs. */
function RuntimeAlert({ alert }: { readonly alert: LiveAlert }): React.JSX.Element {
  return (
    <li>
      <Stack gap={1} wrap="wrap" alignItems="center">
        <StatusBadge tone={severityTone(alert.severity)} text={alert.severity} />
        <Text weight="medium">{`${metricTitle(alert.metric)} ${conditionText(alert)}`}</Text>
        <Text color="secondary">
          {t('alerts.since', 'since')} <Time at={alert.triggered_at} show="age" />
        </Text>
        {alert.flapping ? <StatusBadge tone="neutral" text={t('alerts.flapping', 'Flapping')} /> : null}
      </Stack>
      <Text color="secondary">{alert.message === '' ? alert.why : alert.message}</Text>
    </li>
  );
}
