import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { Failover } from '../../api/failover.ts';
import type { ActionSpec } from '../../components/flow/spec.ts';
import { failoverTestIds } from './testIds.ts';

const mockShown: ActionSpec[] = [];
let mockPlan: { blockers: { code: string }[] } | undefined;
jest.mock('../../components/flow/ActionFlow.tsx', () => ({
  ActionFlow: (props: { spec: ActionSpec; options: ReactNode; afterPlan?: (plan: unknown) => ReactNode }) => {
    mockShown.push(props.spec);
    return (
      <>
        {props.options}
        {props.afterPlan?.(mockPlan)}
      </>
    );
  },
}));

jest.mock('../../api/hooks.ts', () => ({ useApiQuery: () => ({ data: undefined }) }));

// After the mocks: an import at the top would be evaluated before them.
let flows: typeof import('./MoveFlow.tsx');
beforeAll(async () => {
  flows = await import('./MoveFlow.tsx');
});

const node = (name: string, lagBytes: number | null): object => ({ name, region: 'eu', lagBytes });
const facts = {
  primary: 'vienna',
  nodes: [node('vienna', null), node('berlin', 2048), node('oslo', null)],
  standing: { candidate: 'berlin', rejected: [] },
} as unknown as Failover;
const close = (): void => undefined;
const last = (): ActionSpec | undefined => mockShown.at(-1);

beforeEach(() => {
  mockPlan = { blockers: [] };
});
afterEach(cleanup);

describe('the dialog of a failover', () => {
  it('leaves the choice to the exporter first, and offers every node but the primary', () => {
    render(<flows.FailoverFlow service="shop" facts={facts} onClose={close} />);

    expect(last()).toMatchObject({ id: 'startFailover', params: { name: 'shop' }, body: {}, destructive: true });
    expect(screen.getByRole<HTMLInputElement>('radio', { name: /^The best one/ }).checked).toBe(true);
    expect(screen.queryByRole('radio', { name: /^vienna/ })).toBeNull();
    expect(screen.getByText('Behind by 2 KiB')).toBeTruthy();
    expect(screen.getByText('How far it is behind is not known')).toBeTruthy();

    fireEvent.click(screen.getByRole('radio', { name: /^oslo/ }));

    expect(last()?.body).toEqual({ candidate: 'oslo' });
  });

  it.each([
    ['no plan yet', undefined],
    ['nothing in the way', { blockers: [] }],
    ['something that no person can decide', { blockers: [{ code: 'fencing_unproven' }, { code: 'no_candidate' }] }],
  ])('offers no way past a hold where there is %s', (_, plan) => {
    mockPlan = plan;
    render(<flows.FailoverFlow service="shop" facts={facts} onClose={close} />);

    expect(screen.queryByTestId(failoverTestIds.force)).toBeNull();
  });

  it('goes past a hold only when that was ticked, and keeps the choice in sight while it plans anew', () => {
    mockPlan = { blockers: [{ code: 'fencing_unproven' }] };
    const { rerender } = render(<flows.FailoverFlow service="shop" facts={facts} onClose={close} />);
    expect(last()?.body).toEqual({});

    fireEvent.click(screen.getByTestId(failoverTestIds.force));
    expect(last()).toMatchObject({ body: { force: true }, verb: 'Fail over without proof' });

    mockPlan = undefined;
    rerender(<flows.FailoverFlow service="shop" facts={facts} onClose={close} />);
    fireEvent.click(screen.getByTestId(failoverTestIds.force));
    expect(last()?.body).toEqual({});
    expect(screen.getByTestId(failoverTestIds.force)).toBeTruthy();
  });
});

describe('the dialog of a switchover', () => {
  it('plans nothing for a time until there is one, and none that has passed', () => {
    render(<flows.SwitchoverFlow service="shop" facts={facts} onClose={close} />);
    expect(last()).toMatchObject({ id: 'startSwitchover', body: {}, ready: true });

    fireEvent.click(screen.getByRole('radio', { name: /^At a time/ }));
    expect(last()).toMatchObject({ body: {}, ready: false });

    const field = screen.getByLabelText('Moment (local time)');
    fireEvent.change(field, { target: { value: '2001-01-01T00:00:00' } });
    expect(last()).toMatchObject({ ready: false });
    expect(screen.getByText('That moment has passed')).toBeTruthy();

    fireEvent.change(field, { target: { value: '2099-01-01T00:00:00' } });
    expect(last()).toMatchObject({ ready: true, verb: 'Schedule the switchover' });
    expect(last()?.body).toHaveProperty('at');

    fireEvent.click(screen.getByRole('radio', { name: /^Now/ }));
    expect(last()).toMatchObject({ body: {}, ready: true });
  });
});
