import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { ActionSpec } from '../../components/flow/spec.ts';
import type { Scaling } from '../../lib/scaling-api.ts';
import { scalingTestIds as ids } from './testIds.ts';

const mockShown: ActionSpec[] = [];
jest.mock('../../components/flow/ActionFlow.tsx', () => ({
  ActionFlow: (props: { spec: ActionSpec; options: ReactNode }) => {
    mockShown.push(props.spec);
    return <>{props.options}</>;
  },
}));

let mockNow: object | undefined;
jest.mock('../../lib/scaling-api.ts', () => ({ useScaling: () => ({ data: mockNow }) }));

// After the mocks: an import at the top would be evaluated before them.
let SetFlow: (typeof import('./SetFlow.tsx'))['SetFlow'];
beforeAll(async () => {
  ({ SetFlow } = await import('./SetFlow.tsx'));
});

const facts = {
  fleet: { instances: [], wanted: 3, ownedBy: null },
  min: 2,
  max: 5,
  desired: 3,
  decision: null,
  cost: { currency: 'EUR', perHour: 0.36, ceilingPerHour: 0.5, soFar: 1, since: '2026-11-22T03:00:00.000Z' },
} as unknown as Scaling;
const last = (): ActionSpec | undefined => mockShown.at(-1);
const field = (): HTMLInputElement => screen.getByTestId<HTMLInputElement>(ids.desired);

function open(initial: number): void {
  render(<SetFlow service="shop" facts={facts} initial={initial} onClose={() => undefined} />);
}

afterEach(cleanup);
beforeEach(() => {
  mockNow = undefined;
});

it('begins with the number it was opened for, and says what it would cost', () => {
  open(4);

  expect(last()).toMatchObject({ id: 'setScaling', params: { name: 'shop' }, body: { desired: 4 }, ready: true });
  expect(last()).toMatchObject({ destructive: false, verb: 'Add up to 4' });
  expect(screen.getByText('Set to 3 now; the policy allows 2 to 5')).toBeTruthy();
  expect(screen.getByText('Would cost 0.48 EUR an hour; now 0.36 EUR')).toBeTruthy();
});

it('plans nothing for what is no number, or is the number already', () => {
  open(3);
  expect(last()).toMatchObject({ ready: false });
  expect(screen.getByText('That is the number it is set to already')).toBeTruthy();

  fireEvent.change(field(), { target: { value: '2x' } });
  expect(last()).toMatchObject({ ready: false, body: {} });
  expect(screen.getByText('A whole number is needed')).toBeTruthy();
});

it('calls it a removal, in red, as soon as there would be fewer', () => {
  open(3);
  fireEvent.click(screen.getByRole('button', { name: 'One fewer' }));

  expect(field().value).toBe('2');
  expect(last()).toMatchObject({ body: { desired: 2 }, destructive: true, verb: 'Remove down to 2' });
});

it('warns of what is over the ceiling, and leaves the refusal to the plan', () => {
  open(5);

  expect(screen.getByText('Would cost 0.60 EUR an hour, over the ceiling of 0.50 EUR')).toBeTruthy();
  expect(last()).toMatchObject({ ready: true });
});

it('follows what is set meanwhile', () => {
  mockNow = { scaling: { ...facts, desired: 4 } };
  open(4);

  expect(last()).toMatchObject({ ready: false });
  expect(screen.getByText('Set to 4 now; the policy allows 2 to 5')).toBeTruthy();
});
