import { cleanup, render, screen } from '@testing-library/react';
import type { PlanReply } from '../../api/types.ts';
import { testIds } from '../testIds.ts';
import { PlanView } from './PlanView.tsx';

afterEach(cleanup);

const plan: PlanReply = {
  kind: 'scale',
  service: 'shop',
  steps: ['drain w-3'],
  blockers: [],
  warnings: [],
  destructive: true,
  stops: [],
  expected: { known: false, why: 'never done' },
  bytes: null,
  atStake: [],
  wayBack: 'set it back',
  confirm: 'shop',
  reasonRequired: true,
  role: 'operator',
  facts: { current: 3, desired: 2, remove: ['w-3'], costPerHourBefore: 0.36, costPerHourAfter: 0.24, currency: 'EUR' },
  etag: 'a',
};

it('says of a change of the number how many there would be, who would be ended and what it costs', () => {
  render(<PlanView plan={plan} />);

  const text = screen.getByTestId(testIds.flow.plan).textContent ?? '';
  expect(text).toContain('Instances now3Instances then2Drained and endedw-3Cost an hour0.36 EUR, then 0.24 EUR');
  expect(text).not.toContain('Data to move');
});

it('says of what such a plan does not tell that it is not known, and nothing of money where there is no price', () => {
  render(<PlanView plan={{ ...plan, facts: { desired: 2 } }} />);

  const text = screen.getByTestId(testIds.flow.plan).textContent ?? '';
  expect(text).toContain('Instances nownot knownInstances then2');
  expect(text).not.toContain('Cost an hour');
});
