import { fail, ok, OpError, type Outcome } from '../contract/errors.ts';
import type { Operation, Plan } from '../contract/operation.ts';
import type { OperationRequest } from '../runtime/app.ts';
import type { CommandContext } from './context.ts';
import { exitCodes, exitCodeOf, errorText, type ExitCode } from './exit.ts';
import { formatFacts, printable } from './format.ts';
import { createProgress } from './progress.ts';
import type { ActionOptions, Session } from './session.ts';

/** Options of every command that starts an operation. */
export interface WaitOptions {
  readonly wait: boolean;
  /** Seconds; null waits for ever. */
  readonly timeout: number | null;
  readonly dryRun: boolean;
  readonly cancelOnInterrupt: boolean;
  readonly reason: string | null;
  readonly confirm: string | null;
  readonly idempotencyKey: string | null;
}

const pollMs = 300;
const endStates: readonly Operation['state'][] = ['succeeded', 'failed', 'cancelled', 'interrupted'];

/** Shows the plan (--dry-run), or starts the operation and, unless told not to, waits for its end. */
export async function runOperation(
  context: CommandContext,
  session: Session,
  request: OperationRequest,
  options: WaitOptions,
  describe: (operation: Operation) => string = describeResult,
): Promise<Outcome<ExitCode>> {
  const action: ActionOptions = {
    reason: options.reason,
    confirm: options.confirm,
    idempotencyKey: options.idempotencyKey,
  };
  if (options.dryRun) return showPlan(context, await session.plan(request, action));
  if (!options.wait && session.where === 'process') {
    return fail(
      'bad_request',
      'no server runs, so the operation ends with this command: leave --no-wait out, or start `genesis serve`',
    );
  }
  const started = await session.start(request, action);
  if (!started.ok) return started;
  if (!options.wait) {
    context.emit(
      started.value,
      () => `started ${started.value.id}; see it with: genesis operations show ${started.value.id}\n`,
    );
    return ok(exitCodes.done);
  }
  return follow(context, session, started.value, options, describe);
}

type Ending = { readonly why: 'ended'; readonly operation: Operation } | { readonly why: 'interrupted' | 'timeout' };

/** Waits with a progress bar. The first Ctrl-C stops waiting (on a server the operation goes on), the second leaves at once. */
export async function follow(
  context: CommandContext,
  session: Session,
  operation: Operation,
  options: Pick<WaitOptions, 'timeout' | 'cancelOnInterrupt'>,
  describe: (operation: Operation) => string = describeResult,
): Promise<Outcome<ExitCode>> {
  const interrupt = new AbortController();
  const stopListening = context.deps.onInterrupt(() => interrupt.abort());
  try {
    const ending = await watch(context, session, operation, options.timeout, interrupt.signal);
    if (!ending.ok) return ending;
    if (ending.value.why === 'ended') return showEnd(context, ending.value.operation, describe);
    // In this process nobody else would carry it on, so leaving means cancelling.
    const cancels = session.where === 'process' || (ending.value.why === 'interrupted' && options.cancelOnInterrupt);
    return await leave(context, session, operation, ending.value.why, cancels);
  } finally {
    stopListening();
  }
}

async function watch(
  context: CommandContext,
  session: Session,
  operation: Operation,
  timeout: number | null,
  interrupt: AbortSignal,
): Promise<Outcome<Ending>> {
  const { clock, stderr } = context.deps;
  const deadline = timeout === null ? Infinity : clock.now().getTime() + timeout * 1000;
  const progress = createProgress(stderr, clock, context.quiet || context.json);
  try {
    let current = operation;
    while (!endStates.includes(current.state)) {
      progress.update(`${current.kind} ${current.service}`, current.progress);
      if (interrupt.aborted) return ok({ why: 'interrupted' });
      if (clock.now().getTime() >= deadline) return ok({ why: 'timeout' });
      await clock.sleep(pollMs, interrupt);
      const seen = await session.operation(operation.id);
      if (!seen.ok) return lost(seen.error, operation);
      current = seen.value;
    }
    return ok({ why: 'ended', operation: current });
  } finally {
    progress.end();
  }
}

function lost(error: OpError, operation: Operation): Outcome<never> {
  if (error.code !== 'server_unreachable') return { ok: false, error };
  return fail(
    'server_unreachable',
    `lost the server while ${operation.id} ran; how it ended is not known: ${error.message}`,
  );
}

async function leave(
  context: CommandContext,
  session: Session,
  operation: Operation,
  why: 'interrupted' | 'timeout',
  cancels: boolean,
): Promise<Outcome<ExitCode>> {
  const code = why === 'interrupted' ? exitCodes.interrupted : exitCodes.failed;
  const reason = why === 'interrupted' ? 'interrupted with Ctrl-C' : 'not ended within --timeout';
  if (cancels) {
    const cancelled = await session.cancel(operation.id, reason);
    if (!cancelled.ok && cancelled.error.code !== 'operation_finished') return cancelled;
    context.emit(
      { operation: operation.id, left: why, cancelled: true },
      () => `${reason}: ${operation.id} is cancelled\n`,
    );
    return ok(code);
  }
  context.emit({ operation: operation.id, left: why, cancelled: false }, () => {
    return `${reason}: ${operation.id} goes on; cancel it with: genesis operations cancel ${operation.id}\n`;
  });
  return ok(code);
}

function showEnd(
  context: CommandContext,
  operation: Operation,
  describe: (operation: Operation) => string,
): Outcome<ExitCode> {
  const code = endCode(operation);
  const { error } = operation;
  context.emit(operation, () => (code === exitCodes.done || error === null ? describe(operation) : ''));
  if (error !== null && !context.json) {
    const options = error.details === undefined ? {} : { details: error.details };
    context.deps.stderr.write(
      errorText(new OpError(error.code, `${operation.kind} of ${operation.service}: ${error.message}`, options)),
    );
  }
  return ok(code);
}

/** A verify that found damage and a drill that did not pass are failures even where the operation itself ended well. */
function endCode(operation: Operation): ExitCode {
  if (operation.state === 'succeeded')
    return operation.result?.['passed'] === false ? exitCodes.failed : exitCodes.done;
  return operation.error === null ? exitCodes.failed : operationFailureCode(operation.error.code);
}

/** An operation that ran and failed is 1, also for codes that mean "cannot start" when a command itself meets them. */
function operationFailureCode(code: OpError['code']): ExitCode {
  return exitCodeOf(code) === exitCodes.notFound ? exitCodes.notFound : exitCodes.failed;
}

/** Kind, service and each field of the result, one a line. */
export function describeResult(operation: Operation): string {
  const facts = Object.entries(operation.result ?? {}).map(([name, value]) => [name, plain(value)] as const);
  return `${operation.kind} of ${printable(operation.service)}: ${operation.state}\n${formatFacts(facts)}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function showPlan(context: CommandContext, plan: Outcome<Plan>): Outcome<ExitCode> {
  if (!plan.ok) return plan;
  const { value } = plan;
  context.emit(value, () => planText(value));
  return ok(value.blockers.length === 0 ? exitCodes.done : exitCodes.refused);
}

function planText(plan: Plan): string {
  const list = (title: string, items: readonly string[]): string => {
    return items.length === 0 ? '' : `${title}\n${items.map((item) => `  - ${printable(item)}\n`).join('')}`;
  };
  const facts = Object.entries(plan.facts).map(([name, value]) => [`  ${name}`, plain(value)] as const);
  return [
    `plan: ${plan.kind} of ${printable(plan.service)}${plan.destructive ? ' (destructive)' : ''}; nothing was done\n`,
    list('steps:', plan.steps),
    facts.length === 0 ? '' : `facts:\n${formatFacts(facts)}`,
    list('warnings:', plan.warnings),
    list(
      'in the way:',
      plan.blockers.map((blocker) => `${blocker.message} [${blocker.code}]; ${blocker.hint}`),
    ),
  ].join('');
}
