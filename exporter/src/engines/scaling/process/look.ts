import type { HttpFetch } from '../../../ports/index.ts';
import { readStart } from '../../failover/service/health.ts';
import { notReached, oneLine } from '../../health/words.ts';
import { readMetric } from './metric.ts';
import type { ProcessOptions } from './options.ts';

/** What a worker says of itself by HTTP. */

const lookMs = 2_000;
/** Pages of metrics that are longer are not read. */
const maxPageBytes = 4 * 2 ** 20;

export interface Health {
  readonly well: boolean;
  /** Why it is not; null: it is. */
  readonly problem: string | null;
}

/** Where it is reached: `0.0.0.0` and `::` are all addresses to listen on, and for HAProxy whichever the client came to. */
export function addressOf({ host: listening }: Pick<ProcessOptions, 'host'>, port: number): string {
  const host = listening === '0.0.0.0' ? '127.0.0.1' : listening === '::' ? '::1' : listening;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function get(fetch: HttpFetch, url: string, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    redirect: 'manual',
    // A kept connection would be one more that the worker has to end when it drains.
    headers: { connection: 'close' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(lookMs)]),
  });
}

/** Never throws. */
export async function askHealth(
  fetch: HttpFetch,
  options: ProcessOptions,
  port: number,
  signal: AbortSignal,
): Promise<Health> {
  try {
    const response = await get(fetch, `http://${addressOf(options, port)}${options.health_path}`, signal);
    await response.body?.cancel();
    if (response.status >= 200 && response.status <= 299) return { well: true, problem: null };
    return { well: false, problem: `${options.health_path} answers with HTTP ${response.status}` };
  } catch (thrown) {
    return { well: false, problem: `${options.health_path}: ${wordsOf(thrown)}` };
  }
}

/** Null: it has none, or it cannot be read. Never throws. */
export async function askLoad(
  fetch: HttpFetch,
  options: ProcessOptions,
  port: number,
  signal: AbortSignal,
): Promise<number | null> {
  if (options.load_path === null || options.load_metric === null) return null;
  try {
    const response = await get(fetch, `http://${addressOf(options, port)}${options.load_path}`, signal);
    const text = await readStart(response, maxPageBytes);
    return response.status >= 200 && response.status <= 299 ? readMetric(text, options.load_metric) : null;
  } catch {
    return null;
  }
}

function wordsOf(thrown: unknown): string {
  if (Error.isError(thrown) && thrown.name === 'TimeoutError') return `no answer within ${lookMs / 1000} s`;
  return notReached(thrown)?.detail ?? oneLine(Error.isError(thrown) ? thrown.message : 'it could not be asked');
}
