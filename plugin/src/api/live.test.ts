import { jest } from '@jest/globals';
import { createConnectionStore } from './connection.ts';
import { createLiveStream } from './live.ts';

class FakeSource {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string, data: string): void {
    this.listeners.get(type)?.({ data } as MessageEvent<string>);
  }
}

function build() {
  const sources: FakeSource[] = [];
  const timers: { work: () => void; ms: number; cancelled: boolean }[] = [];
  const connection = createConnectionStore(() => 0);
  const handlers = { onOperation: jest.fn(), onSnapshot: jest.fn(), onAlert: jest.fn() };
  const stream = createLiveStream('/events', handlers, connection, {
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    setTimer: (work, ms) => {
      const timer = { work, ms, cancelled: false };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
  });
  const last = () => sources.at(-1) as FakeSource;
  return { stream, sources, timers, connection, handlers, last };
}

it('hands on what it hears, and ignores what it cannot read', () => {
  const { stream, handlers, last } = build();
  stream.start();
  last().onopen?.({} as Event);

  last().say('operation', '{"id":"o1","state":"running"}');
  last().say('operation', 'not json');
  last().say('snapshot', '{}');

  expect(handlers.onOperation).toHaveBeenCalledTimes(1);
  expect(handlers.onSnapshot).toHaveBeenCalledTimes(1);
});

it('opens one stream only, and says when it falls back to polling and when it is live again', () => {
  const { stream, sources, timers, connection, handlers, last } = build();
  stream.start();
  stream.start();
  expect(sources).toHaveLength(1);

  const states: string[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    last().onerror?.({} as Event);
    states.push(connection.get().stream);
    timers.at(-1)?.work();
  }
  last().onopen?.({} as Event);

  expect(states).toEqual(['reconnecting', 'reconnecting', 'polling']);
  expect(timers.map(({ ms }) => ms)).toEqual([2000, 4000, 8000]);
  expect(connection.get().stream).toBe('connected');
  // Asked once when the stream was lost, and once for what happened until it was back.
  expect(handlers.onSnapshot).toHaveBeenCalledTimes(2);
});

it('closes everything when it is stopped, also between two attempts', () => {
  const { stream, timers, connection, last } = build();
  stream.start();
  last().onerror?.({} as Event);
  stream.stop();

  expect(last().closed).toBe(true);
  expect(timers.at(-1)?.cancelled).toBe(true);
  expect(connection.get().stream).toBe('off');
});
