import { t } from '../../text.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import { severityTone } from '../../components/verdict.tsx';
import type { AlertFault, LiveAlert } from '../../lib/alert-form.ts';

interface Word {
  readonly tone: Tone;
  readonly text: string;
}

export function stateWord(state: LiveAlert['state'], severity = 'warning'): Word {
  switch (state) {
    case 'active':
      return { tone: severityTone(severity), text: t('alert.active', 'Active') };
    case 'resolved':
      return { tone: 'good', text: t('alert.resolved', 'Resolved') };
    case 'inactive':
      return { tone: 'good', text: t('alert.inactive', 'Quiet') };
    default:
      return { tone: 'unknown', text: t('alert.unknown', 'No data') };
  }
}

export function severityWord(severity: LiveAlert['severity']): string {
  if (severity === 'critical') return t('alert.critical', 'Critical');
  return severity === 'warning' ? t('alert.warning', 'Warning') : t('alert.info', 'Info');
}

export function faultWord(fault: AlertFault): string {
  switch (fault) {
    case 'metric':
      return t('alert.fault-metric', 'Choose a metric, or type its name: small letters, digits and _');
    case 'threshold':
      return t('alert.fault-threshold', 'A number, in the unit of the metric');
    case 'message':
      return t('alert.fault-message', 'At most 200 characters, in one line');
    default:
      return t('alert.fault-tags', 'Pairs like service=shop, separated by commas, at most 8');
  }
}
