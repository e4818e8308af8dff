import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Drawer, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import type { Backup } from '../../api/types.ts';
import { LoadingRows } from '../../components/states.tsx';
import type { BackupState } from '../../lib/backup-list.ts';
import type { RestoreChoice } from '../../lib/restore-request.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { BackupActions } from './BackupActions.tsx';
import { BackupDetails } from './BackupDetails.tsx';
import { FileBrowser } from './FileBrowser.tsx';
import { RestoreFlow, sourceOf } from './RestoreFlow.tsx';
import { backupTestIds } from './testIds.ts';

interface BackupDrawerProps {
  readonly state: BackupState;
  readonly onChange: (change: Partial<BackupState>, options?: { readonly push?: boolean }) => void;
}

/** All about one backup, under its own URL. */
export function BackupDrawer({ state, onChange }: BackupDrawerProps): React.JSX.Element {
  const {
    data: backup,
    error,
    refetch,
  } = useApiQuery('getBackup', { params: { id: state.backup } }, { keepPrevious: false });
  const close = (): void => onChange({ backup: '', tab: 'details', folder: '', find: '' });
  return (
    <Drawer title={t('drawer.title', 'Backup')} subtitle={state.backup} size="md" onClose={close}>
      <div data-testid={backupTestIds.drawer} data-backup={state.backup}>
        <QueryNotice
          error={error}
          title={t('drawer.failed', 'The backup could not be read')}
          onRetry={refetch}
          stale={backup !== undefined}
        />
        {backup === undefined ? (
          error === null && <LoadingRows rows={8} />
        ) : (
          <Content key={backup.id} backup={backup} state={state} onChange={onChange} />
        )}
      </div>
    </Drawer>
  );
}

function Content({ backup, state, onChange }: BackupDrawerProps & { readonly backup: Backup }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const [picked, setPicked] = useState<RestoreChoice['picked']>(null);
  const service = useApiQuery('getService', { params: { name: backup.service } }, { refreshMs: false });
  const hasFiles = service.data?.abilities?.files !== false;
  const isFiles = hasFiles && state.tab === 'files';
  return (
    <>
      <BackupActions backup={backup} />
      <TabsBar className={styles.tabs}>
        <Tab
          label={t('drawer.details', 'Details')}
          active={!isFiles}
          onChangeTab={() => onChange({ tab: 'details' })}
        />
        {hasFiles && (
          <Tab label={t('drawer.files', 'Files')} active={isFiles} onChangeTab={() => onChange({ tab: 'files' })} />
        )}
      </TabsBar>
      {isFiles ? (
        <FileBrowser
          backup={backup}
          folder={state.folder}
          find={state.find}
          onChange={onChange}
          onRestore={setPicked}
        />
      ) : (
        <BackupDetails
          backup={backup}
          onOpen={(id) => onChange({ backup: id, folder: '', find: '' }, { push: true })}
        />
      )}
      {picked !== null && <RestoreFlow source={sourceOf(backup)} picked={picked} onClose={() => setPicked(null)} />}
    </>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return { tabs: css({ marginTop: theme.spacing(2) }) };
}
