import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { PlaybookActionName, PlaybookRecord } from '../../contract/playbooks.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import {
  foresee,
  mayFailOver,
  nextPlaybookStep,
  playbooks,
  type PlaybookSight,
  type PlaybookStep,
} from '../../core/playbooks.ts';
import type { OperationRequest } from '../app.ts';
import { blocker, type Handler, type HandlerDeps, type PlanDraft } from '../handler.ts';
import { createActor, onlyLooks, type ActDeps, type Try } from '../playbooks/act.ts';
import { heldBy } from '../playbooks/history.ts';
import { checksOf, takeSight, verifyWell } from '../playbooks/sight.ts';
import type { RunTools } from '../run-tools.ts';

export type PlaybookAsk = Extract<OperationRequest, { kind: 'playbook' }>;

export interface PlaybookHandlerDeps extends ActDeps {
  readonly handlers: HandlerDeps;
}

type Act = ReturnType<typeof createActor>;

/** Tries what a playbook lists, one action after another, until the health checks prove that the service is well again. */
export function createPlaybookHandler(deps: PlaybookHandlerDeps): Handler<PlaybookAsk> {
  const act = createActor(deps);
  return {
    serviceOf: async ({ service }) => {
      const found = await deps.handlers.service(service);
      return found.ok ? ok(found.value.config.name) : found;
    },
    plan: async (request) => {
      const service = await deps.handlers.service(request.service);
      return service.ok ? ok(await draftOf(deps, service.value.config, request)) : service;
    },
    run: (request, operation, tools) => run(deps, act, request, operation, tools),
    recover: async () => ({
      state: 'interrupted',
      left: 'what was done so far stays, see the steps; nothing is tried again by itself',
    }),
  };
}

async function draftOf(deps: PlaybookHandlerDeps, service: ServiceConfig, request: PlaybookAsk): Promise<PlanDraft> {
  const { issue, automatic = false } = request;
  const playbook = playbooks[issue];
  const sight = await takeSight(deps, service, playbook, automatic, new AbortController().signal);
  const foreseen = foresee(playbook, sight);
  const held = await heldBy(deps.handlers, service);
  const isProvable = checksOf(service, issue).length > 0;
  const runs = (action: PlaybookActionName): boolean =>
    playbook.actions.some((one) => one.action === action) && sight.missing(action) === null;
  return {
    steps: foreseen.map(({ text }) => text),
    blockers: [
      ...(isProvable
        ? []
        : [blocker('not_supported', `${service.name} has no health check that would prove ${issue}`)]),
      ...(held === null ? [] : [blocker('rate_limited', held)]),
    ],
    warnings: sight.well.holds === true ? ['its health checks are good now: nothing would be done'] : [],
    facts: { issue, wellNow: sight.well.holds },
    shown: {
      seen: sight.well.why,
      reasons: foreseen.flatMap(({ text, why }) => (why === null ? [] : [`${text}: ${why}`])),
    },
    consequences: {
      stops: runs('restart_service') ? [`${service.name}, while it is restarted`] : [],
      bytes: null,
      atStake:
        mayFailOver(playbook) && runs('failover_to_replica')
          ? ['a failover may lose writes that no replica has received, within failover.max_loss']
          : [],
      wayBack: 'what your own commands did, only they undo; a failover is undone by a switchover',
      isLike: (params) => params['issue'] === issue,
    },
  };
}

async function run(
  deps: PlaybookHandlerDeps,
  act: Act,
  request: PlaybookAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const found = await deps.handlers.service(request.service);
  if (!found.ok) return found;
  const service = found.value.config;
  const { issue, automatic = false } = request;
  const playbook = playbooks[issue];
  const done: PlaybookRecord[] = [];
  while (!tools.signal.aborted) {
    const sight = await takeSight(deps, service, playbook, automatic, tools.signal);
    if (tools.signal.aborted) break;
    const settings = { backoffSeconds: service.playbooks.backoff };
    const step = nextPlaybookStep(playbook, sight, done, settings, deps.clock.now());
    if (step.do === 'stop') return conclude(service, request, step.outcome, sight, done);
    if (step.do === 'pass') done.push(await passOver(deps, step, tools));
    // The service may come back meanwhile: it is looked at again.
    else if (step.waitSeconds > 0) await deps.clock.sleep(step.waitSeconds * 1000, tools.signal);
    else {
      const { action, attempt } = step;
      const { id: operationId, reason } = operation;
      const why = sight.well.why;
      const one = { service, issue, action, attempt, operationId, automatic, reason, why, signal: tools.signal };
      done.push(await tryOnce(deps, act, one, step.of, tools));
    }
  }
  return fail('cancelled', `the playbook ${issue} was cancelled`, { details: { issue, records: done } });
}

async function passOver(
  { clock }: PlaybookHandlerDeps,
  { action, result, why }: Extract<PlaybookStep, { do: 'pass' }>,
  tools: RunTools,
): Promise<PlaybookRecord> {
  await tools.step(`pass over ${action}`, async (note) => {
    note(`${result === 'skipped' ? 'skipped' : 'not configured'}: ${why}`);
    return ok(undefined);
  });
  return { action, attempt: 0, result, detail: why, endedAt: clock.now().toISOString() };
}

/** Only what ran without an error and was followed by good checks has healed. */
async function tryOnce(
  deps: PlaybookHandlerDeps,
  act: Act,
  one: Try,
  of: number,
  tools: RunTools,
): Promise<PlaybookRecord> {
  const { action, attempt, service, issue, signal } = one;
  let record: Pick<PlaybookRecord, 'result' | 'detail'> = { result: 'failed', detail: 'it did not end' };
  const made = await tools.step(of === 1 ? action : `${action}, attempt ${attempt} of ${of}`, async (note) => {
    const acted = await act(one);
    if (!acted.ok) return acted;
    if (onlyLooks(action)) {
      record = { result: 'no_effect', detail: acted.value };
      note(acted.value);
      return ok(undefined);
    }
    const { holds, why } = await verifyWell(deps, service, issue, signal);
    const detail = `${acted.value}; then ${why}`;
    record = { result: holds === true ? 'healed' : 'no_effect', detail };
    note(detail);
    return holds === true ? ok(undefined) : fail('check_failed', detail);
  });
  if (!made.ok && record.result === 'failed') record = { result: 'failed', detail: made.error.message };
  return { action, attempt, ...record, endedAt: deps.clock.now().toISOString() };
}

function conclude(
  service: ServiceConfig,
  { issue }: PlaybookAsk,
  outcome: Extract<PlaybookStep, { do: 'stop' }>['outcome'],
  sight: PlaybookSight,
  records: readonly PlaybookRecord[],
): Outcome<Readonly<Record<string, unknown>>> {
  const result = { issue, outcome, records };
  if (outcome !== 'exhausted') return ok(result);
  const tried = records.filter(({ attempt }) => attempt > 0).length;
  return fail(
    'check_failed',
    `${service.name} is not well after ${tried} tries of the playbook ${issue}: ${sight.well.why}`,
    { details: result },
  );
}
