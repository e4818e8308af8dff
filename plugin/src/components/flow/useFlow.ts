import { useQuery } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { client, queryClient } from '../../api/grafana.ts';
import { applyAction } from '../../api/invalidate.ts';
import { toApiError, type ApiError } from '../../api/problem.ts';
import type { Body, Call, Operation, PlannedAction, PlanReply } from '../../api/types.ts';
import {
  createIdempotencyKey,
  enteredBody,
  isEntered,
  planChanges,
  plannedActions,
  reasonedActions,
  type Entered,
  type Needs,
} from '../../lib/flow.ts';
import type { ActionSpec, ChangingAction } from './spec.ts';

/** What the dialog shows and can do. */
export interface Flow {
  readonly stage: 'review' | 'sending' | 'watching' | 'done';
  readonly plan: PlanReply | undefined;
  readonly isPlanning: boolean;
  readonly planError: ApiError | null;
  readonly replan: () => void;
  /** After a refused stale plan: what the new one changed. Null: nothing was refused. */
  readonly changes: readonly string[] | null;
  readonly needs: Needs;
  readonly sendError: ApiError | null;
  readonly operationId: string | null;
  readonly maySend: boolean;
  readonly entered: Entered;
  readonly enter: (change: Partial<Entered>) => void;
  readonly send: () => void;
}

interface Sent {
  readonly stage: Flow['stage'];
  readonly error: ApiError | null;
  readonly operationId: string | null;
  readonly refusedPlan: PlanReply | null;
}

const nothingSent: Sent = { stage: 'review', error: null, operationId: null, refusedPlan: null };

/** Plan, reason and confirmation, one idempotent request, and what came of it. */
export function useFlow<K extends ChangingAction>(spec: ActionSpec<K>): Flow {
  const isPlanned = (plannedActions as readonly string[]).includes(spec.id);
  const [entered, setEntered] = useState<Entered>({ reason: '', confirmation: '' });
  const [sent, setSent] = useState<Sent>(nothingSent);
  const plan = usePlan(
    spec,
    isPlanned && spec.ready !== false && (sent.stage === 'review' || sent.stage === 'sending'),
  );
  const request = JSON.stringify([spec.id, spec.params, spec.body, plan.data?.etag, sent.refusedPlan?.etag]);
  const key = useRequestKey(request);
  const isSending = useRef(false);
  const needs = needsOf(spec, plan.data);
  const maySend =
    sent.stage === 'review' &&
    spec.ready !== false &&
    isEntered(needs, entered) &&
    (!isPlanned || (plan.data !== undefined && plan.error === null && plan.data.blockers.length === 0));

  const send = useCallback(() => {
    // The state of React changes only after this event: a second click in the same moment would still see the old one.
    if (!maySend || isSending.current) return;
    isSending.current = true;
    setSent({ ...nothingSent, stage: 'sending' });
    const body = {
      ...spec.body,
      ...enteredBody(needs, entered),
      ...(plan.data === undefined ? {} : { planEtag: plan.data.etag }),
    };
    const call = {
      params: spec.params,
      body: body as Body<K>,
      as: spec.as,
      idempotencyKey: key(),
    } as unknown as Call<K>;
    client
      .call(spec.id, call)
      .then((reply) => {
        spec.onDone?.(reply);
        setSent(afterReply(reply));
        applyAction(queryClient);
      })
      .catch((thrown: unknown) => {
        const error = toApiError(thrown);
        const stale = error.code === 'plan_stale' ? (plan.data ?? null) : null;
        if (stale !== null) plan.refetch();
        setSent({ ...nothingSent, error: stale === null ? error : null, refusedPlan: stale });
      })
      .finally(() => {
        isSending.current = false;
      });
  }, [maySend, spec, needs, entered, plan, key]);

  const newPlan = sent.refusedPlan !== null && plan.data !== undefined && plan.data.etag !== sent.refusedPlan.etag;
  return {
    stage: sent.stage,
    // The one that was made before a choice was taken back would be taken for the plan of what is chosen now.
    plan: spec.ready === false ? undefined : plan.data,
    isPlanning: plan.isPlanning,
    planError: plan.error,
    replan: plan.refetch,
    changes:
      newPlan && plan.data !== undefined && sent.refusedPlan !== null ? planChanges(sent.refusedPlan, plan.data) : null,
    needs,
    sendError: sent.error,
    operationId: sent.operationId,
    maySend: maySend && !plan.isPlanning,
    entered,
    enter: (change) => setEntered((before) => ({ ...before, ...change })),
    send,
  };
}

function usePlan(
  spec: ActionSpec,
  enabled: boolean,
): { data: PlanReply | undefined; error: ApiError | null; isPlanning: boolean; refetch: () => void } {
  const id = spec.id as PlannedAction;
  const result = useQuery<PlanReply, ApiError>({
    queryKey: ['plan', id, spec.params ?? {}, spec.body ?? {}, spec.as ?? null],
    queryFn: ({ signal }) =>
      client.plan(id, { params: spec.params, body: spec.body, as: spec.as, signal } as unknown as Call<PlannedAction>),
    enabled,
    // Made anew for each opened dialog, and only then: a plan that changes under the reader's eyes is worse than a refused one.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchInterval: false,
  });
  return {
    data: result.data,
    error: result.error,
    isPlanning: result.isFetching,
    refetch: () => void result.refetch(),
  };
}

/** One key for one request: kept when the same request is sent again after an outage, new when anything in it changed. */
function useRequestKey(request: string): () => string {
  const made = useRef<{ request: string; key: string } | null>(null);
  return useCallback(() => {
    if (made.current?.request !== request) made.current = { request, key: createIdempotencyKey(crypto) };
    return made.current.key;
  }, [request]);
}

function needsOf(spec: ActionSpec, plan: PlanReply | undefined): Needs {
  const takesReason = (reasonedActions as readonly string[]).includes(spec.id);
  const reason = spec.reason ?? (plan?.reasonRequired === true ? 'required' : takesReason ? 'optional' : 'none');
  return { reason, confirm: plan === undefined ? (spec.confirm ?? null) : plan.confirm };
}

function afterReply(reply: unknown): Sent {
  const { id, steps } = (reply ?? {}) as Partial<Operation>;
  const isOperation = typeof id === 'string' && Array.isArray(steps);
  return isOperation ? { ...nothingSent, stage: 'watching', operationId: id } : { ...nothingSent, stage: 'done' };
}
