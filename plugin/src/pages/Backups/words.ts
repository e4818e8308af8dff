import { t } from '../../text.ts';
import type { Backup } from '../../api/types.ts';
import type { Tone } from '../../components/StatusBadge.tsx';

/** The words and tones for what a backup is. */

export interface Word {
  readonly text: string;
  readonly tone: Tone;
}

export function typeWord(type: Backup['type']): string {
  if (type === 'full') return t('backup.type-full', 'Full');
  if (type === 'differential') return t('backup.type-differential', 'Differential');
  return type === 'incremental' ? t('backup.type-incremental', 'Incremental') : t('backup.type-snapshot', 'Snapshot');
}

export function statusWord(status: Backup['status']): Word {
  if (status === 'completed') return { text: t('backup.completed', 'Completed'), tone: 'good' };
  return status === 'failed'
    ? { text: t('backup.failed', 'Failed'), tone: 'bad' }
    : { text: t('backup.with-warnings', 'With warnings'), tone: 'attention' };
}

/** A backup that nobody read back is not known to be good, so its tone is unknown. */
export function verifiedWord(result: Backup['verifyResult']): Word {
  if (result === 'passed') return { text: t('backup.verified', 'Verified'), tone: 'good' };
  return result === 'failed'
    ? { text: t('backup.verify-failed', 'Verification failed'), tone: 'bad' }
    : { text: t('backup.not-verified', 'Not verified'), tone: 'unknown' };
}

export function drilledWord(drilledAt: string | null): Word {
  return drilledAt === null
    ? { text: t('backup.not-drilled', 'Not drilled'), tone: 'unknown' }
    : { text: t('backup.drilled', 'Drilled'), tone: 'good' };
}

/** Seconds that making it took. */
export function durationOf(backup: Pick<Backup, 'startedAt' | 'endedAt'>): number {
  return (Date.parse(backup.endedAt) - Date.parse(backup.startedAt)) / 1000;
}
