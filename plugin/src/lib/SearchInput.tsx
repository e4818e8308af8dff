import { Input, Icon } from '@grafana/ui';
import { useEffect, useRef, useState, type ChangeEvent, type KeyboardEvent } from 'react';

/** The exporter is asked when typing rests for this long. */
const restMs = 300;

interface SearchInputProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
  readonly width?: number;
}

/** A search field that does not ask with every letter. Enter asks at once. */
export function SearchInput({ label, placeholder, value, onSearch, width }: SearchInputProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const send = (text: string): void => {
    window.clearTimeout(timer.current);
    setDraft(null);
    if (text !== value) onSearch(text);
  };
  const onChange = (event: ChangeEvent<HTMLInputElement>): void => {
    const text = event.currentTarget.value;
    setDraft(text);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => send(text.trim()), restMs);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') send(event.currentTarget.value.trim());
  };

  return (
    <Input
      type="search"
      aria-label={label}
      placeholder={placeholder ?? label}
      prefix={<Icon name="search" />}
      value={draft ?? value}
      onChange={onChange}
      onKeyDown={onKeyDown}
      {...(width === undefined ? {} : { width })}
    />
  );
}
