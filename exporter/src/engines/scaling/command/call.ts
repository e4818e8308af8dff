import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet } from '../../../contract/scaling.ts';
import { postSigned } from '../../failover/service/webhook.ts';
import { oneLine } from '../../health/words.ts';
import type { ScalingContext } from '../port.ts';
import type { Desk } from './engine.ts';
import { fleetIn } from './list.ts';

/** The operator's programs and the signed calls in their place. */

export interface Order {
  readonly desired: number;
  readonly current: number;
  /** Names of those that should end. */
  readonly remove: readonly string[];
}

/** Of a list of thousands of instances. */
const maxListBytes = 4 * 2 ** 20;
const webhookSeconds = 120;

const timeoutMsOf = ({ settings }: Desk): number => (settings.command?.timeout ?? webhookSeconds) * 1000;

/** What the program prints, or the receiver answers. Errors: `scaling_failed`, `exec_failed`, `exec_timeout`, `not_supported`, `cancelled`. */
export async function listNow(desk: Desk, signal: AbortSignal): Promise<Outcome<Fleet>> {
  const program = desk.settings.command?.list ?? null;
  if (program === null) {
    const answer = await call(desk, { action: 'list' }, signal);
    return answer.ok ? fleetIn(answer.value['instances'], 'the answer of the webhook') : answer;
  }
  const printed = await run(desk, program, { GENESIS_ACTION: 'list' }, signal);
  if (!printed.ok) return printed;
  try {
    return fleetIn(JSON.parse(printed.value) as unknown, `what ${program[0]} prints`);
  } catch {
    return fail('scaling_failed', `what ${program[0]} prints is no JSON: ${oneLine(printed.value).slice(0, 100)}`);
  }
}

/** Resolves when the program has ended well, or the receiver has answered: what came of it is to be looked at. */
export async function tellScale(
  desk: Desk,
  { desired, current, remove }: Order,
  context: ScalingContext,
): Promise<Outcome<void>> {
  const program = desk.settings.command?.scale ?? null;
  const { operation, signal } = context;
  if (program === null) {
    const answer = await call(desk, { action: 'scale', desired, current, remove, operation }, signal);
    if (answer.ok) context.note('the webhook was called');
    return answer.ok ? ok(undefined) : answer;
  }
  const names = remove.join(',');
  const put = (text: string): string =>
    text
      .replaceAll('{desired}', String(desired))
      .replaceAll('{current}', String(current))
      // As a function: in a text `$&` would mean something.
      .replaceAll('{remove}', () => names);
  const env = {
    GENESIS_ACTION: 'scale',
    GENESIS_DESIRED: String(desired),
    GENESIS_CURRENT: String(current),
    GENESIS_REMOVE: names,
    GENESIS_OPERATION: operation,
  };
  const done = await run(desk, program.map(put), env, signal);
  if (done.ok) context.note(`${program[0]} has ended`);
  return done.ok ? ok(undefined) : done;
}

async function run(
  desk: Desk,
  [file = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const { exec, service } = desk.deps;
  const done = await exec.run(file, args, {
    timeoutMs: timeoutMsOf(desk),
    signal,
    env: { GENESIS_SERVICE: service, ...env },
    maxOutputBytes: maxListBytes,
  });
  if (!done.ok) return done;
  const { exitCode, stderr, stdout, truncated } = done.value;
  if (exitCode !== 0) {
    const words = oneLine((stderr.trim() === '' ? stdout : stderr).trim().split('\n').at(-1) ?? '').slice(0, 200);
    return fail('exec_failed', `${file} ended with ${exitCode}${words === '' ? '' : `: ${words}`}`);
  }
  if (truncated) return fail('exec_failed', `${file} printed more than ${maxListBytes} bytes`);
  return ok(stdout);
}

async function call(
  desk: Desk,
  body: { readonly action: string } & Partial<Order> & { readonly operation?: string },
  signal: AbortSignal,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const { settings, deps } = desk;
  if (settings.webhook === null)
    return fail('not_supported', `neither a program nor a webhook is configured to ${body.action} the instances`);
  return postSigned(deps, settings.webhook, {
    what: `${body.action} of ${deps.service}: the webhook ${settings.webhook.url}`,
    body: { ...body, service: deps.service },
    failure: 'scaling_failed',
    maxAnswerBytes: maxListBytes,
    timeoutMs: timeoutMsOf(desk),
    signal,
  });
}
