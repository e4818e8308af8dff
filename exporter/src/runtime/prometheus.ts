import type { Config } from '../config/schema.ts';
import { knownReading, unknownReading, type Reading } from '../contract/sla.ts';
import { onlyValue, readMatrix, readVector, type PromSample, type PromSeries } from '../core/prometheus-answer.ts';
import type { HttpFetch } from '../ports/index.ts';
import { readBounded, reasonOf } from './read-bounded.ts';

/**
 * Queries of the Prometheus that `prometheus.url` names: the address comes from the file only, redirects are not followed, and an
 * answer that is late or too large is none. A failure is a reading with its reason, never an exception or a zero.
 */
export interface PrometheusClient {
  /** Every sample of an expression now; an empty list when nothing matches. */
  instant(expr: string, signal: AbortSignal): Promise<Reading<readonly PromSample[]>>;
  /** The single value of an expression now. Unknown also: `empty`, `several_series`, `not_a_number`. */
  value(expr: string, signal: AbortSignal): Promise<Reading<number>>;
  /** Times in Unix seconds, both ends included. */
  range(
    expr: string,
    span: { readonly start: number; readonly end: number; readonly stepSeconds: number },
    signal: AbortSignal,
  ): Promise<Reading<readonly PromSeries[]>>;
}

/** About 100,000 samples: the fleet's records of 10,000 services are smaller. */
export const longestAnswerBytes = 32 * 1024 * 1024;
/** Timers hold no more; it is 24 days. */
const longestTimerMs = 2 ** 31 - 1;
export const notConfigured = 'prometheus.url is not set';

/** Reads the address anew for each query, because the file may be loaded again. */
export function createPrometheusClient(
  settings: () => Pick<Config['prometheus'], 'url' | 'timeout'>,
  fetch: HttpFetch,
  bounds: { readonly bytes: number } = { bytes: longestAnswerBytes },
): PrometheusClient {
  const get = (
    path: string,
    params: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Reading<Answer>> => {
    const { url, timeout } = settings();
    if (url === null) return Promise.resolve(unknownReading('not_configured', notConfigured));
    const query = new URLSearchParams({ ...params, timeout: `${Math.ceil(timeout * 1000)}ms` });
    return ask(fetch, `${url.replace(/\/+$/, '')}${path}?${query.toString()}`, timeout, bounds.bytes, signal);
  };
  const instant: PrometheusClient['instant'] = async (expr, signal) => {
    const answer = await get('/api/v1/query', { query: expr }, signal);
    return answer.known ? readVector(answer.value.status, answer.value.text) : answer;
  };
  return {
    instant,
    value: async (expr, signal) => {
      const samples = await instant(expr, signal);
      return samples.known ? onlyValue(samples.value, `value of ${expr}`) : samples;
    },
    range: async (expr, { start, end, stepSeconds }, signal) => {
      const params = { query: expr, start: String(start), end: String(end), step: String(stepSeconds) };
      const answer = await get('/api/v1/query_range', params, signal);
      return answer.known ? readMatrix(answer.value.status, answer.value.text) : answer;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask(
  fetch: HttpFetch,
  url: string,
  timeoutSeconds: number,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Reading<Answer>> {
  const late = AbortSignal.timeout(Math.min(longestTimerMs, Math.max(1, Math.round(timeoutSeconds * 1000))));
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.any([late, signal]),
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      return unknownReading(
        'refused',
        `prometheus.url leads elsewhere (status ${response.status}); redirects are not followed`,
      );
    }
    const text = await readBounded(response, maxBytes);
    if (text === null) return unknownReading('too_large', `Prometheus answered more than ${maxBytes} bytes`);
    return knownReading({ status: response.status, text });
  } catch (thrown) {
    if (late.aborted) return unknownReading('timeout', `Prometheus did not answer within ${timeoutSeconds} s`);
    return unknownReading('unreachable', `Prometheus cannot be reached: ${reasonOf(thrown)}`);
  }
}
