import { t } from '../text.ts';
import { useConnection } from '../api/hooks.ts';
import type { Answer } from '../lib/overview.ts';
import { StatusBadge, type Tone } from './StatusBadge.tsx';

export const verdictTones: Record<Answer, Tone> = {
  no: 'bad',
  unknown: 'unknown',
  unproven: 'attention',
  gaps: 'attention',
  yes: 'good',
};

/** The short answer to "could we recover this service right now?". While the exporter does not answer, nobody knows. */
export function VerdictBadge({
  verdict,
}: {
  readonly verdict: { readonly answer: Answer; readonly headline: string };
}): React.JSX.Element {
  const { failingSince } = useConnection();
  if (failingSince !== null)
    return (
      <StatusBadge tone="unknown" text={t('verdict.last', 'Not known; was: {{was}}', { was: verdict.headline })} />
    );
  return <StatusBadge tone={verdictTones[verdict.answer]} text={verdict.headline} />;
}

export function severityTone(severity: string): Tone {
  if (severity === 'critical') return 'bad';
  if (severity === 'warning') return 'attention';
  return 'neutral';
}

export function againstWord(against: 'met' | 'missed' | 'unknown'): string {
  if (against === 'met') return t('against.met', 'within objective');
  if (against === 'missed') return t('against.missed', 'beyond objective');
  return t('against.unknown', 'not known');
}
