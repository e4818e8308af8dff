import { config, getBackendSrv } from '@grafana/runtime';
import { QueryClient } from '@tanstack/react-query';
import { lastValueFrom } from 'rxjs';
import { createClient, type Client, type Transport } from './client.ts';
import { createConnectionStore } from './connection.ts';
import { ApiError, unanswered } from './problem.ts';

/** The one client, connection and cache of the plugin, on Grafana's own backend service. */

/** An exporter that hangs keeps its connections open: without an end of its own, a request would never be known to have failed. */
const deadlineMs = { GET: 15_000, POST: 60_000 } as const;

const transport: Transport = async ({ url, method, headers, body, signal }) => {
  const late = AbortSignal.timeout(deadlineMs[method]);
  try {
    return await send({
      url,
      method,
      headers,
      body,
      signal: AbortSignal.any(signal === undefined ? [late] : [late, signal]),
    });
  } catch (thrown) {
    if (late.aborted && signal?.aborted !== true) throw new ApiError(unanswered);
    throw thrown;
  }
};

const send: Transport = async ({ url, method, headers, body, signal }) => {
  const response = await lastValueFrom(
    getBackendSrv().fetch<unknown>({
      url,
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { data: body }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
      showErrorAlert: false,
      showSuccessAlert: false,
    }),
  );
  return response.data;
};

export const connection = createConnectionStore(() => Date.now());

export const client: Client = createClient(transport, config.appSubUrl ?? '', connection);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // An answer that refuses does not change by asking again; an outage is asked about at the next refresh anyway.
      retry: (failures, error) => failures < 1 && error instanceof ApiError && error.isOutage,
      retryDelay: 1_000,
      staleTime: 2_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: true,
      refetchIntervalInBackground: false,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});
