import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Button, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useCallback, useState } from 'react';
import { useApiQuery, type ApiQuery } from '../../api/hooks.ts';
import type { Query, Reply } from '../../api/types.ts';
import { LoadingRows, NoMatch, NotConfigured, NothingYet, ReadOnlyHint } from '../../components/states.tsx';
import {
  backupFilters,
  backupParams,
  backupQuery,
  clearedFilters,
  pageSizes,
  rowsShown,
  withFirstPage,
  type BackupState,
  type SortOrder,
} from '../../lib/backup-list.ts';
import { formatCount } from '../../lib/format.ts';
import { isFiltered } from '../../lib/url-state.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { BackupFilters } from './BackupFilters.tsx';
import { BackupTable } from './BackupTable.tsx';

type Backups = Reply<'listBackups'>;

export function useBackups(state: BackupState, enabled: boolean): ApiQuery<Backups> {
  return useApiQuery('listBackups', { query: backupQuery(state) as Query<'listBackups'> }, { enabled });
}

interface BackupListProps {
  readonly state: BackupState;
  readonly backups: ApiQuery<Backups>;
  readonly services: readonly string[];
  readonly onChange: (change: Partial<BackupState>, options?: { readonly push?: boolean }) => void;
}

export function BackupList({ state, backups, services, onChange }: BackupListProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { data, error } = backups;
  const filtered = isFiltered(backupParams, state, backupFilters);
  const onSort = useCallback((sort: SortOrder) => onChange(withFirstPage({ sort })), [onChange]);
  const onOpen = useCallback((backup: string) => onChange({ backup }, { push: true }), [onChange]);
  return (
    <div className={styles.list}>
      <BackupFilters state={state} onChange={onChange} services={services} isFiltered={filtered} />
      <ReadOnlyHint needs="operate" what={t('backups.read-only', 'You can look, not act')} />
      <QueryNotice
        error={error}
        title={t('backups.failed', 'The backups could not be listed')}
        onRetry={error?.code === 'bad_request' ? () => onChange(withFirstPage({})) : backups.refetch}
        stale={data !== undefined}
      />
      {data === undefined && backups.isLoading && <LoadingRows rows={10} />}
      {data !== undefined && data.items.length === 0 && (
        <Empty filtered={filtered} services={services} onChange={onChange} />
      )}
      {data !== undefined && data.items.length > 0 && (
        <>
          <BackupTable backups={data.items} sort={state.sort} onSort={onSort} selected={state.backup} onOpen={onOpen} />
          <Pager state={state} data={data} onChange={onChange} />
        </>
      )}
    </div>
  );
}

function Empty({
  filtered,
  services,
  onChange,
}: Pick<BackupListProps, 'services' | 'onChange'> & { readonly filtered: boolean }): React.JSX.Element {
  if (filtered)
    return (
      <NoMatch what={t('backups.no-match', 'No backup fits this filter')} onClear={() => onChange(clearedFilters())} />
    );
  if (services.length === 0)
    return (
      <NotConfigured
        what={t('backups.not-configured', 'No service is configured')}
        how={t(
          'backups.not-configured-how',
          'Services stand in genesis.yaml of the exporter; `genesis init` writes a first one.',
        )}
      />
    );
  return (
    <NothingYet what={t('backups.nothing', 'There is no backup yet')}>
      {t('backups.nothing-how', 'Press "Back up now", or wait for the schedule.')}
    </NothingYet>
  );
}

interface PagerProps {
  readonly state: BackupState;
  readonly data: Backups;
  readonly onChange: BackupListProps['onChange'];
}

function Pager({ state, data, onChange }: PagerProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const rows = rowsShown(state, data.items.length);
  const total = formatCount(data.total);
  // Cursors lead only onwards, so the way back is what this page remembers; after a reload there is the first page.
  const [trail, setTrail] = useState<ReadonlyMap<string, Pick<BackupState, 'cursor' | 'skip'>>>(new Map());
  const before = trail.get(state.cursor);
  const goOn = (): void => {
    const next = data.next ?? '';
    setTrail(new Map(trail).set(next, { cursor: state.cursor, skip: state.skip }));
    onChange({ cursor: next, skip: rows === null ? '' : String(rows.last) }, { push: true });
  };
  return (
    <div className={styles.pager}>
      <span aria-live="polite">
        {rows === null
          ? t('backups.some', '{{number}} of {{total}}', { number: formatCount(data.items.length), total })
          : t('backups.rows', '{{first}}–{{last}} of {{total}}', {
              first: formatCount(rows.first),
              last: formatCount(rows.last),
              total,
            })}
      </span>
      <span className={styles.sizes}>
        {t('backups.page-size', 'Rows')}
        <RadioButtonGroup
          size="sm"
          aria-label={t('backups.page-size-label', 'Rows on a page')}
          options={pageSizes.map((size) => ({ value: size, label: size }))}
          value={state.size}
          onChange={(size) => onChange(withFirstPage({ size }))}
        />
      </span>
      <span className={styles.buttons}>
        <Button
          variant="secondary"
          size="sm"
          disabled={state.cursor === ''}
          onClick={() => onChange(withFirstPage({}), { push: true })}
        >
          {t('backups.first-page', 'First')}
        </Button>
        <Button
          variant="secondary"
          size="sm"
          icon="angle-left"
          disabled={before === undefined}
          onClick={() => onChange(before ?? {}, { push: true })}
        >
          {t('backups.previous-page', 'Previous')}
        </Button>
        <Button
          variant="secondary"
          size="sm"
          icon="angle-right"
          iconPlacement="right"
          disabled={data.next === null}
          onClick={goOn}
        >
          {t('backups.next-page', 'Next')}
        </Button>
      </span>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    list: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), minWidth: 0 }),
    pager: css({
      display: 'flex',
      flexWrap: 'wrap',
      alignItems: 'center',
      justifyContent: 'space-between',
      gap: theme.spacing(1, 2),
      padding: theme.spacing(1, 0),
      color: theme.colors.text.secondary,
    }),
    sizes: css({ display: 'inline-flex', alignItems: 'center', gap: theme.spacing(1) }),
    buttons: css({ display: 'inline-flex', gap: theme.spacing(1) }),
  };
}
