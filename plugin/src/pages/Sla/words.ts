import { t } from '../../text.ts';
import type { Reply } from '../../api/types.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import { formatDuration, formatPercent } from '../../lib/format.ts';
import type { SlaVerdict } from '../../lib/sla-view.ts';

export type SlaItem = Reply<'sla'>['items'][number];

/** What is promised, in the words of an operator. */
export function slaWord(sla: SlaItem['sla']): string {
  switch (sla) {
    case 'backup_sla':
      return t('sla.backup', 'A backup at least every');
    case 'replication_sla':
      return t('sla.replication', 'Copies lag at most');
    case 'readiness_sla':
      return t('sla.readiness', 'Readiness at least');
    case 'test_frequency_sla':
      return t('sla.test', 'A passed drill at least every');
    case 'rpo_sla':
      return t('sla.rpo', 'Data lost at most (RPO)');
    case 'rto_sla':
      return t('sla.rto', 'Recovered within (RTO)');
    default:
      return sla;
  }
}

/** A value of a level in its own unit. */
export function inUnit(value: number, unit: SlaItem['unit']): string {
  return unit === 'ratio' ? formatPercent(value) : formatDuration(Math.round(value));
}

export function verdictWord(verdict: SlaVerdict): { readonly tone: Tone; readonly text: string } {
  switch (verdict) {
    case 'kept':
      return { tone: 'good', text: t('sla.kept', 'Kept') };
    case 'broken':
      return { tone: 'bad', text: t('sla.broken', 'Broken') };
    case 'budget_spent':
      return { tone: 'attention', text: t('sla.spent', 'Kept now, budget used up') };
    default:
      return { tone: 'unknown', text: t('sla.unknown', 'Not known') };
  }
}
