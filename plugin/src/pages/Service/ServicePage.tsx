import { t } from '../../text.ts';
import { Stack, Text, TextLink } from '@grafana/ui';
import { useParams } from 'react-router';
import { briefOf } from '../../api/failover.ts';
import { useApiQuery } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice, LoadingRows, ReadOnlyHint } from '../../components/states.tsx';
import { testIds } from '../../components/testIds.ts';
import { Time } from '../../components/Time.tsx';
import { VerdictBadge } from '../../components/verdict.tsx';
import { partOf } from '../../lib/facts.ts';
import { pageUrl } from '../index.ts';
import { AlertsPanel } from '../Overview/AlertsPanel.tsx';
import { Held, reasonOf } from '../Overview/ServiceCard.tsx';
import { Copies, Schedules } from './Copies.tsx';
import { DatabasePanel } from './DatabasePanel.tsx';
import { HealthPanel } from './HealthPanel.tsx';
import { Readiness } from './Readiness.tsx';
import { Objectives } from './Objectives.tsx';
import { RecentBackups, RecentDrills, RecentOperations } from './Recent.tsx';
import { ServiceActions } from './ServiceActions.tsx';

/** Everything about one service. */
export function ServicePage(): React.JSX.Element {
  const { name = '' } = useParams();
  const { data, error, isLoading, isFetching, updatedAt, refetch } = useApiQuery(
    'getService',
    { params: { name } },
    { keepPrevious: false },
  );
  return (
    <PageFrame
      id="service"
      title={name}
      {...(data === undefined ? {} : { subTitle: whatItIs(data) })}
      parent={{ title: t('overview.title', 'Overview'), url: pageUrl('overview') }}
      actions={data === undefined ? undefined : <ServiceActions service={data} />}
      updatedAt={updatedAt}
      isFetching={isFetching}
    >
      {error === null || (error.isOutage && data !== undefined) ? null : (
        <ErrorNotice
          error={error}
          title={t('service.unread', 'The service could not be read')}
          stale={data !== undefined}
          onRetry={refetch}
        />
      )}
      {isLoading ? <LoadingRows rows={6} height={48} /> : null}
      {data === undefined ? null : <Loaded service={data} />}
    </PageFrame>
  );
}

function whatItIs({ component, tier, region, team }: Service): string {
  return t('service.what', '{{component}}, tier {{tier}}, region {{region}}, team {{team}}', {
    component,
    tier,
    region,
    team,
  });
}

function Loaded({ service }: { readonly service: Service }): React.JSX.Element {
  return (
    <Stack direction="column" gap={2}>
      <ReadOnlyHint needs="operate" what={t('service.readOnly', 'You can look, not change anything')} />
      <Answer service={service} />
      {service.health !== null && <HealthPanel health={service.health} />}
      <Objectives service={service} />
      <Readiness readiness={service.readiness} />
      <AlertsPanel service={service.name} />
      <RecentOperations service={service.name} />
      <RecentBackups service={service.name} />
      <RecentDrills service={service.name} />
      <DatabasePanel service={service} />
      <Schedules service={service} />
      <Copies service={service} />
    </Stack>
  );
}

function Answer({ service }: { readonly service: Service }): React.JSX.Element {
  return (
    <Panel
      title={t('service.answer', 'Could it be recovered right now?')}
      aside={<VerdictBadge verdict={service.verdict} />}
      testId={testIds.overview.service(service.name)}
    >
      <Text>{reasonOf(service)}</Text>
      <Held service={service} />
      <HeldUntil service={service} />
      <TextLink href={pageUrl('backups', { view: 'timeline', service: service.name })} inline={false}>
        {t('service.reach', 'See which moments can be brought back')}
      </TextLink>
      <MoreLinks service={service} />
    </Panel>
  );
}

/** Pages that have something about this service. */
function MoreLinks({ service }: { readonly service: Service }): React.JSX.Element | null {
  const has = { replication: partOf(service.replication).kind, quality: partOf(service.quality).kind };
  const hasFailover = briefOf(service) !== null;
  if (has.replication === 'absent' && has.quality === 'absent' && !hasFailover) return null;
  return (
    <Stack gap={2} wrap="wrap">
      {has.replication !== 'absent' && (
        <TextLink href={pageUrl('replication', { service: service.name })} inline={false}>
          {t('service.replication', 'See how its standbys follow')}
        </TextLink>
      )}
      {hasFailover && (
        <TextLink href={pageUrl('failover', { service: service.name })} inline={false}>
          {t('service.failover', 'See who would take over')}
        </TextLink>
      )}
      {has.quality !== 'absent' && (
        <TextLink href={pageUrl('quality', { service: service.name })} inline={false}>
          {t('service.quality', 'See the quality of its restored data')}
        </TextLink>
      )}
    </Stack>
  );
}

/** Who holds the service and until when; a pause and a window end by themselves. */
function HeldUntil({ service }: { readonly service: Service }): React.JSX.Element | null {
  const held = [
    { word: t('card.paused', 'Paused'), hold: service.pause },
    { word: t('card.maintenance', 'In maintenance'), hold: service.maintenance },
  ].flatMap(({ word, hold }) => (hold === null ? [] : [{ word, hold }]));
  if (held.length === 0) return null;
  return (
    <Stack direction="column" gap={0.5}>
      {held.map(({ word, hold }) => (
        <Text key={word} color="secondary">
          {t('service.held', '{{word}} by {{by}} ({{reason}}) until', { word, by: hold.by, reason: hold.reason })}{' '}
          <Time at={hold.until} />
        </Text>
      ))}
    </Stack>
  );
}
