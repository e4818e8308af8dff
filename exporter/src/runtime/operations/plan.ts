import { errorCatalogue, ok, type Outcome } from '../../contract/errors.ts';
import type { Plan } from '../../contract/operation.ts';
import { findConflict } from '../../core/conflicts.ts';
import type { RequestOptions } from '../app.ts';
import { canonicalJson, sha256Hex } from '../canonical.ts';
import type { AnyRequest, PlanDraft } from '../handler.ts';
import { checkAuthority, claimantOfRequest, isDestructive } from './authority.ts';
import { handlerOf, runningOperations, type Core } from './core.ts';

/** The handler's draft, and as one more blocker whoever holds the service now. */
export async function draftPlan(
  core: Core,
  request: AnyRequest,
  service: string,
  operationId: string,
): Promise<Outcome<PlanDraft>> {
  const drafted = await handlerOf(core, request).plan(request, operationId);
  if (!drafted.ok) return drafted;
  const holder = findConflict(claimantOfRequest(request, service), runningOperations(core));
  if (holder === null) return drafted;
  const held = {
    code: 'operation_conflict' as const,
    message: `${holder.kind} ${holder.id} holds ${service}`,
    hint: errorCatalogue.operation_conflict.hint,
  };
  return ok({ ...drafted.value, blockers: [...drafted.value.blockers, held] });
}

/** The etag covers what the effect rests on; who holds the service at the moment comes and goes and is not part of it. */
export function toPlan(request: AnyRequest, service: string, draft: PlanDraft): Plan {
  const etag = sha256Hex(canonicalJson({ request, facts: draft.facts, steps: draft.steps })).slice(0, 32);
  return {
    kind: request.kind,
    service,
    steps: draft.steps,
    blockers: draft.blockers,
    warnings: draft.warnings,
    destructive: isDestructive(request),
    facts: draft.facts,
    etag,
  };
}

/** A plan shows paths and sizes, so it needs the role that the action needs; not its confirmation. */
export async function planRequest(core: Core, request: AnyRequest, options: RequestOptions): Promise<Outcome<Plan>> {
  const service = await handlerOf(core, request).serviceOf(request);
  if (!service.ok) return service;
  const confirmed = { ...options, confirm: service.value, reason: options.reason ?? 'plan' };
  const authority = checkAuthority(request, service.value, confirmed);
  if (authority !== null) return { ok: false, error: authority };
  const drafted = await draftPlan(core, request, service.value, 'plan');
  return drafted.ok ? ok(toPlan(request, service.value, drafted.value)) : drafted;
}
