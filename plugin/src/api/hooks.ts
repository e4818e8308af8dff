import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { refreshMs } from '../constants.ts';
import type { Connection } from './connection.ts';
import { client, connection } from './grafana.ts';
import type { ApiError } from './problem.ts';
import type { ActionId, Call, Reply } from './types.ts';

/** Whether the exporter answers, and how changes reach the page. */
export function useConnection(): Connection {
  return useSyncExternalStore(connection.subscribe, connection.get);
}

export interface ApiQueryOptions {
  readonly enabled?: boolean;
  /** How often to ask, milliseconds; by default 30 s with the event stream and 10 s without. False: only once. */
  readonly refreshMs?: number | false;
  /** False: another key starts empty instead of showing the previous answer meanwhile (details of another thing). */
  readonly keepPrevious?: boolean;
}

/** What the page knows of one answer of the exporter. */
export interface ApiQuery<T> {
  readonly data: T | undefined;
  /** Of the last attempt; `data` may still hold what was known before. */
  readonly error: ApiError | null;
  /** Nothing is known yet and a request is under way. */
  readonly isLoading: boolean;
  readonly isFetching: boolean;
  /** `data` belongs to the previous question. */
  readonly isPrevious: boolean;
  /** When `data` arrived, milliseconds since 1970; null before. */
  readonly updatedAt: number | null;
  readonly refetch: () => void;
}

export function queryKey(
  id: ActionId,
  call: { params?: object | undefined; query?: object | undefined } = {},
): readonly unknown[] {
  return [id, call.params ?? {}, call.query ?? {}];
}

/** One GET of the contract, refreshed while the page is visible. */
export function useApiQuery<K extends ActionId>(
  id: K,
  call: Omit<Call<K>, 'signal' | 'idempotencyKey'> = {},
  options: ApiQueryOptions = {},
): ApiQuery<Reply<K>> {
  const interval = useRefreshInterval(options.refreshMs);
  const result = useQuery<Reply<K>, ApiError>({
    queryKey: [...queryKey(id, call), call.body ?? {}],
    queryFn: ({ signal }) => client.call(id, { ...call, signal } as Call<K>),
    enabled: options.enabled ?? true,
    refetchInterval: interval,
    ...(options.keepPrevious === false ? {} : { placeholderData: keepPreviousData }),
  });
  return {
    data: result.data as Reply<K> | undefined,
    error: result.error,
    isLoading: result.isPending && result.isFetching,
    isFetching: result.isFetching,
    isPrevious: result.isPlaceholderData,
    updatedAt: result.dataUpdatedAt > 0 ? result.dataUpdatedAt : null,
    refetch: () => void result.refetch(),
  };
}

type PagedAction = {
  [K in ActionId]: Reply<K> extends { items: unknown[]; next: string | null } ? K : never;
}[ActionId];
type Item<K extends PagedAction> = Reply<K> extends { items: (infer T)[] } ? T : never;

export interface ApiPages<T> extends Omit<ApiQuery<readonly T[]>, 'isPrevious'> {
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
}

/** A list with a cursor, page after page; a refresh asks for all pages that are shown. */
export function useApiPages<K extends PagedAction>(
  id: K,
  call: Omit<Call<K>, 'signal' | 'idempotencyKey'> = {},
  options: ApiQueryOptions = {},
): ApiPages<Item<K>> {
  const interval = useRefreshInterval(options.refreshMs);
  const result = useInfiniteQuery({
    queryKey: [...queryKey(id, call), 'pages'],
    queryFn: ({ signal, pageParam }: { signal: AbortSignal; pageParam: string | undefined }) =>
      client.call(id, { ...call, query: { ...call.query, cursor: pageParam }, signal } as unknown as Call<K>),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Reply<K>) => (page as { next: string | null }).next ?? undefined,
    enabled: options.enabled ?? true,
    refetchInterval: interval,
    ...(options.keepPrevious === false ? {} : { placeholderData: keepPreviousData }),
  });
  const items = result.data?.pages.flatMap((page) => (page as { items: Item<K>[] }).items);
  return {
    data: items,
    error: result.error as ApiError | null,
    isLoading: result.isPending && result.isFetching,
    isFetching: result.isFetching,
    updatedAt: result.dataUpdatedAt > 0 ? result.dataUpdatedAt : null,
    refetch: () => void result.refetch(),
    hasMore: result.hasNextPage,
    isLoadingMore: result.isFetchingNextPage,
    loadMore: () => void result.fetchNextPage(),
  };
}

function useRefreshInterval(wanted: number | false | undefined): number | false {
  const { stream } = useConnection();
  if (wanted !== undefined) return wanted;
  return stream === 'connected' ? refreshMs.live : refreshMs.polling;
}

/** One operation, followed closely until it has ended. */
export function useOperation(id: string | null): ApiQuery<Reply<'getOperation'>> {
  const { stream } = useConnection();
  const result = useQuery<Reply<'getOperation'>, ApiError>({
    queryKey: queryKey('getOperation', { params: { id: id ?? '' } }),
    queryFn: ({ signal }) => client.call('getOperation', { params: { id: id ?? '' }, signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) => {
      if (state.data !== undefined && hasEnded(state.data.state)) return false;
      return stream === 'connected' ? refreshMs.polling : refreshMs.watching;
    },
  });
  return {
    data: result.data,
    error: result.error,
    isLoading: result.isPending && result.isFetching,
    isFetching: result.isFetching,
    isPrevious: false,
    updatedAt: result.dataUpdatedAt > 0 ? result.dataUpdatedAt : null,
    refetch: () => void result.refetch(),
  };
}

export function hasEnded(state: string): boolean {
  return state !== 'queued' && state !== 'running';
}
