import { AppEvents, type EventBusSrv } from '@grafana/data';
import type { BackendSrv, BackendSrvRequest, FetchError, FetchResponse } from '@grafana/runtime';
import { defer, lastValueFrom, type Observable, throwError } from 'rxjs';

/** After so long without a hand on keyboard or mouse, requests no longer keep the session from idling out. */
const absentAfterMs = 5 * 60_000;
let lastInputMs = performance.now();
for (const name of ['pointerdown', 'keydown', 'wheel']) {
  addEventListener(name, () => (lastInputMs = performance.now()), { capture: true, passive: true });
}

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Grafana announces JSON on these, also where nothing is sent. */
const announcing = new Set(['POST', 'PUT', 'PATCH']);

function urlOf({ url, params }: BackendSrvRequest): string {
  const path = /^(\/|https?:)/.test(url) ? url : `/${url}`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((params ?? {}) as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one));
  }
  return query.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
}

async function bodyOf(response: Response, wanted: BackendSrvRequest['responseType']): Promise<unknown> {
  if (wanted === 'blob') return response.blob();
  if (wanted === 'arraybuffer') return response.arrayBuffer();
  const text = await response.text();
  if (wanted === 'text' || text === '') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // not every answer is JSON, and Grafana hands those over as they are
  }
}

function headersOf(options: BackendSrvRequest): Headers {
  const headers = new Headers(options.headers as Record<string, string> | undefined);
  if (!headers.has('accept')) headers.set('accept', 'application/json, text/plain, */*');
  if (announcing.has(options.method ?? 'GET') && !headers.has('content-type'))
    headers.set('content-type', 'application/json');
  if (performance.now() - lastInputMs > absentAfterMs) headers.set('x-genesis-passive', '1');
  return headers;
}

async function send(options: BackendSrvRequest): Promise<FetchResponse<unknown>> {
  const { data } = options;
  const hasBody = data !== undefined && data !== null && options.method !== undefined && options.method !== 'GET';
  const response = await fetch(urlOf(options), {
    method: options.method ?? 'GET',
    credentials: 'same-origin',
    headers: headersOf(options),
    ...(hasBody ? { body: typeof data === 'string' ? data : JSON.stringify(data) } : {}),
    ...(options.abortSignal === undefined ? {} : { signal: options.abortSignal }),
  });
  const { status, statusText, ok, redirected, type, url, headers } = response;
  const parsed = await bodyOf(response, options.responseType);
  return { status, statusText, ok, data: parsed, headers, redirected, type, url, config: options };
}

function messageOf({ data, statusText }: FetchResponse<unknown>): string {
  const { message, detail, title } = (data ?? {}) as Record<string, unknown>;
  const text = message ?? detail ?? title;
  return typeof text === 'string' ? text : statusText;
}

/** What is told of every answer, before anybody gets it. */
export interface AnswerListener {
  (status: number): void;
}

/** Grafana's HTTP client as far as apps use it: JSON in and out, failures as FetchError, toasts unless they are not wanted. */
export function createBackendSrv(events: EventBusSrv, onAnswer: AnswerListener): BackendSrv {
  const toast = (options: BackendSrvRequest, response: FetchResponse<unknown>): void => {
    if (!response.ok && options.showErrorAlert !== false)
      events.emit(response.status < 500 ? AppEvents.alertWarning : AppEvents.alertError, [messageOf(response)]);
    if (response.ok && options.showSuccessAlert === true) events.emit(AppEvents.alertSuccess, [messageOf(response)]);
  };
  const run = async <T>(options: BackendSrvRequest): Promise<FetchResponse<T>> => {
    let response: FetchResponse<unknown>;
    try {
      response = await send(options);
    } catch (thrown) {
      const cancelled = options.abortSignal?.aborted === true;
      const failed: FetchError = {
        status: 0,
        statusText: '',
        data: { message: String(thrown) },
        config: options,
        cancelled,
      };
      if (cancelled) failed.statusText = 'Request was aborted';
      onAnswer(0);
      throw failed;
    }
    onAnswer(response.status);
    toast(options, response);
    if (response.ok) return response as FetchResponse<T>;
    const isHandled = options.showErrorAlert !== false;
    throw { status: response.status, statusText: response.statusText, data: response.data, config: options, isHandled };
  };
  const fetchObservable = <T>(options: BackendSrvRequest): Observable<FetchResponse<T>> => defer(() => run<T>(options));
  const verb =
    (method: string) =>
    async <T = unknown>(url: string, data?: unknown, options?: Partial<BackendSrvRequest>): Promise<T> =>
      (await run<T>({ showSuccessAlert: changing.has(method), ...options, url, method, data })).data;
  return {
    fetch: fetchObservable,
    chunked: () => throwError(() => new Error('this host has no chunked answers')),
    datasourceRequest: <T>(options: BackendSrvRequest) => lastValueFrom(fetchObservable<T>(options)),
    request: async <T>(options: BackendSrvRequest) => (await run<T>(options)).data,
    get: async <T>(
      url: string,
      params?: BackendSrvRequest['params'],
      requestId?: string,
      o?: Partial<BackendSrvRequest>,
    ) => (await run<T>({ ...o, url, method: 'GET', params, ...(requestId === undefined ? {} : { requestId }) })).data,
    post: verb('POST'),
    put: verb('PUT'),
    patch: verb('PATCH'),
    delete: verb('DELETE'),
  } as BackendSrv;
}
