import { jest } from '@jest/globals';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';

type Listener = (location: unknown, action: string) => void;
let mockListeners: Listener[] = [];
jest.mock('@grafana/runtime', () => ({
  locationService: {
    getHistory: () => ({
      listen: (listener: Listener) => {
        mockListeners.push(listener);
        return () => (mockListeners = mockListeners.filter((one) => one !== listener));
      },
    }),
  },
}));

// After the mocks: an import at the top would be evaluated before them.
let host: typeof import('./DialogHost.tsx');
beforeAll(async () => {
  host = await import('./DialogHost.tsx');
});

function Reason({ close }: { readonly close: () => void }): React.JSX.Element {
  const [text, setText] = useState('');
  return (
    <div role="dialog">
      <input value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <button onClick={close}>Close</button>
    </div>
  );
}

function Opener(): React.JSX.Element {
  const { open, inPlace } = host.useDialog();
  return (
    <>
      <button onClick={() => open((close) => <Reason close={close} />)}>Pause</button>
      {inPlace}
    </>
  );
}

function Page({ isPaused }: { readonly isPaused: boolean }): React.JSX.Element {
  return (
    <host.DialogHost>
      <section>{isPaused ? null : <Opener />}</section>
    </host.DialogHost>
  );
}

const type = (text: string): void => void fireEvent.change(screen.getByRole('textbox'), { target: { value: text } });
const typed = (): string => screen.getByRole<HTMLInputElement>('textbox').value;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  cleanup();
});

it('keeps a dialog with what was typed when its button goes, and then gives the focus to the part of the page', () => {
  const { rerender } = render(<Page isPaused={false} />);
  const button = screen.getByRole('button', { name: 'Pause' });
  button.focus();
  fireEvent.click(button);
  type('load test');

  rerender(<Page isPaused />);
  expect(screen.queryByRole('button', { name: 'Pause' })).toBeNull();
  expect(typed()).toBe('load test');
  fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  act(() => void jest.runAllTimers());

  expect(screen.queryByRole('dialog')).toBeNull();
  expect(document.activeElement?.tagName).toBe('SECTION');
});

it('closes what is open when somebody goes back, and not when the address is only rewritten', () => {
  render(<Page isPaused={false} />);
  fireEvent.click(screen.getByRole('button', { name: 'Pause' }));

  act(() => mockListeners.forEach((listener) => listener({}, 'REPLACE')));
  expect(screen.queryByRole('dialog')).not.toBeNull();
  act(() => mockListeners.forEach((listener) => listener({}, 'POP')));

  expect(screen.queryByRole('dialog')).toBeNull();
});

it('opens in place where no page holds it', () => {
  render(<Opener />);
  fireEvent.click(screen.getByRole('button', { name: 'Pause' }));
  type('x');
  expect(typed()).toBe('x');
  fireEvent.click(screen.getByRole('button', { name: 'Close' }));

  expect(screen.queryByRole('dialog')).toBeNull();
});
