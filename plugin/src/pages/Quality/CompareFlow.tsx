import { t } from '../../text.ts';
import { Combobox, Field, Stack } from '@grafana/ui';
import { useId, useState } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { partOf } from '../../lib/facts.ts';

interface CompareFlowProps {
  readonly service: string;
  readonly onClose: () => void;
}

interface Place {
  readonly service: string;
  readonly database: string;
}

/** Compares a database of a configured server with its source, without a drill. */
export function CompareFlow({ service, onClose }: CompareFlowProps): React.JSX.Element {
  const [restored, setRestored] = useState<Place>({ service, database: '' });
  const [source, setSource] = useState<Place>({ service, database: '' });
  const isNamed = source.database !== '';
  return (
    <ActionFlow
      spec={{
        id: 'startQuality',
        params: { name: service },
        body: { restored, source: isNamed ? source : null },
        ready: restored.database !== '',
        title: t('compare.title', 'Compare a database with {{service}}', { service }),
        verb: t('compare.verb', 'Compare'),
        service,
      }}
      options={
        <Stack direction="column" gap={2}>
          <PlaceFields
            label={t('compare.restored', 'What is judged: a restored or masked copy')}
            place={restored}
            onChange={setRestored}
          />
          <PlaceFields
            label={t('compare.source', 'What it is compared with (empty: as the service is configured)')}
            place={source}
            onChange={setSource}
          />
        </Stack>
      }
      onClose={onClose}
    />
  );
}

interface PlaceFieldsProps {
  readonly label: string;
  readonly place: Place;
  readonly onChange: (place: Place) => void;
}

/** A database of a service: names that are known are offered, others can be typed. */
function PlaceFields({ label, place, onChange }: PlaceFieldsProps): React.JSX.Element {
  const ids = { group: useId(), service: useId(), database: useId() };
  const known = useApiQuery('listServices', {}, { refreshMs: false });
  const services = (known.data?.items ?? []).filter(({ database }) => database !== null);
  const part = partOf(services.find(({ name }) => name === place.service)?.database);
  const databases = part.kind === 'known' ? part.value.databases.map(({ name }) => name) : [];
  const offered = (names: readonly string[], chosen: string): { value: string; label: string }[] =>
    (chosen === '' || names.includes(chosen) ? names : [...names, chosen]).map((value) => ({ value, label: value }));
  return (
    <div role="group" aria-labelledby={ids.group}>
      <div id={ids.group} style={{ fontSize: 12, fontWeight: 500, marginBottom: 4 }}>
        {label}
      </div>
      <Stack gap={2} wrap="wrap">
        <Field noMargin label={t('compare.service', 'Service')} htmlFor={ids.service}>
          <Combobox
            id={ids.service}
            width={26}
            options={offered(
              services.map(({ name }) => name),
              place.service,
            )}
            value={place.service}
            onChange={({ value }) => onChange({ service: value, database: '' })}
          />
        </Field>
        <Field noMargin label={t('compare.database', 'Database')} htmlFor={ids.database}>
          <Combobox
            id={ids.database}
            width={26}
            createCustomValue
            options={offered(databases, place.database)}
            value={place.database === '' ? null : place.database}
            onChange={({ value }) => onChange({ ...place, database: value })}
          />
        </Field>
      </Stack>
    </div>
  );
}
