import { t } from '../../text.ts';
import { Tab, TabsBar } from '@grafana/ui';
import { useCallback } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { backupParams, type BackupState } from '../../lib/backup-list.ts';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { usePageState } from '../../lib/use-page-state.ts';
import { BackupDrawer } from './BackupDrawer.tsx';
import { BackupList, useBackups } from './BackupList.tsx';
import { SourcesView } from './SourcesView.tsx';
import { StartBackupFlow } from './StartBackupFlow.tsx';
import { TimelineView } from './TimelineView.tsx';
import { backupTestIds } from './testIds.ts';

/** Every backup: found, looked into, proven, restored. */
export function BackupsPage(): React.JSX.Element {
  const [state, setState] = usePageState(backupParams);
  const known = useApiQuery('listServices');
  const services = (known.data?.items ?? []).map(({ name }) => name);
  const isTimeline = state.view === 'timeline';
  const isList = state.view === 'list';
  const backups = useBackups(state, isList);
  const change = useCallback(
    (wanted: Partial<BackupState>, options?: { readonly push?: boolean }) => setState(wanted, options),
    [setState],
  );
  return (
    <PageFrame
      id="backups"
      title={t('backups.title', 'Backups')}
      subTitle={t('backups.subtitle', 'What can be brought back, from when, and how well that is proven')}
      updatedAt={isList ? backups.updatedAt : known.updatedAt}
      isFetching={isList ? backups.isFetching : known.isFetching}
      actions={
        <StartButton
          services={services}
          service={state.service}
          isKnown={known.data !== undefined}
          isPrimary={!isTimeline}
        />
      }
    >
      <TabsBar>
        <Tab
          label={t('backups.tab-list', 'All backups')}
          active={isList}
          onChangeTab={() => change({ view: 'list' }, { push: true })}
        />
        <Tab
          label={t('backups.tab-timeline', 'Back to a moment')}
          active={isTimeline}
          onChangeTab={() => change({ view: 'timeline' }, { push: true })}
        />
        <Tab
          label={t('backups.tab-sources', 'Repositories')}
          active={state.view === 'sources'}
          onChangeTab={() => change({ view: 'sources' }, { push: true })}
        />
      </TabsBar>
      {isTimeline && <TimelineView state={state} services={services} onChange={change} />}
      {state.view === 'sources' && <SourcesView services={known} service={state.service} onChange={change} />}
      {isList && <BackupList state={state} backups={backups} services={services} onChange={change} />}
      {state.backup !== '' && <BackupDrawer state={state} onChange={change} />}
    </PageFrame>
  );
}

interface StartButtonProps {
  readonly services: readonly string[];
  readonly service: string;
  readonly isKnown: boolean;
  /** On the timeline, restoring is what the page is about. */
  readonly isPrimary: boolean;
}

export function StartButton({ services, service, isKnown, isPrimary }: StartButtonProps): React.JSX.Element {
  const first = services.includes(service) ? service : (services[0] ?? '');
  const why =
    services.length > 0
      ? null
      : isKnown
        ? t('backups.no-service', 'No service is configured')
        : t('backups.loading-services', 'The services are not known yet');
  return (
    <DialogButton
      needs="operate"
      variant={isPrimary ? 'primary' : 'secondary'}
      icon="plus"
      disabledBecause={why}
      testId={backupTestIds.start}
      dialog={(close) => <StartBackupFlow services={services} service={first} onClose={close} />}
    >
      {t('backups.start', 'Back up now')}
    </DialogButton>
  );
}
