import { t } from '../../text.ts';
import { Field, Input } from '@grafana/ui';
import { useId, useState } from 'react';
import type { Backup } from '../../api/types.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';

export type KeepChange = 'keep' | 'unkeep' | 'note';

interface KeepFlowProps {
  readonly backup: Backup;
  readonly change: KeepChange;
  readonly onClose: () => void;
}

/** Keep a backup beyond its retention, give it up again, or write a note on it. */
export function KeepFlow({ backup, change, onClose }: KeepFlowProps): React.JSX.Element {
  const [note, setNote] = useState(backup.note ?? '');
  const noteId = useId();
  const words = wordsOf(change, backup.id);
  const text = note.trim();
  return (
    <ActionFlow
      spec={{
        id: 'patchBackup',
        params: { id: backup.id },
        body: { ...(change === 'note' ? {} : { keep: change === 'keep' }), note: text === '' ? null : text },
        // Giving up a kept backup lets retention delete it: that is for administrators.
        ...(change === 'unkeep' ? { as: 'admin' as const, destructive: true } : {}),
        ...words,
        service: backup.service,
      }}
      options={
        <Field
          noMargin
          label={t('keep.note', 'Note')}
          description={t('keep.note-hint', 'Why it matters; the search finds it')}
          htmlFor={noteId}
        >
          <Input id={noteId} value={note} maxLength={500} onChange={(event) => setNote(event.currentTarget.value)} />
        </Field>
      }
      onClose={onClose}
    />
  );
}

function wordsOf(change: KeepChange, id: string): { title: string; verb: string; effects: string[] } {
  if (change === 'keep')
    return {
      title: t('keep.title', 'Keep {{id}}', { id }),
      verb: t('keep.verb', 'Keep'),
      effects: [t('keep.effect', 'Retention no longer deletes it, nor what it builds upon, until it is unkept')],
    };
  if (change === 'unkeep')
    return {
      title: t('keep.title-unkeep', 'Unkeep {{id}}', { id }),
      verb: t('keep.verb-unkeep', 'Unkeep'),
      effects: [t('keep.effect-unkeep', 'Retention may delete it with its next run, when its time is over')],
    };
  return {
    title: t('keep.title-note', 'Note on {{id}}', { id }),
    verb: t('keep.verb-note', 'Save the note'),
    effects: [t('keep.effect-note', 'The note is changed; nothing else')],
  };
}
