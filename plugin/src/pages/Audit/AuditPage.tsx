import { t } from '../../text.ts';
import { Button, Drawer, Stack } from '@grafana/ui';
import { useCallback } from 'react';
import { useApiPages, useApiQuery, type ApiPages } from '../../api/hooks.ts';
import type { AuditEntry, Query } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { ErrorNotice, LoadingRows, NoMatch, NothingYet } from '../../components/states.tsx';
import { auditFilter, auditFilters, auditParams, clearedAuditFilters, rowNumber } from '../../lib/audit-list.ts';
import { isFiltered } from '../../lib/url-state.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { AuditDrawer } from './AuditDrawer.tsx';
import { AuditFilters } from './AuditFilters.tsx';
import { AuditTable } from './AuditTable.tsx';
import { ChainMark } from './ChainMark.tsx';
import { ExportButtons } from './ExportButtons.tsx';

/** Who did what, when, why, and what came of it. */
export function AuditPage(): React.JSX.Element {
  const [state, setState] = usePageState(auditParams);
  const services = useApiQuery('listServices', {}, { refreshMs: false });
  const filter = auditFilter(state) as Query<'listAudit'>;
  const entries = useApiPages('listAudit', { query: { ...filter, limit: 100 } });
  const filtered = isFiltered(auditParams, state, auditFilters);
  const onOpen = useCallback((seq: number) => setState({ entry: String(seq) }, { push: true }), [setState]);
  return (
    <PageFrame
      id="audit"
      title={t('audit.title', 'Audit')}
      subTitle={t('audit.subtitle', 'Who did what, when and why, and what came of it')}
      updatedAt={entries.updatedAt}
      isFetching={entries.isFetching}
      actions={<ExportButtons filter={filter as Record<string, string>} />}
    >
      <ChainMark />
      <AuditFilters
        state={state}
        services={(services.data?.items ?? []).map(({ name }) => name)}
        isFiltered={filtered}
        onChange={setState}
      />
      <Entries
        entries={entries}
        filtered={filtered}
        selected={state.entry}
        onOpen={onOpen}
        onClear={() => setState(clearedAuditFilters())}
      />
      <OpenedEntry seq={state.entry} listed={entries.data} onClose={() => setState({ entry: '' })} />
    </PageFrame>
  );
}

interface OpenedEntryProps {
  /** As it stands in the URL; '' is none. */
  readonly seq: string;
  readonly listed: readonly AuditEntry[] | undefined;
  readonly onClose: () => void;
}

/** The row of a link, also where it lies outside of what is listed: it is then asked for by its number. */
function OpenedEntry({ seq, listed, onClose }: OpenedEntryProps): React.JSX.Element | null {
  const number = rowNumber(seq);
  const known = listed?.find((entry) => entry.seq === number);
  const asked = useApiQuery(
    'listAudit',
    { query: { seq: number ?? 0, limit: 1 } },
    { enabled: number !== null && listed !== undefined && known === undefined, refreshMs: false, keepPrevious: false },
  );
  if (seq === '') return null;
  const found = known ?? asked.data?.items.find((entry) => entry.seq === number);
  if (found !== undefined) return <AuditDrawer entry={found} onClose={onClose} />;
  if (number !== null && asked.error === null && asked.data === undefined) return null;
  return (
    <Drawer title={t('audit.entry', 'Audit entry {{seq}}', { seq })} size="md" onClose={onClose}>
      {asked.error === null ? (
        <NothingYet what={t('audit.no-entry', 'The log has no such row')} />
      ) : (
        <ErrorNotice
          error={asked.error}
          title={t('audit.entry-failed', 'The row could not be read')}
          onRetry={asked.refetch}
        />
      )}
    </Drawer>
  );
}

interface EntriesProps {
  readonly entries: ApiPages<AuditEntry>;
  readonly filtered: boolean;
  readonly selected: string;
  readonly onOpen: (seq: number) => void;
  readonly onClear: () => void;
}

function Entries({ entries, filtered, selected, onOpen, onClear }: EntriesProps): React.JSX.Element {
  const { data, error } = entries;
  return (
    <Stack direction="column" gap={1}>
      <QueryNotice
        error={error}
        title={t('audit.list-failed', 'The audit log could not be read')}
        onRetry={entries.refetch}
        stale={data !== undefined}
      />
      {data === undefined && entries.isLoading && <LoadingRows rows={10} />}
      {data?.length === 0 &&
        (filtered ? (
          <NoMatch what={t('audit.no-match', 'No entry fits this filter')} onClear={onClear} />
        ) : (
          <NothingYet what={t('audit.nothing', 'Nothing has been done yet')} />
        ))}
      {data !== undefined && data.length > 0 && <AuditTable entries={data} selected={selected} onOpen={onOpen} />}
      {entries.hasMore && (
        <div>
          <Button variant="secondary" onClick={entries.loadMore} disabled={entries.isLoadingMore}>
            {t('audit.more', 'Show older entries')}
          </Button>
        </div>
      )}
    </Stack>
  );
}
