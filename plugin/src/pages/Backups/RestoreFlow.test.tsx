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

let mockService: object = {};
jest.mock('../../api/hooks.ts', () => ({ useApiQuery: () => ({ data: mockService, error: null }) }));
const files = { abilities: { components: true, inPlace: true }, pitr: null };
const windows = {
  windows: [],
  gaps: [],
  newestRestorableAt: '2026-11-22T03:00:00.000Z',
  oldestRestorableAt: null,
  segments: 0,
};
const database = {
  abilities: { components: false, inPlace: false },
  pitr: { known: true, at: '2026-11-22T03:00:00.000Z', value: windows },
};

// After the mocks: an import at the top would be evaluated before them.
let RestoreFlow: (typeof import('./RestoreFlow.tsx'))['RestoreFlow'];
beforeAll(async () => {
  ({ RestoreFlow } = await import('./RestoreFlow.tsx'));
});

const source: RestoreSource = { id: 'b1', service: 'shop', components: ['db', 'files'], copies: ['far'] };
const close = (): void => undefined;

describe('the choices of a restore', () => {
  beforeEach(() => {
    mockService = files;
  });
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

  it('asks how far to replay where the service keeps its log, and plans nothing until that is complete', () => {
    mockIsAdmin = true;
    mockService = database;
    const at = '2026-11-22T02:30:00.000Z';
    render(<RestoreFlow source={source} picked={null} recovery={{ type: 'time', at }} onClose={close} />);
    expect(mockShown.at(-1)).toMatchObject({ body: { recovery: { type: 'time', at } }, ready: true });
    expect(screen.queryByRole('radio', { name: 'Components' })).toBeNull();
    expect(screen.getByText('The engine of this service restores beside, never in place')).toBeTruthy();

    fireEvent.click(screen.getByRole('radio', { name: /LSN/ }));
    expect(mockShown.at(-1)).toMatchObject({ ready: false });

    const field = screen.getByLabelText(/^LSN/);
    fireEvent.change(field, { target: { value: '0/3a000028' } });
    fireEvent.blur(field);

    expect(mockShown.at(-1)).toMatchObject({ body: { recovery: { type: 'lsn', lsn: '0/3A000028' } }, ready: true });
  });

  it('restores one database into another where the engine can, and asks for its name where it is there already', () => {
    mockService = { abilities: { components: true, inPlace: false, intoDatabase: true }, pitr: null };
    render(<RestoreFlow source={source} picked={null} onClose={close} />);

    fireEvent.click(screen.getByRole('radio', { name: /^A database of the server/ }));
    expect(mockShown.at(-1)).toMatchObject({
      body: { target: { kind: 'database', existing: false }, components: ['db'] },
      ready: true,
    });

    fireEvent.click(screen.getByRole('radio', { name: 'files' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'It is there already, and empty' }));
    expect(mockShown.at(-1)).toMatchObject({ ready: false });

    const field = screen.getByLabelText(/^Name of the database/);
    fireEvent.change(field, { target: { value: 'restored' } });
    fireEvent.blur(field);
    expect(mockShown.at(-1)).toMatchObject({
      body: { target: { kind: 'database', name: 'restored', existing: true }, components: ['files'] },
      ready: true,
    });
  });

  it('says nothing of a log to an engine that keeps none', () => {
    render(<RestoreFlow source={source} picked={null} onClose={close} />);

    expect(mockShown.at(-1)?.body).not.toHaveProperty('recovery');
    expect(screen.queryByText('How far')).toBeNull();
  });

  it('stays with the backup it was opened for when a newer one ends meanwhile', () => {
    const { rerender } = render(<RestoreFlow source={source} picked={null} onClose={close} />);

    rerender(<RestoreFlow source={{ ...source, id: 'b2' }} picked={null} onClose={close} />);

    expect(mockShown.at(-1)?.params).toEqual({ id: 'b1' });
  });
});
