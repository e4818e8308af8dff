import type { ApiError } from './problem.ts';

/** Whether the exporter answers, and how changes reach the page. One store for the whole plugin; React reads it through useConnection. */

export interface Connection {
  /** `off`: no page of the plugin is open, or the tab is hidden. */
  readonly stream: 'connected' | 'reconnecting' | 'polling' | 'off';
  /** When the exporter answered last, milliseconds since 1970; null before the first answer. */
  readonly lastAnswerAt: number | null;
  /** Since when it does not answer; null while it does. */
  readonly failingSince: number | null;
  readonly error: ApiError | null;
}

export interface ConnectionStore {
  get(): Connection;
  subscribe(listener: () => void): () => void;
  answered(): void;
  failed(error: ApiError): void;
  setStream(stream: Connection['stream']): void;
}

export function createConnectionStore(now: () => number): ConnectionStore {
  let state: Connection = { stream: 'off', lastAnswerAt: null, failingSince: null, error: null };
  const listeners = new Set<() => void>();
  const set = (change: Partial<Connection>): void => {
    state = { ...state, ...change };
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    answered() {
      const recovered = state.failingSince !== null;
      // Every answer moves the time; the pages need to be told only when something changed for the reader.
      if (recovered || state.lastAnswerAt === null) set({ lastAnswerAt: now(), failingSince: null, error: null });
      else state = { ...state, lastAnswerAt: now() };
    },
    failed(error) {
      if (error.isOutage) set({ failingSince: state.failingSince ?? now(), error });
    },
    setStream(stream) {
      if (stream !== state.stream) set({ stream });
    },
  };
}
