import { t } from '../../text.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import type { ReplicaVerdict } from '../../lib/replication-view.ts';

interface Word {
  readonly tone: Tone;
  readonly text: string;
}

export function verdictWord(verdict: ReplicaVerdict | 'none'): Word {
  switch (verdict) {
    case 'current':
      return { tone: 'good', text: t('replica.current', 'Follows') };
    case 'catching_up':
      return { tone: 'running', text: t('replica.catching-up', 'Catching up') };
    case 'lagging':
      return { tone: 'attention', text: t('replica.lagging', 'Too far behind') };
    case 'paused':
      return { tone: 'attention', text: t('replica.paused', 'Replay paused') };
    case 'disconnected':
      return { tone: 'bad', text: t('replica.disconnected', 'Disconnected') };
    case 'slot_lost':
      return { tone: 'bad', text: t('replica.slot-lost', 'Can never catch up') };
    case 'none':
      return { tone: 'attention', text: t('replica.none', 'No standby') };
    default:
      return { tone: 'unknown', text: t('replica.unknown', 'Not known') };
  }
}
