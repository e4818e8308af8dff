import { t } from '../../text.ts';
import { Stack } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NotConfigured } from '../../components/states.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { partOf } from '../../lib/facts.ts';
import { qualityParams } from '../../lib/quality-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { usePageState } from '../../lib/use-page-state.ts';
import { QualityCard } from './QualityCard.tsx';
import { TableDrawer } from './TableDrawer.tsx';

/** Whether restored data is like its source, and where it is not. */
export function QualityPage(): React.JSX.Element {
  const [state, setState] = usePageState(qualityParams);
  const services = useApiQuery('listServices');
  const { data, error } = services;
  const measured = (data?.items ?? []).filter(({ quality }) => partOf(quality).kind !== 'absent');
  const shown = state.service === '' ? measured : measured.filter(({ name }) => name === state.service);
  return (
    <PageFrame
      id="quality"
      title={t('quality.title', 'Data quality')}
      subTitle={t('quality.subtitle', 'Whether restored data is like its source, and where it is not')}
      updatedAt={services.updatedAt}
      isFetching={services.isFetching}
    >
      <QueryNotice
        error={error}
        title={t('quality.failed', 'The services could not be read')}
        onRetry={services.refetch}
        stale={data !== undefined}
      />
      {services.isLoading && <LoadingRows rows={3} height={120} />}
      {data !== undefined && measured.length === 0 && (
        <NotConfigured
          what={t('quality.none', 'No service has its data compared')}
          how={t('quality.how', 'Give a service of genesis.yaml a `quality` block: its next drill compares the data.')}
        />
      )}
      {measured.length > 0 && (
        <Cards
          services={measured}
          shown={shown}
          chosen={state.service}
          onChoose={(service) => setState({ service, report: '' })}
          reportId={state.report}
          onReport={(service, report) => setState({ service, report }, { push: true })}
          onOpen={(of, table) => setState({ of, table }, { push: true })}
        />
      )}
      {state.table !== '' && state.of !== '' && (
        <TableDrawer
          service={state.of}
          table={state.table}
          reportId={state.report}
          onClose={() => setState({ of: '', table: '' })}
        />
      )}
    </PageFrame>
  );
}

interface CardsProps {
  readonly services: readonly Service[];
  readonly shown: readonly Service[];
  readonly chosen: string;
  readonly onChoose: (service: string) => void;
  readonly reportId: string;
  readonly onReport: (service: string, report: string) => void;
  readonly onOpen: (service: string, table: string) => void;
}

function Cards({ services, shown, chosen, onChoose, reportId, onReport, onOpen }: CardsProps): React.JSX.Element {
  return (
    <Stack direction="column" gap={2}>
      {services.length > 1 && (
        <Choice
          label={t('quality.service', 'Service')}
          any={t('quality.any-service', 'All services')}
          options={services.map(({ name }) => ({ value: name, label: name }))}
          value={chosen}
          onChoose={onChoose}
        />
      )}
      {shown.length === 0 && (
        <NoMatch
          what={t('quality.no-match', 'The data of this service is not compared')}
          onClear={() => onChoose('')}
        />
      )}
      {shown.map((service) => (
        <QualityCard
          key={service.name}
          service={service}
          reportId={reportId}
          onReport={(report) => onReport(service.name, report)}
          onOpen={(table) => onOpen(service.name, table)}
        />
      ))}
    </Stack>
  );
}
