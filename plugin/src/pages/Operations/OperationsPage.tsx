import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Button, Stack, useStyles2 } from '@grafana/ui';
import { useCallback } from 'react';
import { useApiPages, useApiQuery, type ApiPages } from '../../api/hooks.ts';
import type { Operation, Query } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NothingYet } from '../../components/states.tsx';
import { formatCount } from '../../lib/format.ts';
import { clearedOperationFilters, operationFilters, operationParams, pastQuery } from '../../lib/operation-list.ts';
import { isFiltered } from '../../lib/url-state.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { OperationDrawer } from './OperationDrawer.tsx';
import { OperationFilters } from './OperationFilters.tsx';
import { OperationTable } from './OperationTable.tsx';
import { RunningOperations } from './RunningOperations.tsx';
import { operationTestIds } from './testIds.ts';

/** What runs now and what has run, with every step. */
export function OperationsPage(): React.JSX.Element {
  const [state, setState] = usePageState(operationParams);
  const services = useApiQuery('listServices', {}, { refreshMs: false });
  const running = useApiQuery('listOperations', { query: { active: 'true', limit: 100 } });
  const past = useApiPages('listOperations', { query: pastQuery(state) as Query<'listOperations'> });
  const filtered = isFiltered(operationParams, state, operationFilters);
  const onOpen = useCallback((operation: string) => setState({ operation }, { push: true }), [setState]);
  return (
    <PageFrame
      id="operations"
      title={t('operations.title', 'Operations')}
      subTitle={t('operations.subtitle', 'What runs now and what has run, step by step')}
      updatedAt={past.updatedAt}
      isFetching={past.isFetching || running.isFetching}
    >
      <RunningOperations running={running} onOpen={onOpen} />
      <section data-testid={operationTestIds.past}>
        <Stack direction="column" gap={1}>
          <Heading text={t('operations.past', 'Ended')} />
          <OperationFilters
            state={state}
            services={(services.data?.items ?? []).map(({ name }) => name)}
            isFiltered={filtered}
            onChange={setState}
          />
          <Past
            past={past}
            filtered={filtered}
            selected={state.operation}
            onOpen={onOpen}
            onClear={() => setState(clearedOperationFilters())}
          />
        </Stack>
      </section>
      {state.operation !== '' && <OperationDrawer id={state.operation} onClose={() => setState({ operation: '' })} />}
    </PageFrame>
  );
}

interface PastProps {
  readonly past: ApiPages<Operation>;
  readonly filtered: boolean;
  readonly selected: string;
  readonly onOpen: (id: string) => void;
  readonly onClear: () => void;
}

function Past({ past, filtered, selected, onOpen, onClear }: PastProps): React.JSX.Element {
  return (
    <>
      <QueryNotice
        error={past.error}
        title={t('operations.failed', 'The operations could not be listed')}
        onRetry={past.refetch}
        stale={past.data !== undefined}
      />
      {past.data === undefined && past.isLoading && <LoadingRows rows={8} />}
      {past.data?.length === 0 &&
        (filtered ? (
          <NoMatch what={t('operations.no-match', 'No ended operation fits this filter')} onClear={onClear} />
        ) : (
          <NothingYet what={t('operations.nothing', 'No operation has ended yet')}>
            {t(
              'operations.nothing-how',
              'Backups, verifications, restores and drills stand here once they have ended.',
            )}
          </NothingYet>
        ))}
      {past.data !== undefined && past.data.length > 0 && (
        <OperationTable operations={past.data} selected={selected} onOpen={onOpen} />
      )}
      {past.hasMore && (
        <div>
          <Button variant="secondary" onClick={past.loadMore} disabled={past.isLoadingMore}>
            {t('operations.more', 'Show more than these {{number}}', { number: formatCount(past.data?.length ?? 0) })}
          </Button>
        </div>
      )}
    </>
  );
}

export function Heading({ text }: { readonly text: string }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return <h2 className={styles.heading}>{text}</h2>;
}

function getStyles(theme: GrafanaTheme2) {
  return { heading: css({ ...theme.typography.h4, margin: 0 }) };
}
