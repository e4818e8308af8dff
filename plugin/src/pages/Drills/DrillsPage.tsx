import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Button, Stack, useStyles2 } from '@grafana/ui';
import { useCallback } from 'react';
import { useApiPages, useApiQuery, type ApiPages } from '../../api/hooks.ts';
import type { Drill, Query, Service } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NotConfigured, NothingYet, ReadOnlyHint } from '../../components/states.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { drillParams, drillQuery, type DrillListState } from '../../lib/drill-list.ts';
import { isFiltered } from '../../lib/url-state.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { DrillCard } from './DrillCard.tsx';
import { DrillTable } from './DrillTable.tsx';
import { EvidenceDrawer } from './EvidenceDrawer.tsx';
import { drillTestIds } from './testIds.ts';

/** Whether restores really work: what was tried, what was measured, what comes next. */
export function DrillsPage(): React.JSX.Element {
  const [state, setState] = usePageState(drillParams);
  const services = useApiQuery('listServices');
  const trend = useApiQuery('listDrills', { query: { limit: 500 } });
  const history = useApiPages('listDrills', { query: drillQuery(state) as Query<'listDrills'> });
  const onOpen = useCallback((drill: string) => setState({ drill }, { push: true }), [setState]);
  const known = services.data?.items ?? [];
  const shown = state.service === '' ? known : known.filter(({ name }) => name === state.service);
  return (
    <PageFrame
      id="drills"
      title={t('drills.title', 'Drills')}
      subTitle={t('drills.subtitle', 'Proof that a restore works: what was tried, measured and found')}
      updatedAt={history.updatedAt}
      isFetching={history.isFetching}
    >
      <ReadOnlyHint needs="operate" what={t('drills.read-only', 'You can look, not run a drill')} />
      <QueryNotice
        error={services.error}
        title={t('drills.services-failed', 'The services could not be read')}
        onRetry={services.refetch}
        stale={services.data !== undefined}
      />
      {services.isLoading && <LoadingRows rows={2} height={140} />}
      {services.data !== undefined && <Cards services={shown} drills={trend.data?.items ?? null} />}
      <section data-testid={drillTestIds.history}>
        <Stack direction="column" gap={1}>
          <Filters state={state} services={known} onChange={setState} />
          <History
            history={history}
            state={state}
            onOpen={onOpen}
            onClear={() => setState({ service: '', passed: '' })}
          />
        </Stack>
      </section>
      {state.drill !== '' && <EvidenceDrawer operationId={state.drill} onClose={() => setState({ drill: '' })} />}
    </PageFrame>
  );
}

function Cards({
  services,
  drills,
}: {
  readonly services: readonly Service[];
  readonly drills: readonly Drill[] | null;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  if (services.length === 0) return <NotConfigured what={t('drills.no-service', 'No such service is configured')} />;
  return (
    <div className={styles.cards}>
      {services.map((service) => (
        <DrillCard key={service.name} service={service} drills={drills} />
      ))}
    </div>
  );
}

interface FiltersProps {
  readonly state: DrillListState;
  readonly services: readonly Service[];
  readonly onChange: (change: Partial<DrillListState>) => void;
}

function Filters({ state, services, onChange }: FiltersProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <Stack gap={1} wrap="wrap" alignItems="center">
      <h2 className={styles.heading}>{t('drills.history', 'History')}</h2>
      <Choice
        label={t('drills.service', 'Service')}
        any={t('drills.any-service', 'All services')}
        options={services.map(({ name }) => ({ value: name, label: name }))}
        value={state.service}
        onChoose={(service) => onChange({ service })}
      />
      <Choice
        label={t('drills.result', 'Result')}
        any={t('drills.any-result', 'Any result')}
        options={[
          { value: 'true', label: t('drills.passed', 'Passed') },
          { value: 'false', label: t('drills.failed', 'Failed') },
        ]}
        value={state.passed}
        onChoose={(passed) => onChange({ passed })}
      />
    </Stack>
  );
}

interface HistoryProps {
  readonly history: ApiPages<Drill>;
  readonly state: DrillListState;
  readonly onOpen: (operationId: string) => void;
  readonly onClear: () => void;
}

function History({ history, state, onOpen, onClear }: HistoryProps): React.JSX.Element {
  const { data, error } = history;
  return (
    <>
      <QueryNotice
        error={error}
        title={t('drills.list-failed', 'The drills could not be listed')}
        onRetry={history.refetch}
        stale={data !== undefined}
      />
      {data === undefined && history.isLoading && <LoadingRows rows={5} />}
      {data?.length === 0 &&
        (isFiltered(drillParams, state, ['service', 'passed']) ? (
          <NoMatch what={t('drills.no-match', 'No drill fits this filter')} onClear={onClear} />
        ) : (
          <NothingYet what={t('drills.nothing', 'No drill has run yet')}>
            {t(
              'drills.nothing-how',
              'A backup that was never restored is a hope. Run a drill: it restores the newest backup into a private folder and compares every file.',
            )}
          </NothingYet>
        ))}
      {data !== undefined && data.length > 0 && <DrillTable drills={data} selected={state.drill} onOpen={onOpen} />}
      {history.hasMore && (
        <div>
          <Button variant="secondary" onClick={history.loadMore} disabled={history.isLoadingMore}>
            {t('drills.more', 'Show more')}
          </Button>
        </div>
      )}
    </>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    cards: css({
      display: 'grid',
      gridTemplateColumns: 'repeat(auto-fill, minmax(min(500px, 100%), 1fr))',
      gap: theme.spacing(2),
    }),
    heading: css({ ...theme.typography.h4, margin: 0 }),
  };
}
