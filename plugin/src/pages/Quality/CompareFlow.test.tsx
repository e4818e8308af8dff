import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { ActionSpec } from '../../components/flow/spec.ts';

const mockShown: ActionSpec[] = [];
jest.mock('../../components/flow/ActionFlow.tsx', () => ({
  ActionFlow: ({ spec, options }: { spec: ActionSpec; options: ReactNode }) => {
    mockShown.push(spec);
    return options;
  },
}));
jest.mock('../../api/hooks.ts', () => {
  const databases = [{ name: 'app', bytes: 1, commits: 1, rollbacks: 0 }];
  const database = { known: true, at: '2026-11-22T02:00:00.000Z', value: { databases } };
  const items = [
    { name: 'shop', database },
    { name: 'files', database: null },
  ];
  return { useApiQuery: () => ({ data: { items } }) };
});
jest.mock('@grafana/ui', () => ({
  ...jest.requireActual<object>('@grafana/ui'),
  // Grafana's own one needs a canvas and a place on the screen.
  Combobox: ({
    id,
    options,
    onChange,
  }: {
    id: string;
    options: { value: string }[];
    onChange: (one: object) => void;
  }) => (
    <select id={id} onChange={(event) => onChange({ value: event.currentTarget.value })}>
      {['', ...options.map(({ value }) => value)].map((value) => (
        <option key={value}>{value}</option>
      ))}
    </select>
  ),
}));

// After the mocks: an import at the top would be evaluated before them.
let CompareFlow: (typeof import('./CompareFlow.tsx'))['CompareFlow'];
beforeAll(async () => {
  ({ CompareFlow } = await import('./CompareFlow.tsx'));
});
afterEach(cleanup);

it('asks for a database of a configured server, and compares as the service says unless another one is named', () => {
  render(<CompareFlow service="shop" onClose={() => undefined} />);
  expect(mockShown.at(-1)).toMatchObject({ id: 'startQuality', params: { name: 'shop' }, ready: false });
  const [restored, source] = screen.getAllByLabelText('Database') as [HTMLElement, HTMLElement];

  fireEvent.change(restored, { target: { value: 'app' } });
  expect(mockShown.at(-1)).toMatchObject({
    body: { restored: { service: 'shop', database: 'app' }, source: null },
    ready: true,
  });

  fireEvent.change(source, { target: { value: 'app' } });
  expect(mockShown.at(-1)).toMatchObject({ body: { source: { service: 'shop', database: 'app' } } });
});
