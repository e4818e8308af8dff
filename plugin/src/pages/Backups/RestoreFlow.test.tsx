import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { ActionSpec } from '../../components/flow/spec.ts';
import type { RestoreSource } from './RestoreFlow.tsx';

const mockShown: ActionSpec[] = [];
jest.mock('../../components/flow/ActionFlow.tsx', () => ({
  ActionFlow: ({ spec, options }: { spec: ActionSpec; options: ReactNode }) => {
    mockShown.push(spec);
    return options;
  },
}));
let mockIsAdmin = true;
jest.mock('@grafana/runtime', () => ({
  config: { appSubUrl: '' },
  hasPermission: (permission: string) => mockIsAdmin || !permission.endsWith(':admin'),
}));

// After the mocks: an import at the top would be evaluated before them.
let RestoreFlow: (typeof import('./RestoreFlow.tsx'))['RestoreFlow'];
beforeAll(async () => {
  ({ RestoreFlow } = await import('./RestoreFlow.tsx'));
});

const source: RestoreSource = { id: 'b1', service: 'shop', components: ['db', 'files'], copies: ['far'] };
const close = (): void => undefined;

describe('the choices of a restore', () => {
  afterEach(cleanup);

  it('asks for a new folder first, and as an administrator only in place', () => {
    mockIsAdmin = true;
    render(<RestoreFlow source={source} picked={null} onClose={close} />);
    expect(mockShown.at(-1)).toMatchObject({ params: { id: 'b1' }, body: { target: { kind: 'folder' }, paths: [] } });
    expect(mockShown.at(-1)?.as).toBeUndefined();

    fireEvent.click(screen.getByRole('radio', { name: /^In place/ }));

    expect(mockShown.at(-1)).toMatchObject({ body: { target: { kind: 'in_place' } }, as: 'admin', destructive: true });
  });

  it('names the missing permission where in place is not for this person', () => {
    mockIsAdmin = false;
    render(<RestoreFlow source={source} picked={null} onClose={close} />);

    expect(screen.getByRole<HTMLInputElement>('radio', { name: /^In place/ }).disabled).toBe(true);
    expect(screen.getByText(/genesis-dr-app:admin/)).toBeTruthy();
  });

  it('stays with the backup it was opened for when a newer one ends meanwhile', () => {
    const { rerender } = render(<RestoreFlow source={source} picked={null} onClose={close} />);

    rerender(<RestoreFlow source={{ ...source, id: 'b2' }} picked={null} onClose={close} />);

    expect(mockShown.at(-1)?.params).toEqual({ id: 'b1' });
  });
});
