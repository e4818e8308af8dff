import type { Outcome } from '../../contract/errors.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { Store } from '../port.ts';
import { openStore, type OpenOptions } from './open.ts';

const stillClock: Clock = { now: () => new Date(Date.UTC(2026, 10, 22, 2)), sleep: () => Promise.resolve() };
const silent = (): void => undefined;
const silentLog: Log = { debug: silent, info: silent, warn: silent, error: silent };

/** Options with a clock that stands still and a log that nobody reads. */
export function testOptions(path: string, more: Partial<OpenOptions> = {}): OpenOptions {
  return { path, clock: stillClock, log: silentLog, ...more };
}

/** The store at `path`; throws when it cannot be opened. */
export async function openForTest(path: string, more: Partial<OpenOptions> = {}): Promise<Store> {
  const opened = await openStore(testOptions(path, more));
  if (!opened.ok) throw opened.error;
  return opened.value;
}

/** What kept a state from being opened; throws when nothing did. */
export function errorOf(outcome: Outcome<Store>): { readonly code: string; readonly message: string } {
  if (outcome.ok) throw new Error('the state was opened');
  return { code: outcome.error.code, message: outcome.error.message };
}
