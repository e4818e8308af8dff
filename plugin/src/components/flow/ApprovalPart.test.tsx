import { jest } from '@jest/globals';
import { cleanup, render, screen } from '@testing-library/react';
import type { Operation } from '../../api/types.ts';
import { testIds } from '../testIds.ts';

let mockMe: object | undefined;
const mockConnection = { failingSince: null };
jest.mock('../../api/hooks.ts', () => ({
  useApiQuery: () => ({ data: mockMe }),
  useConnection: () => mockConnection,
}));
let mockIsAdmin = true;
jest.mock('@grafana/runtime', () => ({
  config: { appSubUrl: '' },
  hasPermission: (permission: string) => mockIsAdmin || !permission.endsWith(':admin'),
}));
jest.mock('./ActionFlow.tsx', () => ({ ActionFlow: () => null }));

// After the mocks: an import at the top would be evaluated before them.
let ApprovalPart: (typeof import('./ApprovalPart.tsx'))['ApprovalPart'];
beforeAll(async () => {
  ({ ApprovalPart } = await import('./ApprovalPart.tsx'));
});

const operation = {
  id: 'op_1',
  kind: 'failover',
  service: 'shop',
  actor: { name: 'ada', role: 'admin', via: 'grafana' },
  reason: 'its machine is off',
  state: 'queued',
  approval: { expiresAt: new Date(Date.now() + 600_000).toISOString() },
} as unknown as Operation;
const refused = (testId: string): boolean => {
  const button = screen.getByTestId(testId);
  return button.hasAttribute('disabled') || button.getAttribute('aria-disabled') === 'true';
};

beforeEach(() => {
  mockIsAdmin = true;
  mockMe = { name: 'bob', identity: { mode: 'require', verified: true, problem: null } };
});
afterEach(cleanup);

it('lets another admin answer, and says who asks for what reason and that nothing was done', () => {
  render(<ApprovalPart operation={operation} />);

  expect(screen.getByTestId(testIds.approval.part).textContent).toMatch(
    /Waits for a second person.*ada asks for it: its machine is off.*Nothing has been done.*in (10 min|9 min \d+ s)/,
  );
  expect([refused(testIds.approval.approve), refused(testIds.approval.refuse)]).toEqual([false, false]);
});

it.each([
  ['the one who asked', { name: 'ada', identity: { verified: true } }, true],
  ['somebody whom nobody has proven', { name: 'bob', identity: { verified: false } }, true],
  ['somebody without the permission', { name: 'bob', identity: { verified: true } }, false],
])('is not for %s', (_, me, isAdmin) => {
  mockMe = me;
  mockIsAdmin = isAdmin;
  render(<ApprovalPart operation={operation} />);

  expect(refused(testIds.approval.approve)).toBe(true);
});

it('is not shown where nobody is waited for, or not any more', () => {
  const { approval: _, ...free } = operation;
  const { container } = render(
    <>
      <ApprovalPart operation={free as Operation} />
      <ApprovalPart operation={{ ...operation, state: 'cancelled' }} />
    </>,
  );

  expect(container.textContent).toBe('');
});
