import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { ActionSpec } from '../../components/flow/spec.ts';
import type { LiveAlert } from '../../lib/alert-form.ts';

const mockShown: ActionSpec[] = [];
jest.mock('../../components/flow/ActionFlow.tsx', () => ({
  ActionFlow: ({ spec, options }: { spec: ActionSpec; options: ReactNode }) => {
    mockShown.push(spec);
    return options;
  },
}));
jest.mock('../../api/hooks.ts', () => ({ useApiQuery: () => ({ data: undefined, error: null }) }));

// After the mocks: an import at the top would be evaluated before them.
let AlertFlow: (typeof import('./AlertFlow.tsx'))['AlertFlow'];
beforeAll(async () => {
  // Combobox measures its options on a canvas, which jsdom has none of.
  HTMLCanvasElement.prototype.getContext = (() => ({ measureText: () => ({ width: 10 }) })) as never;
  ({ AlertFlow } = await import('./AlertFlow.tsx'));
});

const alert: LiveAlert = {
  id: 'a1',
  metric: 'genesis_rpo_seconds',
  condition: '> 60',
  operator: '>',
  threshold: 60,
  tags: { service: 'shop' },
  severity: 'warning',
  message: '',
  state: 'inactive',
  active: false,
  why: '',
  value: null,
  series: null,
  flapping: false,
  triggered_at: null,
  resolved_at: null,
  evaluated_at: null,
  created_at: '2026-11-22T02:00:00.000Z',
  created_by: 'ada',
};
const close = (): void => undefined;

describe('the dialog of an alert', () => {
  afterEach(cleanup);

  it('sends nothing while the form is not complete', () => {
    render(<AlertFlow alert={null} onClose={close} />);

    expect(mockShown.at(-1)).toMatchObject({ id: 'createRuntimeAlert', ready: false });
  });

  it('sends only what was changed, and says which field is wrong', () => {
    render(<AlertFlow alert={alert} onClose={close} />);
    expect(mockShown.at(-1)).toMatchObject({ id: 'changeRuntimeAlert', ready: false });
    const field = screen.getByLabelText(/^Threshold/);

    fireEvent.change(field, { target: { value: 'much' } });
    expect(screen.getByText('A number, in the unit of the metric')).toBeTruthy();
    expect(mockShown.at(-1)).toMatchObject({ ready: false });

    fireEvent.change(field, { target: { value: '90' } });
    expect(mockShown.at(-1)).toMatchObject({ params: { id: 'a1' }, body: { threshold: 90 }, ready: true });
  });
});
