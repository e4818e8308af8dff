import { t } from '../../text.ts';
import { Stack } from '@grafana/ui';
import type { Backup } from '../../api/types.ts';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { ReadOnlyHint } from '../../components/states.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { KeepFlow } from './KeepFlow.tsx';
import { RestoreFlow, sourceOf } from './RestoreFlow.tsx';
import { backupTestIds } from './testIds.ts';

/** What can be done with one backup. */
export function BackupActions({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const { id, service, status, keep } = backup;
  const failed = status === 'failed' ? t('backup.cannot-failed', 'This backup failed: there is nothing to read') : null;
  return (
    <Stack direction="column" gap={1}>
      <Stack gap={1} wrap="wrap">
        <DialogButton
          needs="operate"
          variant="primary"
          icon="history"
          disabledBecause={failed}
          testId={backupTestIds.restore}
          dialog={(close) => <RestoreFlow source={sourceOf(backup)} picked={null} onClose={close} />}
        >
          {t('backup.restore', 'Restore')}
        </DialogButton>
        <ActionButton
          spec={{
            id: 'verifyBackup',
            params: { id },
            title: t('backup.verify-title', 'Verify {{id}}', { id }),
            verb: t('backup.verify-verb', 'Verify'),
            service,
          }}
          icon="check"
          disabledBecause={failed}
          testId={backupTestIds.verify}
        >
          {t('backup.verify', 'Verify')}
        </ActionButton>
        <DialogButton
          needs={keep ? 'admin' : 'operate'}
          icon="lock"
          testId={backupTestIds.keep}
          dialog={(close) => <KeepFlow backup={backup} change={keep ? 'unkeep' : 'keep'} onClose={close} />}
        >
          {keep ? t('backup.unkeep', 'Unkeep') : t('backup.keep', 'Keep')}
        </DialogButton>
        <DialogButton
          needs="operate"
          icon="edit"
          dialog={(close) => <KeepFlow backup={backup} change="note" onClose={close} />}
        >
          {t('backup.note', 'Note')}
        </DialogButton>
        <ActionButton
          spec={{
            id: 'startDrill',
            params: { name: service },
            body: { backupId: id },
            title: t('backup.drill-title', 'Drill {{id}}', { id }),
            verb: t('backup.drill-verb', 'Run the drill'),
            service,
          }}
          icon="rocket"
          disabledBecause={failed}
          testId={backupTestIds.drill}
        >
          {t('backup.drill', 'Drill')}
        </ActionButton>
        <DeleteButton backup={backup} />
      </Stack>
      <ReadOnlyHint needs="operate" what={t('backup.read-only', 'You can look, not act')} />
    </Stack>
  );
}

function DeleteButton({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const { id, service, keep } = backup;
  return (
    <ActionButton
      spec={{
        id: 'deleteBackup',
        params: { id },
        title: t('backup.delete-title', 'Delete {{id}}', { id }),
        verb: t('backup.delete-verb', 'Delete'),
        service,
      }}
      variant="destructive"
      fill="outline"
      icon="trash-alt"
      disabledBecause={keep ? t('backup.delete-kept', 'It is kept: unkeep it first') : null}
      testId={backupTestIds.remove}
    >
      {t('backup.delete', 'Delete')}
    </ActionButton>
  );
}
