import { Combobox, type ComboboxOption } from '@grafana/ui';
import { useId } from 'react';

interface ChoiceProps<T extends string> {
  readonly label: string;
  /** Words for "no choice". */
  readonly any: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly value: T | '';
  readonly onChoose: (value: T | '') => void;
  readonly width?: number;
}

/** One filter of a list: a choice that can be taken back. */
export function Choice<T extends string>({ label, any, options, value, onChoose, width = 20 }: ChoiceProps<T>) {
  const labelId = useId();
  const known = options.some((option) => option.value === value);
  // A link may name what the list does not have (yet): it is shown as it is, not silently dropped.
  const shown: ComboboxOption<string>[] = known || value === '' ? [...options] : [...options, { value, label: value }];
  return (
    <div>
      {/* Combobox takes no aria-label; a hidden element that it refers to names it all the same. */}
      <span id={labelId} hidden>
        {label}
      </span>
      <Combobox<string>
        aria-labelledby={labelId}
        placeholder={any}
        options={shown}
        value={value === '' ? null : value}
        isClearable
        width={width}
        onChange={(option: ComboboxOption<string> | null) => onChoose((option?.value ?? '') as T | '')}
      />
    </div>
  );
}
