import { grafanaRouteOf, type GrafanaRoute, type RouteId } from '@genesis-dr/exporter/contract/client';
import { PLUGIN_ID } from '../constants.ts';
import { ApiError, isAbort, toApiError } from './problem.ts';
import type { ActionId, Call, PlannedAction, PlanReply, Reply } from './types.ts';

export interface TransportRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request and resolves to its parsed body; throws what Grafana's backend service throws for other statuses. */
export type Transport = (request: TransportRequest) => Promise<unknown>;

/** Told how each request ended, so that one place knows whether the exporter answers. */
export interface Listener {
  readonly answered: () => void;
  readonly failed: (error: ApiError) => void;
}

export interface Client {
  /** Errors: ApiError; an AbortError when the signal ended it. */
  call<K extends ActionId>(id: K, call?: Call<K>): Promise<Reply<K>>;
  /** What the action would do, without doing it. */
  plan<K extends PlannedAction>(id: K, call: Call<K>): Promise<PlanReply>;
  /** Address for an EventSource or a download link. */
  url<K extends ActionId>(id: K, call?: Pick<Call<K>, 'params' | 'query'>): string;
}

/** `base` is Grafana's sub path, '' or like '/grafana'; Grafana's backend service adds it to requests by itself. */
export function createClient(transport: Transport, base: string, listener?: Listener): Client {
  const send = async (id: ActionId, call: Call<ActionId>, extra: Record<string, unknown> = {}): Promise<unknown> => {
    try {
      const answer = await transport(requestOf(id, call, extra));
      listener?.answered();
      return answer;
    } catch (thrown) {
      if (isAbort(thrown)) throw new DOMException('the request was given up', 'AbortError');
      const error = toApiError(thrown);
      // An answer that refuses is an answer: the exporter is there.
      if (error.requestId !== null && !error.isOutage) listener?.answered();
      else listener?.failed(error);
      throw error;
    }
  };
  return {
    call: <K extends ActionId>(id: K, call: Call<K> = {}) => send(id, call as Call<ActionId>) as Promise<Reply<K>>,
    plan: <K extends PlannedAction>(id: K, call: Call<K>) =>
      send(id, call as unknown as Call<ActionId>, { dryRun: true }) as Promise<PlanReply>,
    url: (id, call = {}) => `${base}${requestOf(id, call as Call<ActionId>).url}`,
  };
}

/** The request for an action: its address, and where its parameters travel. */
export function requestOf<K extends ActionId>(
  id: K,
  call: Call<K>,
  extra: Readonly<Record<string, unknown>> = {},
): TransportRequest {
  const route: GrafanaRoute = grafanaRouteOf(id as RouteId, call.as);
  const given = withoutAbsent(call.query ?? {});
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    segment(id, name, call.params as Readonly<Record<string, string>> | undefined),
  );
  const query = route.queryInBody ? '' : queryString(given);
  const url = `/api/plugin-proxy/${PLUGIN_ID}/${route.prefix}${path}${query}`;
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (call.idempotencyKey !== undefined) headers['Idempotency-Key'] = call.idempotencyKey;
  if (route.method === 'GET') return { url, method: 'GET', headers, signal: call.signal };
  headers['Content-Type'] = 'application/json';
  const body = { ...(route.queryInBody ? given : {}), ...withoutAbsent(call.body ?? {}), ...extra };
  return { url, method: 'POST', headers, body, signal: call.signal };
}

function segment(id: string, name: string, params: Readonly<Record<string, string>> | undefined): string {
  const value = params?.[name];
  if (value === undefined || value === '' || value === '.' || value === '..')
    throw new ApiError({
      code: 'not_found',
      message: `${id} needs a value for ${name}`,
      hint: 'open it from a list',
      status: 404,
    });
  return encodeURIComponent(value);
}

function withoutAbsent(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
}

function queryString(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
}
