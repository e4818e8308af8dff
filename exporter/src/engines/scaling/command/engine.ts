import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet } from '../../../contract/scaling.ts';
import type { Clock, Exec, HttpFetch, Log } from '../../../ports/index.ts';
import type { ScaleRequest, ScaleResult, ScalingContext, ScalingEngine } from '../port.ts';
import { exclusively } from '../turns.ts';
import { staying, victimsOf } from '../victims.ts';
import { listNow, tellScale, type Order } from './call.ts';
import type { CommandOptions } from './options.ts';

export interface CommandSettings {
  readonly command: CommandOptions | null;
  /** Called in place of programs that are not configured. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

export interface CommandDeps {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  readonly log: Log;
  readonly service: string;
}

export interface Desk {
  readonly settings: CommandSettings;
  readonly deps: CommandDeps;
}

const pollMs = 500;

/**
 * Instances of whatever kind, by programs of the operator or a signed call. How a program ends is only a hint: the list that is asked
 * for afterwards says what has happened.
 */
export function createCommandEngine(settings: CommandSettings, deps: CommandDeps): ScalingEngine {
  const desk = { settings, deps };
  return {
    name: 'command',
    choosesRemoved: choosesRemoved(settings),
    fleet: (signal) => listNow(desk, signal),
    scale: (request, context) => exclusively(`command ${deps.service}`, () => scale(desk, request, context)),
    dryRun: (request, signal) => dryRun(desk, request, signal),
    warnings: () => Promise.resolve(warningsOf(settings)),
    close: () => Promise.resolve(),
  };
}

/** A program that has no place for the names cannot know them. */
function choosesRemoved({ command }: CommandSettings): boolean {
  return command?.scale === null || command === null || command.scale.some((part) => part.includes('{remove}'));
}

async function scale(desk: Desk, request: ScaleRequest, context: ScalingContext): Promise<Outcome<ScaleResult>> {
  const before = await listNow(desk, context.signal);
  if (!before.ok) return before;
  if (staying(before.value).length !== request.desired) {
    const told = await tellScale(desk, orderOf(before.value, request), context);
    if (!told.ok && !(await isDoneAllTheSame(desk, request, context.signal))) return told;
    if (!told.ok) context.note(`the number is reached all the same: ${told.error.message}`);
  }
  return lookUntil(desk, before.value, request, context);
}

/** A program that failed gets one look: nothing more is to come. */
async function isDoneAllTheSame(desk: Desk, { desired }: ScaleRequest, signal: AbortSignal): Promise<boolean> {
  const seen = await listNow(desk, signal);
  return seen.ok && staying(seen.value).length === desired;
}

function orderOf(fleet: Fleet, { desired, remove }: ScaleRequest): Order {
  return { desired, current: staying(fleet).length, remove: victimsOf(fleet, desired, remove) };
}

interface Change {
  readonly fleet: Fleet;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Those that are new, or were not ready before, and are not ready. */
  readonly waiting: readonly string[];
}

function changeOf(before: Fleet, fleet: Fleet): Change {
  const known = new Map(before.instances.map((one) => [one.name, one.state]));
  const now = new Set(fleet.instances.map(({ name }) => name));
  return {
    fleet,
    added: fleet.instances.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    removed: [...known.keys()].filter((name) => !now.has(name)),
    waiting: staying(fleet)
      .filter(({ name, state }) => state !== 'ready' && (known.get(name) ?? 'starting') === 'starting')
      .map(({ name }) => name),
  };
}

/** Asks for the list until the number is there, the new ones are ready and the old ones gone, or the time is over. */
async function lookUntil(
  desk: Desk,
  before: Fleet,
  request: ScaleRequest,
  { signal }: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const { readySeconds, drainSeconds, desired } = request;
  const isIn = staying(before).length > desired;
  const deadline = performance.now() + (readySeconds + (isIn ? drainSeconds : 0)) * 1000;
  for (;;) {
    const now = await listNow(desk, signal);
    if (!now.ok && (now.error.code === 'cancelled' || performance.now() >= deadline)) return now;
    if (now.ok) {
      const change = changeOf(before, now.value);
      const { fleet, added, removed, waiting } = change;
      if (fleet.instances.length === desired && waiting.length === 0) return ok({ fleet, added, removed });
      if (performance.now() >= deadline) return judge(before, change, request);
    }
    if (signal.aborted) return fail('cancelled', 'cancelled before the list showed what was asked for');
    await desk.deps.clock.sleep(pollMs, signal);
  }
}

/** What is wrong with what there is when the time is over. */
function judge(before: Fleet, { fleet, waiting }: Change, { desired, readySeconds }: ScaleRequest): Outcome<never> {
  const [had, has] = [staying(before).length, staying(fleet).length];
  const leaving = fleet.instances.length - has;
  if (has === desired && waiting.length > 0)
    return fail('instance_not_ready', `not ready within ${readySeconds} s: ${waiting.join(', ')}`, {
      details: { added: waiting },
    });
  if (has === desired)
    return fail('scaling_failed', `${desired} instances were wanted and are there, but ${leaving} others do not end`);
  const [least, most] = [Math.min(had, desired), Math.max(had, desired)];
  if (has < least || has > most)
    return fail('scaling_conflict', `${desired} instances were wanted in place of ${had}, and the list shows ${has}`);
  const words = has === had ? 'still' : 'only';
  return fail(
    'scaling_failed',
    `${desired} instances were wanted in place of ${had}, and the list shows ${words} ${has}`,
  );
}

async function dryRun(desk: Desk, request: ScaleRequest, signal: AbortSignal): Promise<Outcome<readonly string[]>> {
  const fleet = await listNow(desk, signal);
  if (!fleet.ok) return fleet;
  const { desired, current, remove } = orderOf(fleet.value, request);
  if (current === desired) return ok([`${desk.deps.service} has ${current} instances: nothing would be run or called`]);
  const names = remove.length === 0 ? '' : `, ${remove.join(', ')} to end`;
  const program = desk.settings.command?.scale?.[0];
  const how = program === undefined ? `call ${desk.settings.webhook?.url ?? 'nobody'}` : `run ${program}`;
  return ok([`would ${how} for ${desired} instances in place of ${current}${names}`]);
}

function warningsOf(settings: CommandSettings): readonly string[] {
  const { command, webhook } = settings;
  return [
    ...(command?.list === undefined || command.list === null
      ? webhook === null
        ? ['neither a program nor a webhook lists the instances: nothing can be seen, and nothing is scaled']
        : []
      : []),
    ...(choosesRemoved(settings)
      ? []
      : ['the program that scales has no {remove}: it chooses by itself which instances end']),
  ];
}
