import { t } from '../../text.ts';
import { Checkbox, Field, Input, RadioButtonList, Stack } from '@grafana/ui';
import { useId, useState } from 'react';
import type { RestoreChoice } from '../../lib/restore-request.ts';
import type { RestoreSource } from './RestoreFlow.tsx';

interface IntoDatabaseProps {
  readonly source: RestoreSource;
  readonly choice: RestoreChoice;
  readonly onChoose: (choice: RestoreChoice) => void;
}

/** Which database of the backup is restored, and under which name it is to stand on the server. */
export function IntoDatabase({ source, choice, onChoose }: IntoDatabaseProps): React.JSX.Element {
  const { database } = choice;
  const [draft, setDraft] = useState(database.name);
  const ids = { group: useId(), radio: useId(), name: useId() };
  const change = (wanted: Partial<RestoreChoice['database']>): void =>
    onChoose({ ...choice, database: { ...database, ...wanted } });
  const commit = (): void => {
    if (draft.trim() !== database.name) change({ name: draft.trim() });
  };
  return (
    <Stack direction="column" gap={2}>
      <div role="group" aria-labelledby={ids.group}>
        <div id={ids.group} style={{ fontSize: 12, fontWeight: 500, marginBottom: 4 }}>
          {t('into.which', 'Database of the backup')}
        </div>
        <RadioButtonList
          name={ids.radio}
          options={source.components.map((value) => ({ value, label: value }))}
          value={database.component}
          onChange={(component) => change({ component })}
        />
      </div>
      <Field
        noMargin
        label={database.existing ? t('into.name', 'Name of the database') : t('into.new-name', 'New name (optional)')}
        description={t('into.name-hint', 'Empty: a new one named after the database and the time')}
        htmlFor={ids.name}
      >
        <Input
          id={ids.name}
          value={draft}
          maxLength={63}
          spellCheck={false}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={commit}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // Enter makes the plan; it does not yet start the restore.
            event.preventDefault();
            commit();
          }}
        />
      </Field>
      <Checkbox
        label={t('into.existing', 'It is there already, and empty')}
        value={database.existing}
        onChange={(event) => change({ existing: event.currentTarget.checked })}
      />
    </Stack>
  );
}
