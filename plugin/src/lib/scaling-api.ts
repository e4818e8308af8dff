import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { client } from '../api/grafana.ts';
import { useApiQuery, type ApiQuery } from '../api/hooks.ts';
import { isAbort, toApiError, type ApiError } from '../api/problem.ts';
import type { Body, Reply, Service } from '../api/types.ts';

/** What replies say about scaling, brought into the shapes of the page in this one place. */

export type ScalingReply = Reply<'getScaling'>;
export type Scaling = ScalingReply['scaling'];
export type Instance = NonNullable<Scaling['fleet']>['instances'][number];
export type Decision = NonNullable<Scaling['decision']>;
export type Vote = Decision['votes'][number];
export type Limit = Decision['limits'][number];
export type ScalingMetric = Scaling['metrics'][number];
export type Forecast = NonNullable<Scaling['forecast']>;
export type KnownForecast = Extract<Forecast, { known: true }>;
export type ScalingRecord = Scaling['history'][number];
export type ScalingLoad = Reply<'getScalingLoad'>;
export type LoadPoint = ScalingLoad['points'][number];
export type Preview = Reply<'previewScalingPolicy'>;
export type Backtest = Reply<'backtestScaling'>;
export type BacktestRun = Backtest['runs'][number];
export type BacktestRequest = Body<'backtestScaling'>;

/** The facts of one service, asked again whenever they may have changed. */
export function useScaling(service: string): ApiQuery<ScalingReply> {
  return useApiQuery('getScaling', { params: { name: service } }, { keepPrevious: false });
}

export function useScalingLoad(service: string, hours: number): ApiQuery<ScalingLoad> {
  return useApiQuery('getScalingLoad', { params: { name: service }, query: { hours } });
}

export function useScalingHistory(service: string, hours: number): ApiQuery<Reply<'getScalingHistory'>> {
  return useApiQuery('getScalingHistory', { params: { name: service }, query: { hours } });
}

/** What the list of services has of it. */
export type ScalingSummary = NonNullable<Service['scaling']>;

/** Null: nothing scales this service, nobody has looked yet, or the exporter is older than the page. */
export function scalingOf({ scaling }: { readonly scaling?: Service['scaling'] | undefined }): ScalingSummary | null {
  return scaling ?? null;
}

/** What a policy would decide now; nothing is changed. */
export function usePreview(service: string): UseMutationResult<Preview, ApiError, string> {
  return useMutation<Preview, ApiError, string>({
    mutationFn: async (policy) => {
      try {
        return await client.call('previewScalingPolicy', { params: { name: service }, body: { policy } });
      } catch (thrown) {
        throw toApiError(thrown);
      }
    },
  });
}

export interface BacktestRunning {
  readonly run: UseMutationResult<Backtest | null, ApiError, BacktestRequest>;
  /** Gives the answer up; the exporter changes nothing in any case. */
  readonly cancel: () => void;
}

/** A backtest on request. `data` null: it was given up. */
export function useBacktest(service: string): BacktestRunning {
  const running = useRef<AbortController | null>(null);
  const run = useMutation<Backtest | null, ApiError, BacktestRequest>({
    mutationFn: async (body) => {
      const controller = new AbortController();
      running.current = controller;
      try {
        const call = { params: { name: service }, body, signal: controller.signal };
        return await client.call('backtestScaling', call);
      } catch (thrown) {
        if (controller.signal.aborted || isAbort(thrown)) return null;
        throw toApiError(thrown);
      }
    },
  });
  const cancel = useCallback(() => running.current?.abort(), []);
  useEffect(() => cancel, [cancel]);
  return { run, cancel };
}
