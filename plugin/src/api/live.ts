import type { ConnectionStore } from './connection.ts';
import type { Operation } from './types.ts';

/** Server-sent events from the exporter: one stream a tab, closed while nobody looks, with polling where it cannot be had. */

export interface LiveHandlers {
  readonly onOperation: (operation: Operation) => void;
  /** The exporter has observed anew. */
  readonly onSnapshot: () => void;
  readonly onAlert: () => void;
}

interface Source {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface LiveWorld {
  readonly open: (url: string) => Source;
  readonly setTimer: (work: () => void, ms: number) => () => void;
}

const firstRetryMs = 2_000;
const lastRetryMs = 60_000;
/** After this many failures in a row the page says that it polls, and goes on trying quietly. */
const patience = 3;

export interface LiveStream {
  start(): void;
  stop(): void;
}

export function createLiveStream(
  url: string,
  handlers: LiveHandlers,
  connection: ConnectionStore,
  world: LiveWorld,
): LiveStream {
  let source: Source | null = null;
  let cancelRetry: (() => void) | null = null;
  let failures = 0;

  const connect = (): void => {
    cancelRetry = null;
    const opened = world.open(url);
    source = opened;
    opened.onopen = () => {
      // What happened while there was no stream is not told again, so the pages ask once.
      if (failures > 0) handlers.onSnapshot();
      failures = 0;
      connection.setStream('connected');
    };
    opened.onerror = () => {
      opened.close();
      if (source !== opened) return;
      source = null;
      failures += 1;
      // Whether only the stream or the exporter itself is gone is found out by asking, not by waiting for the next poll.
      if (failures === 1) handlers.onSnapshot();
      connection.setStream(failures >= patience ? 'polling' : 'reconnecting');
      cancelRetry = world.setTimer(connect, Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1)));
    };
    opened.addEventListener('operation', (event) => {
      const operation = operationIn(event.data);
      if (operation !== null) handlers.onOperation(operation);
    });
    opened.addEventListener('snapshot', () => handlers.onSnapshot());
    opened.addEventListener('alert', () => handlers.onAlert());
  };

  return {
    start() {
      if (source !== null || cancelRetry !== null) return;
      connection.setStream('reconnecting');
      connect();
    },
    stop() {
      cancelRetry?.();
      cancelRetry = null;
      source?.close();
      source = null;
      failures = 0;
      connection.setStream('off');
    },
  };
}

function operationIn(text: string): Operation | null {
  try {
    const value = JSON.parse(text) as Partial<Operation> | null;
    return typeof value?.id === 'string' && typeof value.state === 'string' ? (value as Operation) : null;
  } catch {
    return null; // a broken message is not worth a broken page; the next poll has the truth
  }
}
