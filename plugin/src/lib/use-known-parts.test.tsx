import { cleanup, render, screen } from '@testing-library/react';
import type { Service } from '../api/types.ts';
import { useKnownParts } from './use-known-parts.ts';

const service = (name: string, scaling: object | null): Service => ({ name, scaling }) as unknown as Service;

function Names({ services }: { readonly services: readonly Service[] | undefined }): React.JSX.Element {
  const names = useKnownParts(services, ({ scaling }) => (scaling ?? null) !== null);
  return <output>{names.join(' ')}</output>;
}

afterEach(cleanup);

it('keeps a service that was seen to have the part while it is listed, and no other', () => {
  const shown = (): string => screen.getByRole('status').textContent ?? '';
  const { rerender } = render(<Names services={undefined} />);
  expect(shown()).toBe('');
  rerender(<Names services={[service('a', {}), service('b', null), service('c', {})]} />);
  expect(shown()).toBe('a c');

  rerender(<Names services={[service('a', null), service('b', null)]} />);

  expect(shown()).toBe('a');
});
