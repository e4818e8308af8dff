import { t } from '../../text.ts';
import { Button, Stack } from '@grafana/ui';
import { useState } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { Grid, Panel } from '../../components/Panel.tsx';
import { PageFrame } from '../../components/PageFrame.tsx';
import { ErrorNotice, LoadingRows, NotConfigured } from '../../components/states.tsx';
import { headlineOf, worstFirst } from '../../lib/overview.ts';
import { AlertsPanel } from './AlertsPanel.tsx';
import { HeadlineCard } from './HeadlineCard.tsx';
import { MetricCards } from './MetricCards.tsx';
import { ServiceCard } from './ServiceCard.tsx';

/** Drawn at once; more would bury those that need somebody. */
const shownAtFirst = 12;

/** Could every service be recovered right now, why not, and what mends it: to be read in five seconds. */
export function OverviewPage(): React.JSX.Element {
  const services = useApiQuery('listServices');
  const status = useApiQuery('status');
  return (
    <PageFrame
      id="overview"
      title={t('overview.title', 'Overview')}
      subTitle={t('overview.subTitle', 'Could every service be recovered right now, and what is missing')}
      updatedAt={services.updatedAt}
      isFetching={services.isFetching}
    >
      {services.error === null || (services.error.isOutage && services.data !== undefined) ? null : (
        <ErrorNotice
          error={services.error}
          title={t('overview.unread', 'The services could not be read')}
          stale={services.data !== undefined}
          onRetry={services.refetch}
        />
      )}
      {services.isLoading ? <LoadingRows rows={5} height={64} /> : null}
      {services.data === undefined ? null : <Loaded services={services.data.items} status={status.data} />}
    </PageFrame>
  );
}

function Loaded({
  services,
  status,
}: {
  readonly services: readonly Service[];
  readonly status: Parameters<typeof HeadlineCard>[0]['status'];
}): React.JSX.Element {
  const headline = headlineOf(services);
  if (headline === null)
    return (
      <NotConfigured
        what={t('overview.noServices', 'No service is configured')}
        how={t(
          'overview.noServicesHow',
          'Add a service with its files or databases to genesis.yaml; `genesis init` writes a first one.',
        )}
      />
    );
  return (
    <Stack direction="column" gap={2}>
      <HeadlineCard headline={headline} status={status} />
      <Services services={worstFirst(services)} />
      <AlertsPanel />
      <MetricCards />
    </Stack>
  );
}

function Services({ services }: { readonly services: readonly Service[] }): React.JSX.Element {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? services : services.slice(0, shownAtFirst);
  return (
    <Panel title={t('overview.services', 'Services')}>
      <Grid minWidth={340}>
        {shown.map((service) => (
          <ServiceCard key={service.name} service={service} />
        ))}
      </Grid>
      {shown.length === services.length ? null : (
        <Button variant="secondary" fill="outline" onClick={() => setAll(true)}>
          {t('overview.showAll', 'Show all {{total}} services', { total: services.length })}
        </Button>
      )}
    </Panel>
  );
}
