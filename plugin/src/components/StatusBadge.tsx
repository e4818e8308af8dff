import { Badge, useTheme2, type BadgeColor, type IconName } from '@grafana/ui';
import { t } from '../text.ts';

/** What a state means to the reader, whatever the thing is. */
export type Tone = 'good' | 'attention' | 'bad' | 'unknown' | 'running' | 'neutral';

const looks: Record<Tone, { color: BadgeColor; icon: IconName }> = {
  good: { color: 'green', icon: 'check' },
  attention: { color: 'orange', icon: 'exclamation-triangle' },
  bad: { color: 'red', icon: 'times-circle' },
  unknown: { color: 'darkgrey', icon: 'question-circle' },
  running: { color: 'blue', icon: 'sync' },
  neutral: { color: 'darkgrey', icon: 'info-circle' },
};

interface StatusBadgeProps {
  readonly tone: Tone;
  readonly text: string;
  readonly tooltip?: string;
}

/** A state by colour, icon and text together: no state is told by colour alone. */
export function StatusBadge({ tone, text, tooltip }: StatusBadgeProps): React.JSX.Element {
  const look = looks[tone];
  const { colors } = useTheme2();
  // Grafana's grey badge is too faint to read on white.
  const grey = look.color === 'darkgrey' ? { color: colors.text.primary, background: colors.background.secondary } : {};
  return (
    <Badge
      text={text}
      color={look.color}
      icon={look.icon}
      // In a narrow column the column gives way: a word broken in two is no word at three in the morning.
      style={{ whiteSpace: 'nowrap', overflowWrap: 'normal', ...grey }}
      {...(tooltip === undefined ? {} : { tooltip })}
    />
  );
}

export function operationTone(state: string): Tone {
  if (state === 'succeeded') return 'good';
  if (state === 'failed' || state === 'interrupted') return 'bad';
  if (state === 'queued' || state === 'running') return 'running';
  return 'neutral';
}

export function OperationBadge({ state }: { readonly state: string }): React.JSX.Element {
  return <StatusBadge tone={operationTone(state)} text={operationWord(state)} />;
}

export function operationWord(state: string): string {
  switch (state) {
    case 'queued':
      return t('operation.queued', 'Queued');
    case 'running':
      return t('operation.running', 'Running');
    case 'succeeded':
      return t('operation.succeeded', 'Succeeded');
    case 'failed':
      return t('operation.failed', 'Failed');
    case 'cancelled':
      return t('operation.cancelled', 'Cancelled');
    case 'interrupted':
      return t('operation.interrupted', 'Interrupted');
    default:
      return state;
  }
}
