import { hasPermission } from '@grafana/runtime';
import { Alert, Button, Field, Input, SecretInput, Stack } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { ApiError } from '../../api/problem.ts';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice } from '../../components/states.tsx';
import { testIds } from '../../components/testIds.ts';
import { apiUrlFault, normalApiUrl } from '../../lib/connection-test.ts';
import { t } from '../../text.ts';
import { saveSettings, tokenFields, type AppSettings, type TokenField } from './settings.ts';

interface ConnectionFormProps {
  readonly settings: AppSettings;
  readonly onSaved: () => void;
}

type Tokens = Partial<Record<TokenField, string>>;

/**
 * Not a <form>, and no input has a name: a form that is submitted by the browser would put the tokens into the address, and from
 * there into the history and into logs.
 */
export function ConnectionForm({ settings, onSaved }: ConnectionFormProps): React.JSX.Element {
  const [apiUrl, setApiUrl] = useState(settings.jsonData?.apiUrl ?? '');
  const [tokens, setTokens] = useState<Tokens>({});
  const [replaced, setReplaced] = useState<ReadonlySet<TokenField>>(new Set());
  const fault = apiUrl === '' ? null : apiUrlFault(apiUrl);
  const mayWrite = hasPermission('plugins:write');
  const save = useMutation<void, ApiError>({
    mutationFn: () => saveSettings(normalApiUrl(apiUrl), tokens),
    onSuccess: () => {
      setTokens({});
      setReplaced(new Set());
      onSaved();
    },
  });
  return (
    <Panel title={t('configuration.connection', 'Connection')}>
      <Stack direction="column" gap={2}>
        {mayWrite ? null : (
          <Alert
            severity="info"
            title={t('configuration.readOnly', 'Changing this needs the permission plugins:write for this plugin')}
          />
        )}
        <AddressField value={apiUrl} fault={fault} disabled={!mayWrite} onChange={setApiUrl} />
        {tokenFields.map((field) => (
          <TokenInput
            key={field}
            field={field}
            isKept={settings.secureJsonFields?.[field] === true && !replaced.has(field)}
            value={tokens[field] ?? ''}
            disabled={!mayWrite}
            onReplace={() => setReplaced((before) => new Set([...before, field]))}
            onChange={(value) => setTokens((before) => ({ ...before, [field]: value }))}
          />
        ))}
        {save.error === null ? null : (
          <ErrorNotice error={save.error} title={t('configuration.notSaved', 'The settings were not saved')} />
        )}
        {save.isSuccess ? (
          <Alert
            severity="success"
            title={t('configuration.saved', 'Saved. Tokens are kept encrypted by Grafana and never shown again.')}
          />
        ) : null}
        <div>
          <Button
            type="button"
            disabled={!mayWrite || apiUrl === '' || fault !== null || save.isPending}
            onClick={() => save.mutate()}
            data-testid={testIds.configuration.save}
          >
            {t('configuration.save', 'Save')}
          </Button>
        </div>
      </Stack>
    </Panel>
  );
}

function AddressField(props: {
  readonly value: string;
  readonly fault: string | null;
  readonly disabled: boolean;
  readonly onChange: (value: string) => void;
}): React.JSX.Element {
  const { value, fault, disabled, onChange } = props;
  const id = useId();
  return (
    <Field
      noMargin
      label={t('configuration.apiUrl', 'Address of the exporter')}
      description={t(
        'configuration.apiUrlHint',
        "As Grafana's machine reaches it. Everybody who may use this plugin can read it.",
      )}
      invalid={fault !== null}
      error={fault ?? ''}
      htmlFor={id}
    >
      <Input
        id={id}
        value={value}
        disabled={disabled}
        placeholder="http://exporter.example:9847"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
        data-testid={testIds.configuration.apiUrl}
      />
    </Field>
  );
}

function TokenInput(props: {
  readonly field: TokenField;
  /** Grafana keeps one already; it can only be replaced. */
  readonly isKept: boolean;
  readonly value: string;
  readonly disabled: boolean;
  readonly onReplace: () => void;
  readonly onChange: (value: string) => void;
}): React.JSX.Element {
  const { field, isKept, value, disabled, onReplace, onChange } = props;
  const id = useId();
  return (
    <Field noMargin label={tokenLabel(field)} description={tokenHint(field)} htmlFor={id}>
      <SecretInput
        id={id}
        isConfigured={isKept}
        value={value}
        disabled={disabled}
        autoComplete="off"
        onReset={onReplace}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
        data-testid={testIds.configuration.token(field)}
      />
    </Field>
  );
}

function tokenLabel(field: TokenField): string {
  if (field === 'readToken') return t('configuration.readToken', 'Read token');
  if (field === 'operateToken') return t('configuration.operateToken', 'Operate token');
  return t('configuration.adminToken', 'Admin token');
}

function tokenHint(field: TokenField): string {
  if (field === 'readToken') return t('configuration.readHint', 'genesis token create grafana-read --role viewer');
  if (field === 'operateToken')
    return t('configuration.operateHint', 'genesis token create grafana-operate --role operator');
  return t('configuration.adminHint', 'genesis token create grafana-admin --role admin');
}
