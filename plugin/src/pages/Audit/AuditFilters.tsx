import { t } from '../../text.ts';
import { Button, Stack } from '@grafana/ui';
import { auditResults, clearedAuditFilters, type AuditState } from '../../lib/audit-list.ts';
import { Choice } from '../../lib/Choice.tsx';
import { SearchInput } from '../../lib/SearchInput.tsx';
import { TimeField } from '../../lib/TimeField.tsx';
import { resultWord } from './words.ts';

interface AuditFiltersProps {
  readonly state: AuditState;
  readonly services: readonly string[];
  readonly isFiltered: boolean;
  readonly onChange: (change: Partial<AuditState>) => void;
}

export function AuditFilters({ state, services, isFiltered, onChange }: AuditFiltersProps): React.JSX.Element {
  return (
    <Stack gap={1} wrap="wrap" alignItems="flex-end">
      <SearchInput
        label={t('audit.search', 'Search who, what, target, why')}
        value={state.q}
        onSearch={(q) => onChange({ q })}
        width={34}
      />
      <SearchInput
        label={t('audit.actor', 'Who (exact)')}
        value={state.actor}
        onSearch={(actor) => onChange({ actor })}
        width={20}
      />
      <SearchInput
        label={t('audit.action', 'Action (exact)')}
        value={state.action}
        onSearch={(action) => onChange({ action })}
        width={20}
      />
      <Choice
        label={t('audit.service', 'Service')}
        any={t('audit.any-service', 'All services')}
        options={services.map((name) => ({ value: name, label: name }))}
        value={state.service}
        onChoose={(service) => onChange({ service })}
      />
      <Choice
        label={t('audit.result', 'Result')}
        any={t('audit.any-result', 'Any result')}
        options={auditResults.map((value) => ({ value, label: resultWord(value).text }))}
        value={state.result}
        onChoose={(result) => onChange({ result })}
      />
      <TimeField
        label={t('audit.from', 'From (local time)')}
        value={state.from}
        onChange={(from) => onChange({ from })}
      />
      <TimeField label={t('audit.to', 'Until (local time)')} value={state.to} onChange={(to) => onChange({ to })} />
      {state.operationId !== '' && (
        <Button variant="secondary" icon="times" onClick={() => onChange({ operationId: '' })}>
          {t('audit.of-operation', 'Only operation {{id}}', { id: state.operationId })}
        </Button>
      )}
      {isFiltered && (
        <Button variant="secondary" fill="text" icon="times" onClick={() => onChange(clearedAuditFilters())}>
          {t('audit.clear', 'Clear filter')}
        </Button>
      )}
    </Stack>
  );
}
