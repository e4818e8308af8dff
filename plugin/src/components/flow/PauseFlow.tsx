import { t } from '../../text.ts';
import { Field, RadioButtonGroup } from '@grafana/ui';
import { useState } from 'react';
import { formatDuration } from '../../lib/format.ts';
import { ActionFlow } from './ActionFlow.tsx';

interface PauseFlowProps {
  readonly id: 'pauseScaling' | 'pauseFailover';
  readonly service: string;
  readonly title: string;
  readonly verb: string;
  /** What the pause does, for the time that is chosen. */
  readonly effectsFor: (time: string) => readonly string[];
  readonly onClose: () => void;
}

const hour = 3600;
const lengths = [hour / 2, hour, 4 * hour, 24 * hour] as const;

/** Holds what Genesis does by itself, for a time after which it ends by itself. */
export function PauseFlow({ id, service, title, verb, effectsFor, onClose }: PauseFlowProps): React.JSX.Element {
  const [seconds, setSeconds] = useState<number>(hour);
  return (
    <ActionFlow
      spec={{
        id,
        params: { name: service },
        body: { seconds },
        title,
        verb,
        service,
        reason: 'required',
        effects: effectsFor(formatDuration(seconds)),
      }}
      onClose={onClose}
      options={
        <Field noMargin label={t('hold.length', 'For how long')}>
          <RadioButtonGroup
            aria-label={t('hold.length', 'For how long')}
            options={lengths.map((value) => ({ value, label: formatDuration(value) }))}
            value={seconds}
            onChange={setSeconds}
          />
        </Field>
      }
    />
  );
}
