import { t } from '../../text.ts';
import { Button, Stack } from '@grafana/ui';
import { useCallback } from 'react';
import { useApiPages, useApiQuery, type ApiPages } from '../../api/hooks.ts';
import type { AuditEntry, Query } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NothingYet } from '../../components/states.tsx';
import { auditFilter, auditFilters, auditParams, clearedAuditFilters } from '../../lib/audit-list.ts';
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
  const opened = entries.data?.find(({ seq }) => String(seq) === state.entry);
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
      {opened !== undefined && <AuditDrawer entry={opened} onClose={() => setState({ entry: '' })} />}
    </PageFrame>
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
