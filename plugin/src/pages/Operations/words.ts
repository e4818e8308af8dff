import { t } from '../../text.ts';
import type { Operation } from '../../api/types.ts';

/** What an operation does, in a word. */
export function kindWord(kind: Operation['kind']): string {
  switch (kind) {
    case 'backup':
      return t('kind.backup', 'Backup');
    case 'verify':
      return t('kind.verify', 'Verification');
    case 'restore':
      return t('kind.restore', 'Restore');
    case 'drill':
      return t('kind.drill', 'Drill');
    case 'copy':
      return t('kind.copy', 'Copy');
    case 'delete':
      return t('kind.delete', 'Deletion');
    case 'retention':
      return t('kind.retention', 'Retention');
    case 'quality':
      return t('kind.quality', 'Comparison of data');
    case 'failover':
      return t('kind.failover', 'Failover');
    case 'switchover':
      return t('kind.switchover', 'Switchover');
    case 'fence':
      return t('kind.fence', 'Fencing');
    case 'rejoin':
      return t('kind.rejoin', 'Rejoin');
    case 'scale':
      return t('kind.scale', 'Scaling');
    case 'playbook':
      return t('kind.playbook', 'Recovery playbook');
    default:
      return kind;
  }
}

/** Who asked for it. */
export function actorWord({ name, via }: Operation['actor']): string {
  if (via === 'schedule') return t('actor.schedule', 'the schedule');
  return via === 'grafana_unverified' ? t('actor.unverified', '{{name}} (identity not verified)', { name }) : name;
}
