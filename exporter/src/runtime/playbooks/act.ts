import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { PlaybookActionName, PlaybookIssue } from '../../contract/playbooks.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { isTakeover } from '../../core/conflicts.ts';
import type { Exec } from '../../ports/index.ts';
import type { Breakers } from '../breakers.ts';
import type { SwitchableLog } from '../log.ts';
import type { Operations } from '../operations/operations.ts';
import { hookOf, probeCheck, type SightDeps } from './sight.ts';

export interface ActDeps extends SightDeps {
  readonly exec: Exec;
  readonly log: SwitchableLog;
  readonly breakers: Pick<Breakers, 'open'>;
  operations(): Operations;
  /** `log.level` of the configuration as it is now. */
  logLevel(): string;
  /** `operations.max_workers`. */
  workers(): number;
  /** Aborted at the stop of the program. */
  stopping(): AbortSignal;
}

/** One try of one action. */
export interface Try {
  readonly service: ServiceConfig;
  readonly issue: PlaybookIssue;
  readonly action: PlaybookActionName;
  /** From 1. */
  readonly attempt: number;
  readonly operationId: string;
  readonly automatic: boolean;
  readonly reason: string | null;
  /** What is wrong, for whoever is told. */
  readonly why: string;
  readonly signal: AbortSignal;
}

/** Actions that change nothing about the service: what is seen after them is no work of theirs. */
const looksOnly: readonly PlaybookActionName[] = ['check_database_health', 'increase_logging', 'notify_ops'];

export function onlyLooks(action: PlaybookActionName): boolean {
  return looksOnly.includes(action);
}

const debugMs = 10 * 60_000;

export function createActor(deps: ActDeps): (one: Try) => Promise<Outcome<string>> {
  const debug = { until: 0 };
  return async (one) => {
    const hook = hookOf(one.service, one.action);
    if (hook !== null) return runHook(deps, one, hook);
    switch (one.action) {
      case 'check_database_health':
        return checkDatabase(deps, one);
      case 'failover_to_replica':
        return failOver(deps, one);
      case 'enable_circuit_breaker':
        await deps.breakers.open(one.service.name);
        return ok('the circuit breaker of the service is open');
      case 'increase_logging':
        return increaseLogging(deps, debug);
      case 'notify_ops':
        return notifyOps(deps, one);
      default:
        return fail('not_supported', `playbooks.hooks.${one.action} is not set`);
    }
  };
}

async function runHook(
  deps: ActDeps,
  { service, issue, action, attempt, signal }: Try,
  { command, timeout }: { readonly command: readonly string[]; readonly timeout: number },
): Promise<Outcome<string>> {
  const [file = '', ...args] = command;
  const done = await deps.exec.run(file, args, {
    timeoutMs: timeout * 1000,
    signal,
    env: {
      GENESIS_SERVICE: service.name,
      GENESIS_ACTION: action,
      GENESIS_ISSUE: issue,
      GENESIS_ATTEMPT: String(attempt),
    },
  });
  if (!done.ok) return done;
  const { exitCode, stderr } = done.value;
  if (exitCode === 0) return ok('its command ended with exit code 0');
  return fail('exec_failed', `${file} ended with exit code ${exitCode}: ${stderr.slice(-300).trim()}`);
}

async function checkDatabase(deps: ActDeps, { service, signal }: Try): Promise<Outcome<string>> {
  const checks = service.health.checks.filter(({ kind }) => kind === 'postgres');
  const seen = await Promise.all(checks.map((check) => probeCheck(deps, service, check, signal)));
  return ok(seen.map(({ state, detail }, n) => `${checks[n]?.name ?? ''} is ${state}: ${detail}`).join('; '));
}

/** The failover operation itself, with all that holds it; one that already runs is waited for. */
async function failOver(deps: ActDeps, one: Try): Promise<Outcome<string>> {
  const { service, automatic, operationId, reason, signal } = one;
  const operations = deps.operations();
  const waiting = operations.running().filter(({ kind, state }) => kind === 'playbook' && state === 'running');
  // Each playbook holds a worker while it waits: with none left the failover would wait for its own playbook.
  if (waiting.length >= deps.workers())
    return fail('failover_failed', 'playbooks hold all of operations.max_workers: none is left for the failover');
  const asked = await operations.request(
    { kind: 'failover', service: service.name, candidate: null, force: false, automatic },
    {
      actor: { name: 'playbooks', role: 'system', via: 'schedule' },
      remote: null,
      reason: `playbook ${one.issue} (${operationId}): ${reason ?? one.why}`,
      confirm: service.name,
      planEtag: null,
      idempotencyKey: null,
    },
  );
  const holder = operations.running().find((other) => other.service === service.name && isTakeover(other.kind));
  if (!asked.ok && (asked.error.code !== 'operation_conflict' || holder === undefined)) return asked;
  const id = asked.ok ? asked.value.id : (holder?.id ?? '');
  const ended = await operations.finished(id, signal);
  if (!ended.ok) return ended;
  const { state, error, kind } = ended.value;
  if (signal.aborted) return fail('cancelled', `${kind} ${id} goes on by itself`);
  if (state === 'succeeded') return ok(`${kind} ${id} succeeded`);
  return fail(
    error?.code ?? 'failover_failed',
    `${kind} ${id} ended as ${state}: ${error?.message ?? 'see its steps'}`,
  );
}

/** Of Genesis itself: how it sees the service, for whoever looks for the cause. */
async function increaseLogging(deps: ActDeps, debug: { until: number }): Promise<Outcome<string>> {
  deps.log.setLevel('debug');
  const until = deps.nowMs() + debugMs;
  debug.until = until;
  const stopping = deps.stopping();
  void deps.clock.sleep(debugMs, stopping).then(() => {
    // A later run has made it longer.
    if (debug.until !== until || stopping.aborted) return;
    deps.log.setLevel(deps.logLevel());
  });
  return ok(`Genesis logs with level debug for ${debugMs / 60_000} minutes`);
}

async function notifyOps(deps: ActDeps, { service, issue, operationId, why }: Try): Promise<Outcome<string>> {
  deps.log.error('a recovery playbook did not help: a person is needed', {
    service: service.name,
    issue,
    operation: operationId,
    why,
  });
  return ok('written to the log with level error; the failed operation is counted for the alert');
}
