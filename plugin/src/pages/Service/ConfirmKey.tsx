import { t } from '../../text.ts';
import { Field, Input } from '@grafana/ui';
import { useId, useState } from 'react';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { serviceTestIds } from './testIds.ts';

/** As the contract takes it; typed by hand, so upper case and spaces at the ends are forgiven. */
function fingerprintOf(typed: string): string | null {
  const text = typed.trim().toLowerCase();
  return /^[0-9a-f]{8,64}$/.test(text) ? text : null;
}

/** Records that somebody keeps the key elsewhere too: with the machine, a key that is kept only there is lost. */
export function ConfirmKey({
  service,
  isConfirmed,
}: {
  readonly service: string;
  readonly isConfirmed: boolean;
}): React.JSX.Element | null {
  if (isConfirmed) return null;
  return (
    <DialogButton
      needs="admin"
      size="sm"
      icon="key-skeleton-alt"
      testId={serviceTestIds.confirmKey}
      dialog={(close) => <ConfirmKeyFlow service={service} onClose={close} />}
    >
      {t('key.confirm', 'Confirm the key')}
    </DialogButton>
  );
}

function ConfirmKeyFlow({
  service,
  onClose,
}: {
  readonly service: string;
  readonly onClose: () => void;
}): React.JSX.Element {
  const [typed, setTyped] = useState('');
  const id = useId();
  const fingerprint = fingerprintOf(typed);
  return (
    <ActionFlow
      spec={{
        id: 'confirmKey',
        params: { name: service },
        ...(fingerprint === null ? {} : { body: { fingerprint } }),
        ready: fingerprint !== null,
        title: t('key.title', 'The key of {{service}} is kept elsewhere too', { service }),
        verb: t('key.verb', 'Confirm'),
        service,
        effects: [
          t('key.effect', 'It is written down that you keep this key in another place; nothing else changes.'),
          t('key.why', 'Without the key no backup of the service can be read, by nobody.'),
        ],
      }}
      options={
        <Field
          noMargin
          label={t('key.fingerprint', 'Fingerprint of the key you keep')}
          description={t(
            'key.hint',
            'Read it from that other place: `genesis key show-fingerprint` prints it where the key is configured.',
          )}
          htmlFor={id}
          {...(typed !== '' && fingerprint === null
            ? { invalid: true, error: t('key.fault', '8 to 64 digits of 0-9 and a-f') }
            : {})}
        >
          <Input
            id={id}
            value={typed}
            maxLength={80}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </Field>
      }
      onClose={onClose}
    />
  );
}
