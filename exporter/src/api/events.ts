import type { IncomingMessage, ServerResponse } from 'node:http';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { App, AppEvent } from '../runtime/app.ts';
import type { Identity } from './auth.ts';
import { toJson } from './errors.ts';

/** A client that has this much waiting is too slow; it is dropped and may come back. */
const maxPendingBytes = 256 * 1024;

/** Server-sent events: bounded in number, each with a heartbeat, ended when the one who listens may no longer. */
export interface EventStreams {
  /** Errors: `streams_exhausted`. */
  open(request: IncomingMessage, response: ServerResponse, identity: Identity): Outcome<void>;
  closeAll(): void;
}

function frame(event: AppEvent): string {
  return `event: ${event.type}\ndata: ${toJson(dataOf(event))}\n\n`;
}

function dataOf(event: AppEvent): unknown {
  switch (event.type) {
    case 'operation':
      return event.operation;
    case 'alert':
      return { notice: event.notice, ...event.alert };
    case 'snapshot':
      return { at: event.at };
  }
}

export function createEventStreams(app: App, heartbeatMs = 15_000): EventStreams {
  const open = new Set<() => void>();

  const start = (request: IncomingMessage, response: ServerResponse, identity: Identity): void => {
    app.eventStreams.count += 1;
    let unsubscribe = (): void => undefined;
    const end = (): void => {
      if (!open.delete(end)) return;
      app.eventStreams.count -= 1;
      clearInterval(heartbeat);
      unsubscribe();
      response.end();
    };
    const send = (text: string): void => {
      if (!open.has(end)) return;
      response.write(text);
      if (response.writableLength <= maxPendingBytes) return;
      app.log.warn('an event stream was dropped because its client is too slow');
      end();
      response.destroy();
    };
    const beat = (): void => {
      send(': still here\n\n');
      identity.stillValid().then(
        (valid) => (valid ? undefined : end()),
        (thrown: unknown) => {
          app.log.error('the right to an event stream could not be checked; it was ended', { error: String(thrown) });
          end();
        },
      );
    };
    const heartbeat = setInterval(beat, heartbeatMs);
    open.add(end);
    request.on('close', end);
    response.on('error', end);
    response.on('close', end);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    send('retry: 5000\n\n');
    if (open.has(end)) unsubscribe = app.subscribe((event) => send(frame(event)));
  };

  return {
    open(request, response, identity) {
      const limit = app.config().api.event_streams;
      if (app.eventStreams.count >= limit) {
        return fail('streams_exhausted', `${limit} event streams are open already`, {
          retryable: true,
          details: { retryAfterSeconds: 5 },
        });
      }
      start(request, response, identity);
      return ok(undefined);
    },
    closeAll() {
      for (const end of [...open]) end();
    },
  };
}
