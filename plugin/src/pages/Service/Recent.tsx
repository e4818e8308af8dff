import { t } from '../../text.ts';
import { locationService } from '@grafana/runtime';
import { Text, TextLink } from '@grafana/ui';
import { useApiQuery, type ApiQuery } from '../../api/hooks.ts';
import { OperationProgress } from '../../components/flow/OperationProgress.tsx';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice, LoadingRows } from '../../components/states.tsx';
import type { SortOrder } from '../../lib/backup-list.ts';
import { groupOperations } from '../../lib/operation-view.ts';
import { BackupTable } from '../Backups/BackupTable.tsx';
import { DrillTable } from '../Drills/DrillTable.tsx';
import { operationUrl, pageUrl } from '../index.ts';
import { OperationTable } from '../Operations/OperationTable.tsx';

/** How many of each the page shows; the rest stands on the page of its kind. */
const shown = 8;

interface RecentProps<T> {
  readonly title: string;
  readonly allUrl: string;
  readonly none: string;
  readonly query: ApiQuery<{ readonly items: readonly T[] }>;
  readonly children: (items: readonly T[]) => React.ReactNode;
}

function Recent<T>({ title, allUrl, none, query, children }: RecentProps<T>): React.JSX.Element {
  const { data, error, isLoading, refetch } = query;
  return (
    <Panel title={title} aside={<TextLink href={allUrl}>{t('recent.all', 'Show all')}</TextLink>}>
      {isLoading ? <LoadingRows rows={3} /> : null}
      {error === null || (error.isOutage && data !== undefined) ? null : (
        <ErrorNotice
          error={error}
          title={t('recent.unread', '{{title}} could not be read', { title })}
          stale={data !== undefined}
          onRetry={refetch}
        />
      )}
      {data === undefined ? null : data.items.length === 0 ? (
        <Text color="secondary">{none}</Text>
      ) : (
        children(data.items)
      )}
    </Panel>
  );
}

export function RecentOperations({ service }: { readonly service: string }): React.JSX.Element {
  const query = useApiQuery('listOperations', { query: { service, limit: shown } });
  return (
    <Recent
      title={t('recent.operations', 'Operations')}
      allUrl={pageUrl('operations', { service })}
      none={t('recent.noOperations', 'Nothing has been done with this service yet.')}
      query={query}
    >
      {(items) => {
        const { running, past } = groupOperations(items);
        return (
          <>
            {running.map(({ id }) => (
              <OperationProgress key={id} id={id} />
            ))}
            {past.length === 0 ? null : (
              <OperationTable operations={past} selected="" onOpen={(id) => locationService.push(operationUrl(id))} />
            )}
          </>
        );
      }}
    </Recent>
  );
}

const newestFirst: SortOrder = '-startedAt';

export function RecentBackups({ service }: { readonly service: string }): React.JSX.Element {
  const query = useApiQuery('listBackups', { query: { service, limit: shown } });
  const all = pageUrl('backups', { service });
  return (
    <Recent
      title={t('recent.backups', 'Newest backups')}
      allUrl={all}
      none={t('recent.noBackups', 'This service was never backed up.')}
      query={query}
    >
      {(items) => (
        <BackupTable
          backups={items}
          sort={newestFirst}
          onSort={(sort) => locationService.push(pageUrl('backups', { service, sort }))}
          selected=""
          onOpen={(backup) => locationService.push(pageUrl('backups', { backup }))}
        />
      )}
    </Recent>
  );
}

export function RecentDrills({ service }: { readonly service: string }): React.JSX.Element {
  const query = useApiQuery('listDrills', { query: { service, limit: shown } });
  return (
    <Recent
      title={t('recent.drills', 'Drills')}
      allUrl={pageUrl('drills', { service })}
      none={t('recent.noDrills', 'No drill has run yet: until one passes, recovery is not proven.')}
      query={query}
    >
      {(items) => (
        <DrillTable
          drills={items}
          selected=""
          onOpen={(operationId) => locationService.push(pageUrl('drills', { service, drill: operationId }))}
        />
      )}
    </Recent>
  );
}
