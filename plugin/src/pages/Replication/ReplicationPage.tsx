import { t } from '../../text.ts';
import { Stack } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NotConfigured } from '../../components/states.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { partOf } from '../../lib/facts.ts';
import { replicationParams } from '../../lib/replication-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { usePageState } from '../../lib/use-page-state.ts';
import { ReplicationCard } from './ReplicationCard.tsx';

/** Whether the standbys follow, how far behind they are, and whether the log is archived. */
export function ReplicationPage(): React.JSX.Element {
  const [state, setState] = usePageState(replicationParams);
  const services = useApiQuery('listServices');
  const { data, error } = services;
  const replicated = (data?.items ?? []).filter(({ replication }) => partOf(replication).kind !== 'absent');
  return (
    <PageFrame
      id="replication"
      title={t('replication.title', 'Replication')}
      subTitle={t('replication.subtitle', 'Who follows each database, how far behind, and whether its log is archived')}
      updatedAt={services.updatedAt}
      isFetching={services.isFetching}
    >
      <QueryNotice
        error={error}
        title={t('replication.failed', 'The services could not be read')}
        onRetry={services.refetch}
        stale={data !== undefined}
      />
      {services.isLoading && <LoadingRows rows={3} height={120} />}
      {data !== undefined && (
        <Cards services={replicated} chosen={state.service} onChoose={(service) => setState({ service })} />
      )}
    </PageFrame>
  );
}

interface CardsProps {
  readonly services: readonly Service[];
  /** '' is all. */
  readonly chosen: string;
  readonly onChoose: (service: string) => void;
}

function Cards({ services, chosen, onChoose }: CardsProps): React.JSX.Element {
  const shown = chosen === '' ? services : services.filter(({ name }) => name === chosen);
  if (services.length === 0)
    return (
      <NotConfigured
        what={t('replication.none', 'No database is watched')}
        how={t(
          'replication.how',
          'Give a service of genesis.yaml its `postgres` server and, for each standby, its address under `standbys`.',
        )}
      />
    );
  return (
    <Stack direction="column" gap={2}>
      {services.length > 1 && (
        <Choice
          label={t('replication.service', 'Service')}
          any={t('replication.any-service', 'All services')}
          options={services.map(({ name }) => ({ value: name, label: name }))}
          value={chosen}
          onChoose={onChoose}
        />
      )}
      {shown.length === 0 && (
        <NoMatch
          what={t('replication.no-match', 'This service has no watched database')}
          onClear={() => onChoose('')}
        />
      )}
      {shown.map((service) => (
        <ReplicationCard key={service.name} service={service} />
      ))}
    </Stack>
  );
}
