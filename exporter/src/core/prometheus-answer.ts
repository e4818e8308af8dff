import { knownReading, unknownReading, type Reading } from '../contract/sla.ts';

/** What the HTTP API of Prometheus (2.42 to 3) answers, read without trust: it may be a proxy, or another program. Pure. */

export type Labels = Readonly<Record<string, string>>;

/** `value` may be NaN or infinite: that is for the reader to refuse. `at` in Unix seconds. */
export interface PromSample {
  readonly labels: Labels;
  readonly at: number;
  readonly value: number;
}

/** One series of a range query, oldest sample first. */
export interface PromSeries {
  readonly labels: Labels;
  readonly samples: readonly { readonly at: number; readonly value: number }[];
}

const longestMessage = 300;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function malformed(what: string): Reading<never> {
  return unknownReading('malformed', `Prometheus answered ${what}`);
}

/** The result list of a query. `status`: of the HTTP answer. */
function resultOf(status: number, text: string, wanted: 'vector' | 'matrix'): Reading<readonly unknown[]> {
  const body = fieldsOf(parseJson(text));
  if (body === null) return malformed(`${status} without JSON: does prometheus.url name something else?`);
  if (body['status'] !== 'success') {
    const error = typeof body['error'] === 'string' ? body['error'].slice(0, longestMessage) : `status ${status}`;
    const reason = body['errorType'] === 'timeout' ? 'timeout' : 'refused';
    return unknownReading(reason, `Prometheus refused the query: ${error}`);
  }
  const data = fieldsOf(body['data']);
  if (data?.['resultType'] !== wanted) return malformed(`no ${wanted} but ${String(data?.['resultType'])}`);
  return Array.isArray(data['result']) ? knownReading(data['result']) : malformed('no list of series');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller names it, with the status
  }
}

function labelsOf(value: unknown): Labels | null {
  const fields = fieldsOf(value);
  if (fields === null || Object.values(fields).some((label) => typeof label !== 'string')) return null;
  return fields as Labels;
}

/** `[1700000000.5, "0.99"]`; the value is text, so that NaN and +Inf can be told. */
function pointOf(value: unknown): { readonly at: number; readonly value: number } | null {
  if (!Array.isArray(value)) return null;
  const [at, text] = value as readonly unknown[];
  if (typeof at !== 'number' || typeof text !== 'string' || text === '') return null;
  return { at, value: numberOf(text) };
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** The answer of an instant query. Unknown: `refused`, `timeout`, `malformed`. An empty list is an answer. */
export function readVector(status: number, text: string): Reading<readonly PromSample[]> {
  const result = resultOf(status, text, 'vector');
  if (!result.known) return result;
  const samples: PromSample[] = [];
  for (const item of result.value) {
    const labels = labelsOf(fieldsOf(item)?.['metric']);
    const point = pointOf(fieldsOf(item)?.['value']);
    if (labels === null || point === null) return malformed('a sample without labels or value');
    samples.push({ labels, ...point });
  }
  return knownReading(samples);
}

/** The answer of a range query. Unknown: as readVector. */
export function readMatrix(status: number, text: string): Reading<readonly PromSeries[]> {
  const result = resultOf(status, text, 'matrix');
  if (!result.known) return result;
  const series: PromSeries[] = [];
  for (const item of result.value) {
    const labels = labelsOf(fieldsOf(item)?.['metric']);
    const values = fieldsOf(item)?.['values'];
    const samples = Array.isArray(values) ? values.map(pointOf) : [null];
    if (labels === null || samples.includes(null)) return malformed('a series without labels or values');
    series.push({ labels, samples: samples.filter((sample) => sample !== null) });
  }
  return knownReading(series);
}

/** The one value among samples: unknown when there is none, more than one, or no number. */
export function onlyValue(samples: readonly PromSample[], what: string): Reading<number> {
  const [first, ...others] = samples;
  if (first === undefined) return unknownReading('empty', `Prometheus has no ${what}`);
  if (others.length > 0) return unknownReading('several_series', `Prometheus has ${samples.length} series of ${what}`);
  if (!Number.isFinite(first.value))
    return unknownReading('not_a_number', `${what} is ${String(first.value)} in Prometheus`);
  return knownReading(first.value);
}
