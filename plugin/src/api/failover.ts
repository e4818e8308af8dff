import { useApiQuery, type ApiQuery } from './hooks.ts';
import type { Operation, Reply, Service } from './types.ts';

/** What replies say about failover, brought into the shapes of the pages in this one place. */

export type FailoverReply = Reply<'getFailover'>;
export type Failover = FailoverReply['failover'];

/** The facts of one service, asked again whenever they may have changed. */
export function useFailover(service: string): ApiQuery<FailoverReply> {
  return useApiQuery('getFailover', { params: { name: service } }, { keepPrevious: false });
}

/** A service in the list of those that have a failover. */
export interface FailoverBrief {
  readonly engine: string;
  readonly mode: Failover['mode'];
  /** Null: none, or not known. */
  readonly primary: string | null;
  /** Null: not known. */
  readonly wouldSucceed: boolean | null;
  readonly isPaused: boolean;
}

/** Null: nobody takes over for this service, no node was asked yet, or the exporter is older than the page. */
export function briefOf({ failover }: { readonly failover?: Service['failover'] | undefined }): FailoverBrief | null {
  if (failover === null || failover === undefined) return null;
  const { engine, mode, primary, standing, pause } = failover;
  return { engine, mode, primary, wouldSucceed: standing.wouldSucceed, isPaused: pause !== null };
}

/** Until when it waits for a second person, ISO; null: it waits for nobody. */
export function approvalUntil(operation: Operation): string | null {
  return operation.approval?.expiresAt ?? null;
}
