import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Log } from '../ports/index.ts';

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A clock that stands until it is moved; sleeping waits for the real one, shortly. */
export function settableClock(start: string): Clock & { set(at: string): void; advance(ms: number): void } {
  let ms = Date.parse(start);
  return {
    now: () => new Date(ms),
    sleep: (_ms, signal) => new Promise((resolve) => (signal.aborted ? resolve() : setTimeout(resolve, 5))),
    set: (at) => (ms = Date.parse(at)),
    advance: (by) => (ms += by),
  };
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'genesis-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
