import { t } from '../../text.ts';
import { Combobox, Field, Input, RadioButtonGroup, Stack } from '@grafana/ui';
import { useId, useState } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import type { Backup } from '../../api/types.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { typeWord } from './words.ts';

/** Where the exporter does not say what the engine makes. */
const usual: readonly Backup['type'][] = ['incremental', 'full', 'snapshot'];
const order: readonly Backup['type'][] = ['incremental', 'differential', 'full', 'snapshot'];

interface StartBackupFlowProps {
  /** At least one. */
  readonly services: readonly string[];
  readonly service: string;
  readonly onClose: () => void;
}

/** Back up a service now. */
export function StartBackupFlow({ services, service: first, onClose }: StartBackupFlowProps): React.JSX.Element {
  const [service, setService] = useState(first);
  const [wanted, setType] = useState<Backup['type']>('incremental');
  const facts = useApiQuery('getService', { params: { name: service } }, { refreshMs: false });
  const made = facts.data?.abilities?.types ?? usual;
  const types = order.filter((one) => made.includes(one));
  const type = types.includes(wanted) ? wanted : (types[0] ?? 'full');
  const [note, setNote] = useState('');
  const ids = { service: useId(), note: useId() };
  const trimmed = note.trim();
  const [settledNote, settleNote] = useState('');
  return (
    <ActionFlow
      spec={{
        id: 'startBackup',
        body: { service, type, ...(settledNote === '' ? {} : { note: settledNote }) },
        title: t('start.title', 'Back up {{service}}', { service }),
        verb: t('start.verb', 'Back up now'),
        service,
      }}
      options={
        <Stack direction="column" gap={2}>
          {services.length > 1 && (
            <Field noMargin label={t('start.service', 'Service')} htmlFor={ids.service}>
              <Combobox
                id={ids.service}
                options={services.map((name) => ({ value: name, label: name }))}
                value={service}
                onChange={({ value }) => setService(value)}
              />
            </Field>
          )}
          <Field noMargin label={t('start.type', 'Type')} description={typeHint(type)}>
            <RadioButtonGroup
              aria-label={t('start.type', 'Type')}
              options={types.map((value) => ({ value, label: typeWord(value) }))}
              value={type}
              onChange={setType}
            />
          </Field>
          <Field noMargin label={t('start.note', 'Note (optional)')} htmlFor={ids.note}>
            <Input
              id={ids.note}
              value={note}
              maxLength={500}
              onChange={(event) => setNote(event.currentTarget.value)}
              onBlur={() => settleNote(trimmed)}
            />
          </Field>
        </Stack>
      }
      onClose={onClose}
    />
  );
}

function typeHint(type: Backup['type']): string {
  if (type === 'differential') return t('start.hint-differential', 'Only what has changed since the last full one');
  if (type === 'full') return t('start.hint-full', 'Everything anew; needs no backup before it');
  return type === 'incremental'
    ? t('start.hint-incremental', 'Only what has changed since the last one; makes a full one where there is none')
    : t('start.hint-snapshot', 'A full backup that is kept until somebody unkeeps it');
}
