import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import type { Preview, Scaling, usePreview } from '../../lib/scaling-api.ts';
import { scalingTestIds as ids } from './testIds.ts';

interface Mutation {
  isPending: boolean;
  data: Preview | undefined;
  variables: string | undefined;
  error: null;
  mutate: (text: string) => void;
}

let asked: string[] = [];
let preview: Partial<Mutation> = {};
jest.mock('../../api/hooks.ts', () => ({ useConnection: () => ({ failingSince: null }) }));
jest.mock('@grafana/runtime', () => ({ config: { appSubUrl: '' }, hasPermission: () => true }));
jest.mock('../../components/flow/ActionFlow.tsx', () => ({ ActionFlow: () => null }));

// After the mocks: an import at the top would be evaluated before them.
let PolicyPanel: (typeof import('./PolicyPanel.tsx'))['PolicyPanel'];
beforeAll(async () => {
  ({ PolicyPanel } = await import('./PolicyPanel.tsx'));
});

const facts = { override: null, cost: null } as unknown as Scaling;

function Page({ shown }: { readonly shown: Scaling }): React.JSX.Element {
  const [draft, setDraft] = useState<string | null>(null);
  const mutation = { isPending: false, error: null, mutate: (text: string) => asked.push(text), ...preview };
  return (
    <PolicyPanel
      service="shop"
      facts={shown}
      policy="max: 4"
      draft={draft}
      onDraft={setDraft}
      preview={mutation as unknown as ReturnType<typeof usePreview>}
    />
  );
}

const write = (text: string): void => void fireEvent.change(screen.getByTestId(ids.policyText), { target: { value: text } }); // prettier-ignore
const isRefused = (id: string): boolean => screen.getByTestId(id).getAttribute('aria-disabled') === 'true';

beforeEach(() => {
  asked = [];
  preview = {};
});
afterEach(cleanup);

it('saves only what was changed, checked and found valid, to the letter', () => {
  const { rerender } = render(<Page shown={facts} />);
  expect(isRefused(ids.policySave)).toBe(true);

  write('max: 5');
  expect(isRefused(ids.policySave)).toBe(true);
  fireEvent.click(screen.getByTestId(ids.policyCheck));
  expect(asked).toEqual(['max: 5']);

  preview = { data: { valid: true, faults: [], decision: null }, variables: 'max: 5' };
  rerender(<Page shown={facts} />);
  expect(isRefused(ids.policySave)).toBe(false);
  expect(screen.getByTestId(ids.policyResult).textContent).toContain('It is valid');

  write('max: 55');
  expect(isRefused(ids.policySave)).toBe(true);
  expect(screen.queryByTestId(ids.policyResult)).toBeNull();
});

it('names each fault with its mend', () => {
  const faults = [{ path: 'metrics.0.up', message: 'must lie above down', mend: 'leave room between them' }];
  preview = { data: { valid: false, faults, decision: null }, variables: 'max: 4' };
  render(<Page shown={facts} />);

  const result = screen.getByTestId(ids.policyResult);
  expect(result.dataset['valid']).toBe('false');
  expect(result.textContent).toMatch(/metrics\.0\.up: must lie above down.*leave room between them/);
});

it('offers the way back only where somebody changed it here, and forgets what was written', () => {
  render(<Page shown={facts} />);
  expect(screen.queryByTestId(ids.policyReset)).toBeNull();
  expect(screen.queryByTestId(ids.policyRevert)).toBeNull();
  write('max: 9');

  fireEvent.click(screen.getByTestId(ids.policyRevert));

  expect(screen.getByTestId<HTMLTextAreaElement>(ids.policyText).value).toBe('max: 4');
  cleanup();
  const override = { by: 'ada', at: '2026-11-22T03:00:00.000Z', reason: 'sale' };
  render(<Page shown={{ ...facts, override }} />);
  expect(screen.getByTestId(ids.policyReset)).toBeTruthy();
  expect(screen.getByTestId(ids.policy).textContent).toContain('Changed here by ada');
});
