import { fail, ok, OpError, type Outcome } from '../../contract/errors.ts';
import type { Fleet, Instance } from '../../contract/scaling.ts';
import type { Clock, Log } from '../../ports/index.ts';
import { createHaproxyMembership } from './haproxy/membership.ts';
import type { HaproxyMembershipOptions } from './haproxy/options.ts';
import type { ScaleRequest, ScaleResult, ScalingContext, ScalingEngine } from './port.ts';
import { exclusively } from './turns.ts';
import { staying, victimsOf } from './victims.ts';

export interface Member {
  /** As the load balancer calls it. */
  readonly server: string;
  /** `out`: no new work comes to it. */
  readonly state: 'up' | 'down' | 'out' | 'unknown';
  /** Work that it has now; null: not known. */
  readonly sessions: number | null;
}

/**
 * Which instances a load balancer leads to. Addresses are `host:port`; an instance is known by its address alone. Errors: `scaling_failed`
 * (it cannot be reached or says no: its own words), `instance_not_ready` (details.added), `cancelled`.
 */
export interface Membership {
  /** How sentences call it, e.g. `the backend web of HAProxy`. */
  readonly name: string;
  /** Of those with the same key one changes at a time: what one has just let in, another would take for a leftover. */
  readonly key: string;
  /** By the addresses that were asked for; one that is missing is no member. */
  members(addresses: readonly string[], signal: AbortSignal): Promise<Outcome<ReadonlyMap<string, Member>>>;
  /**
   * Each is a member at its address, and the load balancer has seen it up. Members are left alone, and what is held for down is waited for
   * only where it is new: it may have the address of one that has ended.
   */
  admit(instances: readonly Admitted[], seconds: number, context: ScalingContext): Promise<Outcome<void>>;
  /** No new work; resolves when all work is done, or the time is over; then they are out. */
  drain(addresses: readonly string[], seconds: number, context: ScalingContext): Promise<Outcome<void>>;
  /** Takes out what it has made for instances that are at none of these addresses any more. */
  forget(living: readonly string[], context: ScalingContext): Promise<Outcome<void>>;
  warnings(signal: AbortSignal): Promise<readonly string[]>;
}

export interface Admitted {
  readonly name: string;
  readonly address: string;
  /** It was started just now. */
  readonly isNew: boolean;
}

interface Pair {
  readonly engine: ScalingEngine;
  readonly membership: Membership;
}

/** `withMembership` for HAProxy. */
export function withBalancer(
  engine: ScalingEngine,
  options: HaproxyMembershipOptions,
  deps: { readonly clock: Clock; readonly log: Log },
): ScalingEngine {
  return withMembership(engine, createHaproxyMembership(options, deps), deps);
}

/**
 * Any engine with a load balancer in front: a ready instance is added and seen up before `scale` resolves, one that ends is drained first.
 * Only `scale` changes anything; the next one with the same number brings back what a reload of the load balancer has lost, and `fleet`
 * says in `detail` what is missing.
 */
export function withMembership(
  engine: ScalingEngine,
  membership: Membership,
  deps: { readonly log: Log },
): ScalingEngine {
  const pair = { engine, membership };
  return {
    name: engine.name,
    choosesRemoved: engine.choosesRemoved,
    fleet: async (signal) => {
      const fleet = await engine.fleet(signal);
      return fleet.ok ? withMembers(pair, fleet.value, signal) : fleet;
    },
    scale: async (request, context) => {
      const outcome = await exclusively(`behind ${membership.key}`, () => scale(pair, request, context));
      if (!outcome.ok) deps.log.warn('scaling behind the load balancer failed', { code: outcome.error.code });
      return outcome;
    },
    dryRun: (request, signal) => dryRun(pair, request, signal),
    warnings: async (signal) => [
      ...(await engine.warnings(signal)),
      ...(await membership.warnings(signal)),
      ...(engine.choosesRemoved
        ? []
        : [
            `who ends is not told beforehand: an instance is taken out of ${membership.name} when it is gone, not drained`,
          ]),
    ],
    ...(engine.readMetric === undefined ? {} : { readMetric: engine.readMetric.bind(engine) }),
    close: () => engine.close(),
  };
}

const addressesOf = (instances: readonly Instance[]): readonly string[] =>
  instances.flatMap(({ address }) => (address === null ? [] : [address]));

/** Where it cannot be asked, nobody knows whether work comes to any of them: a load that is low then says nothing. */
async function withMembers({ membership }: Pair, fleet: Fleet, signal: AbortSignal): Promise<Outcome<Fleet>> {
  const seen = await membership.members(addressesOf(fleet.instances), signal);
  if (!seen.ok) return seen;
  const instances = fleet.instances.map((one) => {
    const member = one.address === null ? undefined : seen.value.get(one.address);
    const load = one.load ?? member?.sessions ?? null;
    const reachable = one.state !== 'ready' ? {} : { reachable: member !== undefined && member.state !== 'out' };
    return withDetail({ ...one, load, ...reachable }, one.state === 'ready' ? missing(membership.name, member) : null);
  });
  return ok({ ...fleet, instances });
}

function withDetail(one: Instance, more: string | null): Instance {
  if (more === null) return one;
  return { ...one, detail: one.detail === null ? more : `${one.detail}; ${more}` };
}

/** Null: work comes to it. */
function missing(name: string, member: Member | undefined): string | null {
  if (member === undefined) return `not in ${name}`;
  if (member.state === 'up') return null;
  const words = { down: 'held for down', out: 'taken out', unknown: 'not checked' }[member.state];
  return `${words} in ${name} (${member.server})`;
}

async function scale(
  { engine, membership }: Pair,
  request: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const begun = performance.now();
  const before = await engine.fleet(context.signal);
  if (!before.ok) return before;
  // Before anything is changed: instances that no work comes to, or that cannot be drained, help nobody.
  const reached = await membership.members(addressesOf(before.value.instances), context.signal);
  if (!reached.ok) return reached;

  const victims = engine.choosesRemoved ? victimsOf(before.value, request.desired, request.remove) : request.remove;
  const leaving = engine.choosesRemoved
    ? before.value.instances.filter(({ name, state }) => state === 'draining' || victims.includes(name))
    : [];
  const drained = await membership.drain(addressesOf(leaving), request.drainSeconds, context);
  if (!drained.ok) return failedAfterDrain({ engine, membership }, leaving, drained, context);
  const left = request.drainSeconds - (performance.now() - begun) / 1000;
  const drainSeconds = leaving.length === 0 ? request.drainSeconds : Math.max(left, leastSeconds(request));
  const done = await engine.scale({ ...request, remove: victims, drainSeconds }, context);
  if (!done.ok) return failedAfterDrain({ engine, membership }, leaving, done, context);

  return settled({ engine, membership }, request, done.value, context);
}

const backWithinMs = 10_000;

/**
 * What was drained and goes on running takes work again, also after a cancel: else it would run for nothing, and the others would carry its
 * share until somebody scales again. The failure stays what it was.
 */
async function failedAfterDrain(
  { engine, membership }: Pair,
  drained: readonly Instance[],
  failure: Outcome<unknown> & { readonly ok: false },
  context: ScalingContext,
): Promise<Outcome<never>> {
  if (drained.length === 0) return failure;
  const late = { ...context, signal: AbortSignal.timeout(backWithinMs) };
  const now = await engine.fleet(late.signal);
  const running = now.ok ? now.value.instances.filter(({ state }) => state === 'ready') : [];
  const back = running.flatMap(({ name, address }) =>
    address !== null && drained.some((one) => one.name === name) ? [{ name, address, isNew: false }] : [],
  );
  if (back.length === 0) return failure;
  const admitted = await membership.admit(back, backWithinMs / 1000, late);
  const names = back.map(({ name }) => name).join(', ');
  context.note(
    admitted.ok
      ? `${names}: not ended, and back in ${membership.name}`
      : `${names}: not ended, and still out of ${membership.name}: ${admitted.error.message}`,
  );
  return failure;
}

/** Its work is done, or had its time: what is left is to end in order. */
function leastSeconds({ drainSeconds }: ScaleRequest): number {
  return Math.min(drainSeconds, 3);
}

/** Brings the members in line with the instances that there are. */
async function settled(
  { membership }: Pair,
  request: ScaleRequest,
  done: ScaleResult,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const living = staying(done.fleet);
  const forgotten = await membership.forget(addressesOf(living), context);
  if (!forgotten.ok) return forgotten;
  const ready = living.filter(({ state }) => state === 'ready');
  const homeless = ready.filter(({ address }) => address === null).map(({ name }) => name);
  if (homeless.length > 0)
    return fail('scaling_failed', `${homeless.join(', ')}: without an address nothing can lead to it`);
  const admitted = await membership.admit(
    // Those without an address were refused.
    ready.map(({ name, address }) => ({ name, address: address as string, isNew: done.added.includes(name) })),
    request.readySeconds,
    context,
  );
  if (admitted.ok) return ok(done);
  return { ok: false, error: withAdded(admitted.error, done.added) };
}

/** The caller takes back what was started for nothing, and never what was there before. */
function withAdded(error: OpError, started: readonly string[]): OpError {
  const named = error.details?.['added'];
  const added = Array.isArray(named) ? started.filter((name) => named.includes(name)) : started;
  return new OpError(error.code, error.message, { retryable: error.retryable, details: { added }, cause: error });
}

async function dryRun(
  { engine, membership }: Pair,
  request: ScaleRequest,
  signal: AbortSignal,
): Promise<Outcome<readonly string[]>> {
  const said = await engine.dryRun(request, signal);
  if (!said.ok) return said;
  const fleet = await engine.fleet(signal);
  if (!fleet.ok) return fleet;
  const seen = await membership.members(addressesOf(fleet.value.instances), signal);
  if (!seen.ok) return seen;
  const leaving = engine.choosesRemoved ? victimsOf(fleet.value, request.desired, request.remove) : [];
  const absent = staying(fleet.value).filter(
    ({ name, state, address }) =>
      state === 'ready' && !leaving.includes(name) && missing('', seen.value.get(address ?? '')) !== null,
  );
  const fewer = request.desired - staying(fleet.value).length;
  return ok([
    ...leaving.map((name) => `would drain ${name} in ${membership.name} first`),
    ...said.value,
    ...absent.map(({ name }) => `would bring ${name} back into ${membership.name}`),
    ...(fewer > 0 ? [`would add ${fewer} to ${membership.name} once they are ready`] : []),
  ]);
}
