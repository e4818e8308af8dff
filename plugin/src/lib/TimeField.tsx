import { dateTimeFormat } from '@grafana/data';
import { Input } from '@grafana/ui';
import { useId, type ChangeEvent } from 'react';

interface TimeFieldProps {
  readonly label: string;
  /** ISO; '' is no moment. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A moment in the browser's own field, in the computer's own zone; cleared by its own button. */
export function TimeField({ label, value, onChange }: TimeFieldProps): React.JSX.Element {
  const id = useId();
  const choose = (event: ChangeEvent<HTMLInputElement>): void => {
    const ms = new Date(event.currentTarget.value).getTime();
    onChange(Number.isNaN(ms) ? '' : new Date(ms).toISOString());
  };
  return (
    <div>
      <label htmlFor={id} style={{ display: 'block', fontSize: 12 }}>
        {label}
      </label>
      <Input
        id={id}
        type="datetime-local"
        step={1}
        width={30}
        value={value === '' ? '' : localText(Date.parse(value))}
        onChange={choose}
      />
    </div>
  );
}

/** The text that a field of type datetime-local takes. */
export function localText(ms: number): string {
  return dateTimeFormat(ms, { format: 'YYYY-MM-DDTHH:mm:ss', timeZone: 'browser' });
}
