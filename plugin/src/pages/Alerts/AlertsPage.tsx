import { t } from '../../text.ts';
import { Stack } from '@grafana/ui';
import { useState } from 'react';
import { useApiQuery, type ApiQuery } from '../../api/hooks.ts';
import type { Reply } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { Panel } from '../../components/Panel.tsx';
import { LoadingRows, NoMatch, NothingYet, ReadOnlyHint } from '../../components/states.tsx';
import { alertParams, matchingAlerts, type LiveAlert } from '../../lib/alert-form.ts';
import { Choice } from '../../lib/Choice.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { SearchInput } from '../../lib/SearchInput.tsx';
import { isFiltered, type StateOf } from '../../lib/url-state.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { AlertsPanel } from '../Overview/AlertsPanel.tsx';
import { AlertFlow, DeleteAlertFlow } from './AlertFlow.tsx';
import { AlertTable } from './AlertTable.tsx';
import { stateWord } from './words.ts';
import { alertTestIds } from './testIds.ts';

/** What is wrong now, and the alerts that people define while the exporter runs. */
export function AlertsPage(): React.JSX.Element {
  const [state, setState] = usePageState(alertParams);
  const own = useApiQuery('listRuntimeAlerts');
  return (
    <PageFrame
      id="alerts"
      title={t('alerts.page', 'Alerts')}
      subTitle={t('alerts.page-subtitle', 'What is wrong now, and what else is to be watched')}
      updatedAt={own.updatedAt}
      isFetching={own.isFetching}
      actions={
        <DialogButton
          needs="operate"
          variant="primary"
          icon="plus"
          testId={alertTestIds.create}
          dialog={(close) => <AlertFlow alert={null} onClose={close} />}
        >
          {t('alerts.define', 'Define an alert')}
        </DialogButton>
      }
    >
      <ReadOnlyHint needs="operate" what={t('alerts.read-only', 'You can look, not define alerts')} />
      <AlertsPanel hasLink={false} />
      <Defined own={own} state={state} onChange={setState} />
    </PageFrame>
  );
}

interface DefinedProps {
  readonly own: ApiQuery<Reply<'listRuntimeAlerts'>>;
  readonly state: StateOf<typeof alertParams>;
  readonly onChange: (change: Partial<StateOf<typeof alertParams>>) => void;
}

function Defined({ own, state, onChange }: DefinedProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = own;
  const [deleted, setDeleted] = useState<LiveAlert | null>(null);
  const shown = data === undefined ? [] : matchingAlerts(data.alerts, state);
  return (
    <Panel title={t('alerts.defined', 'Defined at run time')} testId={alertTestIds.table}>
      <QueryNotice
        error={error}
        title={t('alerts.defined-failed', 'The alerts could not be listed')}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={3} />}
      {data?.alerts.length === 0 && (
        <NothingYet what={t('alerts.defined-none', 'Nobody has defined an alert')}>
          {t(
            'alerts.defined-how',
            'An alert watches one figure of the exporter, e.g. the data loss now of a service; it needs no Prometheus.',
          )}
        </NothingYet>
      )}
      {data !== undefined && data.alerts.length > 0 && (
        <Stack direction="column" gap={1.5}>
          <Stack gap={1} wrap="wrap">
            <SearchInput
              label={t('alerts.search', 'Search metric, message, who')}
              value={state.q}
              onSearch={(q) => onChange({ q })}
              width={34}
            />
            <Choice
              label={t('alerts.state', 'State')}
              any={t('alerts.any-state', 'Any state')}
              options={(['active', 'unknown', 'resolved', 'inactive'] as const).map((value) => ({
                value,
                label: stateWord(value).text,
              }))}
              value={state.state}
              onChoose={(chosen) => onChange({ state: chosen })}
            />
          </Stack>
          {shown.length === 0 && isFiltered(alertParams, state, ['q', 'state']) ? (
            <NoMatch
              what={t('alerts.no-match', 'No alert fits this filter')}
              onClear={() => onChange({ q: '', state: '' })}
            />
          ) : (
            <AlertTable alerts={shown} onDelete={setDeleted} />
          )}
        </Stack>
      )}
      {deleted !== null && <DeleteAlertFlow alert={deleted} onClose={() => setDeleted(null)} />}
    </Panel>
  );
}
