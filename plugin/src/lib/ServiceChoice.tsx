import { t } from '../text.ts';
import { Stack } from '@grafana/ui';
import { Choice } from './Choice.tsx';

interface ServiceChoiceProps {
  readonly names: readonly string[];
  /** '' is all. */
  readonly chosen: string;
  readonly onChoose: (service: string) => void;
}

/** Several services, one of them shown. */
export function ServiceChoice({ names, chosen, onChoose }: ServiceChoiceProps): React.JSX.Element {
  return (
    <Stack>
      <Choice
        label={t('choice.service', 'Service')}
        any={t('choice.any-service', 'All services')}
        options={names.map((name) => ({ value: name, label: name }))}
        value={chosen}
        onChoose={onChoose}
      />
    </Stack>
  );
}
