import { t } from '../../text.ts';
import { Button, Stack } from '@grafana/ui';
import { Choice } from '../../lib/Choice.tsx';
import {
  clearedOperationFilters,
  endedStates,
  operationKindChoices,
  type OperationListState,
} from '../../lib/operation-list.ts';
import { SearchInput } from '../../lib/SearchInput.tsx';
import { operationWord } from '../../components/StatusBadge.tsx';
import { kindWord } from './words.ts';

interface OperationFiltersProps {
  readonly state: OperationListState;
  readonly services: readonly string[];
  readonly isFiltered: boolean;
  readonly onChange: (change: Partial<OperationListState>) => void;
}

export function OperationFilters({ state, services, isFiltered, onChange }: OperationFiltersProps): React.JSX.Element {
  return (
    <Stack gap={1} wrap="wrap">
      <Choice
        label={t('operations.service', 'Service')}
        any={t('operations.any-service', 'All services')}
        options={services.map((name) => ({ value: name, label: name }))}
        value={state.service}
        onChoose={(service) => onChange({ service })}
      />
      <Choice
        label={t('operations.kind', 'Kind')}
        any={t('operations.any-kind', 'Any kind')}
        options={operationKindChoices.map((kind) => ({ value: kind, label: kindWord(kind) }))}
        value={state.kind}
        onChoose={(kind) => onChange({ kind })}
      />
      <Choice
        label={t('operations.state', 'End')}
        any={t('operations.any-state', 'Any end')}
        options={endedStates.map((value) => ({ value, label: operationWord(value) }))}
        value={state.state}
        onChoose={(ended) => onChange({ state: ended })}
      />
      <SearchInput
        label={t('operations.actor', 'Started by (exact name)')}
        value={state.actor}
        onSearch={(actor) => onChange({ actor })}
        width={28}
      />
      {isFiltered && (
        <Button variant="secondary" fill="text" icon="times" onClick={() => onChange(clearedOperationFilters())}>
          {t('operations.clear', 'Clear filter')}
        </Button>
      )}
    </Stack>
  );
}
