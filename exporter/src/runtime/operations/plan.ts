import { errorCatalogue, ok, type Outcome } from '../../contract/errors.ts';
import type { Expectation, Plan } from '../../contract/operation.ts';
import { findConflict } from '../../core/conflicts.ts';
import { expectSeconds, type Measured } from '../../core/expectation.ts';
import type { RequestOptions } from '../app.ts';
import { canonicalJson, sha256Hex } from '../canonical.ts';
import type { AnyRequest, Consequences, PlanDraft } from '../handler.ts';
import { checkAuthority, claimantOfRequest, isDestructive, needsName } from './authority.ts';
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

/** Earlier operations looked through for those that are like this one. */
const lookBack = 50;

/** From the journal: how long it took the last times. */
async function expectationOf(
  core: Core,
  request: AnyRequest,
  service: string,
  { bytes, isLike }: Consequences,
): Promise<Expectation> {
  const filter = { service, kind: request.kind, state: 'succeeded', limit: lookBack } as const;
  const { items } = await core.deps.store.operations.list(filter);
  const measured = items.flatMap(({ params, startedAt, endedAt, result }): Measured[] => {
    if (startedAt === null || endedAt === null || !isLike(params)) return [];
    const size = result?.['bytes'];
    const seconds = Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
    return [{ seconds, bytes: typeof size === 'number' ? size : null }];
  });
  return expectSeconds(measured, bytes);
}

/** It covers what the effect rests on; who holds the service at the moment comes and goes and is not part of it. */
export function etagOf(request: AnyRequest, draft: PlanDraft): string {
  return sha256Hex(canonicalJson({ request, facts: draft.facts, steps: draft.steps })).slice(0, 32);
}

/** The draft as people and clients see it. */
export async function toPlan(core: Core, request: AnyRequest, service: string, draft: PlanDraft): Promise<Plan> {
  const { stops, bytes, atStake, wayBack } = draft.consequences;
  const etag = etagOf(request, draft);
  return {
    kind: request.kind,
    service,
    steps: draft.steps,
    blockers: draft.blockers,
    warnings: draft.warnings,
    destructive: isDestructive(request),
    stops,
    expected: await expectationOf(core, request, service, draft.consequences),
    bytes,
    atStake,
    wayBack,
    confirm: needsName(request) ? service : null,
    reasonRequired: isDestructive(request),
    role: isDestructive(request) ? 'admin' : 'operator',
    facts: { ...draft.facts, ...draft.shown },
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
  return drafted.ok ? ok(await toPlan(core, request, service.value, drafted.value)) : drafted;
}
