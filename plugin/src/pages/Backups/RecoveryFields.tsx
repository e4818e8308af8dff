import { t } from '../../text.ts';
import { Field, Input, RadioButtonList, Stack } from '@grafana/ui';
import { useId, useState } from 'react';
import { targetOf, type RecoveryDraft } from '../../lib/pitr.ts';
import { TimeField } from '../../lib/TimeField.tsx';

interface RecoveryFieldsProps {
  readonly draft: RecoveryDraft;
  readonly onChange: (draft: RecoveryDraft) => void;
}

/** How far the log is replayed over the backup. */
export function RecoveryFields({ draft, onChange }: RecoveryFieldsProps): React.JSX.Element {
  const name = useId();
  const legend = useId();
  return (
    <Stack direction="column" gap={1}>
      <div role="group" aria-labelledby={legend}>
        <div id={legend} style={{ fontSize: 12, fontWeight: 500, marginBottom: 4 }}>
          {t('recovery.legend', 'How far')}
        </div>
        <RadioButtonList<RecoveryDraft['type']>
          name={name}
          options={[
            { value: 'time', label: t('recovery.time', 'To a moment') },
            {
              value: 'latest',
              label: t('recovery.latest', 'As far as the log goes'),
              description: t('recovery.latest-hint', 'The newest state that is kept'),
            },
            {
              value: 'immediate',
              label: t('recovery.immediate', 'Only the backup itself'),
              description: t('recovery.immediate-hint', 'Ends as soon as the backup is consistent'),
            },
            { value: 'lsn', label: t('recovery.lsn', 'To a position in the log (LSN)') },
            { value: 'xid', label: t('recovery.xid', 'To a transaction') },
            { value: 'name', label: t('recovery.name', 'To a named restore point') },
          ]}
          value={draft.type}
          onChange={(type) => onChange({ ...draft, type })}
        />
      </div>
      {draft.type === 'time' && (
        <TimeField
          label={t('recovery.at', 'Moment (local time)')}
          value={draft.at}
          onChange={(at) => onChange({ ...draft, at })}
        />
      )}
      {(draft.type === 'lsn' || draft.type === 'xid' || draft.type === 'name') && (
        <TextTarget key={draft.type} draft={draft} onChange={onChange} />
      )}
    </Stack>
  );
}

const labels = (): Record<'lsn' | 'xid' | 'name', readonly [string, string]> => ({
  lsn: [t('recovery.lsn-label', 'LSN'), t('recovery.lsn-fault', 'Like 0/3A000028')],
  xid: [t('recovery.xid-label', 'Transaction id'), t('recovery.xid-fault', 'A whole number')],
  name: [
    t('recovery.name-label', 'Name of the restore point'),
    t('recovery.name-fault', 'As given to pg_create_restore_point(), at most 63 characters'),
  ],
});

/** The plan follows when the field is left or Enter is pressed, not with every letter. */
function TextTarget({ draft, onChange }: RecoveryFieldsProps): React.JSX.Element {
  const [typed, setTyped] = useState(draft.text);
  const id = useId();
  const [label, form] = labels()[draft.type as 'lsn' | 'xid' | 'name'];
  const isWrong = typed.trim() !== '' && targetOf({ ...draft, text: typed }) === null;
  const commit = (): void => {
    if (typed.trim() !== draft.text) onChange({ ...draft, text: typed.trim() });
  };
  return (
    <Field noMargin label={label} description={form} htmlFor={id} {...(isWrong ? { invalid: true, error: form } : {})}>
      <Input
        id={id}
        value={typed}
        maxLength={63}
        spellCheck={false}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          // Enter makes the plan; it does not yet start the restore.
          event.preventDefault();
          commit();
        }}
      />
    </Field>
  );
}
