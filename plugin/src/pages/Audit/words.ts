import { t } from '../../text.ts';
import type { AuditEntry } from '../../api/types.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import type { IdentityMark } from '../../lib/audit-list.ts';

interface Word {
  readonly tone: Tone;
  readonly text: string;
}

export function resultWord(result: AuditEntry['result']): Word {
  switch (result) {
    case 'succeeded':
      return { tone: 'good', text: t('audit.succeeded', 'Succeeded') };
    case 'failed':
      return { tone: 'bad', text: t('audit.failed', 'Failed') };
    case 'denied':
      return { tone: 'attention', text: t('audit.denied', 'Denied') };
    default:
      return { tone: 'neutral', text: t('audit.intent', 'Asked for') };
  }
}

/** Whether the name beside it is proven. A token or a session is one login of its own, so there is nothing more to prove. */
export function identityWord(mark: IdentityMark): Word | null {
  if (mark === 'verified') return { tone: 'good', text: t('audit.verified', 'Verified') };
  return mark === 'unverified' ? { tone: 'attention', text: t('audit.unverified', 'Unverified') } : null;
}
