import { t } from '../../text.ts';
import { Combobox, Field, Input, RadioButtonGroup, Stack, Text, type ComboboxOption } from '@grafana/ui';
import { useId, useState, type ChangeEvent } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import {
  alertChange,
  alertConditions,
  alertRequest,
  alertSeverities,
  conditionText,
  draftOf,
  emptyAlert,
  maxAlertMessageLength,
  type AlertDraft,
  type AlertFault,
  type LiveAlert,
} from '../../lib/alert-form.ts';
import { formatByUnit } from '../../lib/format.ts';
import { metricTitle } from '../../lib/metric-title.ts';
import { faultWord, severityWord } from './words.ts';

interface AlertFlowProps {
  /** Null: a new one. */
  readonly alert: LiveAlert | null;
  readonly onClose: () => void;
}

/** Defines an alert, or changes one. */
export function AlertFlow({ alert, onClose }: AlertFlowProps): React.JSX.Element {
  const [draft, setDraft] = useState<AlertDraft>(() => (alert === null ? emptyAlert : draftOf(alert)));
  const request = alertRequest(draft);
  const options = (
    <AlertFields
      draft={draft}
      faults={request.body === null ? request.faults : []}
      onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
    />
  );
  if (alert === null)
    return (
      <ActionFlow
        spec={{
          id: 'createRuntimeAlert',
          ...(request.body === null ? {} : { body: request.body }),
          ready: request.body !== null,
          service: '',
          title: t('alert.create-title', 'Define an alert'),
          verb: t('alert.create-verb', 'Define it'),
          effects: [
            t(
              'alert.create-effect',
              'It is evaluated with every reading from now on, and told to whoever has this page open.',
            ),
          ],
        }}
        options={options}
        onClose={onClose}
      />
    );
  const change = request.body === null ? {} : alertChange(alert, request.body);
  return (
    <ActionFlow
      spec={{
        id: 'changeRuntimeAlert',
        params: { id: alert.id },
        body: change,
        ready: Object.keys(change).length > 0,
        service: '',
        title: t('alert.change-title', 'Change the alert'),
        verb: t('alert.change-verb', 'Save the alert'),
        effects: [t('alert.change-effect', 'Another metric, condition, threshold or label begins its state anew.')],
      }}
      options={options}
      onClose={onClose}
    />
  );
}

/** Removes an alert. */
export function DeleteAlertFlow({
  alert,
  onClose,
}: {
  readonly alert: LiveAlert;
  readonly onClose: () => void;
}): React.JSX.Element {
  const name = `${metricTitle(alert.metric)} ${conditionText(alert)}`;
  return (
    <ActionFlow
      spec={{
        id: 'deleteRuntimeAlert',
        params: { id: alert.id },
        title: t('alerts.delete-title', 'Delete the alert "{{name}}"', { name }),
        verb: t('alerts.delete-verb', 'Delete'),
        service: alert.tags['service'] ?? '',
        effects: [t('alerts.delete-effect', 'It is no longer evaluated; what it told so far stays in the audit log.')],
        destructive: true,
      }}
      onClose={onClose}
    />
  );
}

interface FieldsProps {
  readonly draft: AlertDraft;
  readonly faults: readonly AlertFault[];
  readonly onChange: (change: Partial<AlertDraft>) => void;
}

function AlertFields({ draft, faults, onChange }: FieldsProps): React.JSX.Element {
  const id = useId();
  // An empty field is not yet wrong; what was typed into it can be.
  const invalid = (fault: Exclude<AlertFault, 'metric'>): { invalid?: boolean; error?: string } =>
    faults.includes(fault) && draft[fault] !== '' ? { invalid: true, error: faultWord(fault) } : {};
  const typed =
    (name: 'threshold' | 'message' | 'tags') =>
    (event: ChangeEvent<HTMLInputElement>): void =>
      onChange({ [name]: event.currentTarget.value });
  return (
    <Stack direction="column" gap={2}>
      <MetricField draft={draft} onChange={onChange} />
      <Stack gap={2} wrap="wrap" alignItems="flex-start">
        <Field noMargin label={t('alert.condition', 'Condition')}>
          <RadioButtonGroup
            aria-label={t('alert.condition', 'Condition')}
            options={alertConditions.map((value) => ({ value, label: value }))}
            value={draft.condition}
            onChange={(condition) => onChange({ condition })}
          />
        </Field>
        <Field noMargin label={t('alert.threshold', 'Threshold')} htmlFor={`${id}-threshold`} {...invalid('threshold')}>
          <Input
            id={`${id}-threshold`}
            value={draft.threshold}
            inputMode="decimal"
            width={20}
            onChange={typed('threshold')}
          />
        </Field>
        <Field noMargin label={t('alert.severity', 'Severity')}>
          <RadioButtonGroup
            aria-label={t('alert.severity', 'Severity')}
            options={alertSeverities.map((value) => ({ value, label: severityWord(value) }))}
            value={draft.severity}
            onChange={(severity) => onChange({ severity })}
          />
        </Field>
      </Stack>
      <Field
        noMargin
        label={t('alert.tags', 'Only series with these labels (optional)')}
        description={t('alert.tags-hint', 'E.g. service=shop, type=full')}
        htmlFor={`${id}-tags`}
        {...invalid('tags')}
      >
        <Input id={`${id}-tags`} value={draft.tags} maxLength={1000} onChange={typed('tags')} />
      </Field>
      <Field
        noMargin
        label={t('alert.message', 'What to tell (optional)')}
        htmlFor={`${id}-message`}
        {...invalid('message')}
      >
        <Input
          id={`${id}-message`}
          value={draft.message}
          maxLength={maxAlertMessageLength}
          onChange={typed('message')}
        />
      </Field>
    </Stack>
  );
}

function MetricField({ draft, onChange }: Pick<FieldsProps, 'draft' | 'onChange'>): React.JSX.Element {
  const id = useId();
  const known = useApiQuery('dashboardMetrics', {}, { refreshMs: false });
  const names = Object.keys(known.data?.metrics ?? {});
  const shown = draft.metric === '' || names.includes(draft.metric) ? names : [...names, draft.metric];
  const options: ComboboxOption<string>[] = shown.map((value) => ({
    value,
    label: metricTitle(value),
    description: value,
  }));
  return (
    <Stack direction="column" gap={0.5}>
      <Field
        noMargin
        label={t('alert.metric', 'Metric')}
        description={t(
          'alert.metric-hint',
          'Any gauge or counter of /metrics; a counter is watched as its rate a second',
        )}
        htmlFor={id}
      >
        <Combobox<string>
          id={id}
          options={options}
          value={draft.metric === '' ? null : draft.metric}
          placeholder={t('alert.metric-choose', 'Choose, or type a name')}
          createCustomValue
          onChange={({ value }) => onChange({ metric: value })}
        />
      </Field>
      <MetricNow metric={draft.metric} />
    </Stack>
  );
}

/** What the metric is now, so that a threshold is not guessed. */
function MetricNow({ metric }: { readonly metric: string }): React.JSX.Element | null {
  const wellFormed = /^[a-z][a-z0-9_]{0,99}$/.test(metric);
  const { data, error } = useApiQuery(
    'dashboardMetric',
    { params: { name: metric } },
    { enabled: wellFormed, refreshMs: false, keepPrevious: false },
  );
  if (!wellFormed) return null;
  const text =
    data === undefined
      ? (error?.message ?? '')
      : data.current === null
        ? t('alert.metric-none', 'No data of it now: the alert would be in the state "No data".')
        : t(
            'alert.metric-now',
            'Now {{now}} (as a number {{raw}}), at most {{most}} in the last hour, {{series}} series',
            {
              now: formatByUnit(data.current, data.unit),
              raw: String(Number(data.current.toPrecision(6))),
              most: formatByUnit(data.max_1h ?? data.current, data.unit),
              series: data.series_count,
            },
          );
  return (
    <div aria-live="polite">
      <Text variant="bodySmall" color="secondary">
        {text}
      </Text>
    </div>
  );
}
