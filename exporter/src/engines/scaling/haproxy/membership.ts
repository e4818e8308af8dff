import { fail, ok, OpError, type Outcome } from '../../../contract/errors.ts';
import type { Clock } from '../../../ports/index.ts';
import { createHaproxyServers, type HaproxyServer, type HaproxyServers } from '../../traffic/haproxy/servers.ts';
import type { Admitted, Member, Membership } from '../balancer.ts';
import type { ScalingContext } from '../port.ts';
import { addressesAt, allAddressesAt } from './addresses.ts';
import type { HaproxyMembershipOptions } from './options.ts';

/** Names of servers that are added while HAProxy runs: only those are ever removed. */
const addedMark = 'genesis.';
const pollMs = 50;

export interface MembershipDeps {
  readonly clock: Clock;
}

/** A backend as it is scaled. */
export interface Backend {
  readonly servers: HaproxyServers;
  readonly clock: Clock;
  readonly name: string;
  readonly prefix: string;
}

/** `setting`: where the options are configured, for messages. */
export function backendOf(options: HaproxyMembershipOptions, { clock }: MembershipDeps, setting: string): Backend {
  return {
    servers: createHaproxyServers({ socket: options.socket, backend: options.backend, setting }),
    clock,
    name: `the backend ${options.backend} of HAProxy`,
    prefix: options.prefix,
  };
}

/** The servers of the backend whose names begin with the prefix. What it says no to is a failure of scaling. */
export async function listOf(backend: Backend, signal: AbortSignal): Promise<Outcome<readonly HaproxyServer[]>> {
  const all = await backend.servers.list(signal);
  return all.ok ? ok(all.value.filter(({ name }) => name.startsWith(backend.prefix))) : asScaling(all);
}

export function asScaling<T>(outcome: Outcome<T>): Outcome<T> {
  if (outcome.ok || outcome.error.code !== 'balancer_failed') return outcome;
  const { message, retryable } = outcome.error;
  return { ok: false, error: new OpError('scaling_failed', message, { retryable, cause: outcome.error }) };
}

export function createHaproxyMembership(options: HaproxyMembershipOptions, deps: MembershipDeps): Membership {
  const backend = backendOf(options, deps, 'scaling.balancer');
  return {
    name: backend.name,
    key: `${options.socket} ${options.backend} ${options.prefix}`,
    members: (addresses, signal) => members(backend, addresses, signal),
    admit: async (instances, seconds, context) => {
      const placed: Placed[] = [];
      for (const instance of instances) {
        const one = await place(backend, instance, context);
        if (!one.ok) return asScaling(one);
        if (one.value !== null) placed.push(one.value);
      }
      return awaitUp(backend, placed, seconds, context);
    },
    drain: async (addresses, seconds, context) => {
      const all = await listOf(backend, context.signal);
      if (!all.ok) return all;
      const known = await allAddressesAt(addresses, backend.name);
      if (!known.ok) return known;
      const wanted = new Set([...known.value.values()].flat());
      const found = all.value.filter(({ address }) => address !== null && wanted.has(address));
      return drainServers(backend, found, { seconds, endRest: false }, context);
    },
    forget: (living, context) => forget(backend, living, context),
    warnings: (signal) => warningsOf(backend, signal),
  };
}

const isOut = ({ administration: { maint, drain } }: HaproxyServer): boolean => maint || drain;

/** Of several there the one that takes work counts. */
function serverAt(servers: readonly HaproxyServer[], addresses: readonly string[]): HaproxyServer | undefined {
  const there = servers.filter(({ address }) => address !== null && addresses.includes(address));
  return there.find((one) => !isOut(one)) ?? there[0];
}

async function members(
  backend: Backend,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<ReadonlyMap<string, Member>>> {
  const all = await listOf(backend, signal);
  if (!all.ok) return all;
  const known = await allAddressesAt(addresses, backend.name);
  if (!known.ok) return known;
  const found = new Map<string, Member>();
  for (const [address, at] of known.value) {
    const server = serverAt(all.value, at);
    if (server === undefined) continue;
    const state = isOut(server) ? 'out' : server.state === 'up' || server.state === 'down' ? server.state : 'unknown';
    found.set(address, { server: server.name, state, sessions: server.sessions });
  }
  return ok(found);
}

export interface Placed {
  readonly instance: string;
  readonly server: string;
}

/**
 * A server leads to this address, and is open for work: one that does already, a slot that is free, or a new one. Null: it was so before,
 * and what its checks say now is not waited for.
 */
async function place(
  backend: Backend,
  { name: instance, address, isNew }: Admitted,
  context: ScalingContext,
): Promise<Outcome<Placed | null>> {
  const { signal } = context;
  const all = await listOf(backend, signal);
  if (!all.ok) return all;
  const known = await addressesAt(address);
  const [wanted] = known;
  if (wanted === undefined)
    return fail('scaling_failed', `${instance}: ${address} cannot be resolved now`, { retryable: true });
  const there = serverAt(all.value, known);
  if (there !== undefined && !isOut(there)) {
    if (isNew) return ok({ instance, server: there.name });
    if (there.state === 'down') context.note(`${instance}: ${backend.name} holds ${there.name} for down`);
    return ok(null);
  }
  const server =
    there === undefined ? await makeRoom(backend, all.value, { instance, wanted }, signal) : ok(there.name);
  if (!server.ok) return server;
  const open = await openUp(backend, server.value, signal);
  if (!open.ok) return open;
  context.note(`${instance}: ${server.value} of ${backend.name} leads to ${there?.address ?? wanted}`);
  return ok({ instance, server: server.value });
}

/** Where it has a check `awaitUp` lets it in once that has passed, else it is let in at once. */
export async function openUp(backend: Backend, server: string, signal: AbortSignal): Promise<Outcome<void>> {
  const all = await listOf(backend, signal);
  if (!all.ok) return all;
  const isChecked = all.value.find(({ name }) => name === server)?.administration.checked ?? false;
  return asScaling(await (isChecked ? backend.servers.warm(server, signal) : backend.servers.admit(server, signal)));
}

/** A server in maintenance with that address. */
async function makeRoom(
  { servers, prefix, name }: Backend,
  all: readonly HaproxyServer[],
  { instance, wanted }: { readonly instance: string; readonly wanted: string },
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const own = `${prefix}${addedMark}${instance}`;
  const old = all.find((one) => one.name === own);
  const slot = old ?? all.find(({ administration: { slot, maint } }) => slot && maint);
  if (slot === undefined) {
    // Nobody tells with which certificates; and without TLS at an encrypted port it would only be down.
    if (all.some(({ administration: { tls } }) => tls))
      return fail(
        'scaling_failed',
        `the servers of ${name} speak TLS, and none is a free slot: give it more by \`server-template … disabled\``,
      );
    const added = await servers.add(own, wanted, weightOf(all), signal);
    return added.ok ? ok(own) : asScaling(added);
  }
  const out = await servers.maint(slot.name, signal);
  if (!out.ok) return asScaling(out);
  const moved = await servers.setAddress(slot.name, wanted, signal);
  return moved.ok ? ok(slot.name) : asScaling(moved);
}

/** The same share for all. */
function weightOf(all: readonly HaproxyServer[]): number | null {
  const weights = all.flatMap(({ weight }) => (weight === null ? [] : [weight]));
  return weights.length === 0 ? null : Math.max(...weights);
}

/** Lets each in when its check has passed, and waits until it is seen up. One without a check is seen by nobody, which is told. */
export async function awaitUp(
  backend: Backend,
  placed: readonly Placed[],
  seconds: number,
  context: ScalingContext,
): Promise<Outcome<void>> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const all = await listOf(backend, context.signal);
    if (!all.ok) return all;
    for (const { server } of placed) {
      const facts = all.value.find(({ name }) => name === server);
      const admitted = facts?.state === 'drain' ? await backend.servers.admit(server, context.signal) : ok(undefined);
      if (!admitted.ok) return asScaling(admitted);
    }
    const states = placed.map((one) => ({ ...one, facts: all.value.find(({ name }) => name === one.server) }));
    const waiting = states.filter(({ facts }) => facts?.state !== 'up' && !unseen(facts));
    if (waiting.length === 0) {
      for (const { instance, facts } of states)
        if (unseen(facts)) context.note(`${instance}: ${facts?.name} has no health check in HAProxy, nobody saw it up`);
      return ok(undefined);
    }
    if (context.signal.aborted)
      return fail('cancelled', `cancelled before ${backend.name} saw ${waiting[0]?.instance} up`);
    if (performance.now() >= deadline)
      return fail(
        'instance_not_ready',
        `${backend.name} does not see it up within ${seconds} s: ${waiting.map(({ instance, facts }) => `${instance} is ${facts?.state ?? 'gone'}`).join(', ')}`,
        { details: { added: waiting.map(({ instance }) => instance) } },
      );
    await backend.clock.sleep(pollMs, context.signal);
  }
}

/** Connections go to it, and it has no check. */
function unseen(facts: HaproxyServer | undefined): boolean {
  return facts !== undefined && facts.check === 'none' && !isOut(facts);
}

/**
 * No new work for these, then until none has sessions or the time is over, then maintenance. An unknown number of sessions counts as some.
 * `endRest`: sessions that are left are ended.
 */
export async function drainServers(
  backend: Backend,
  servers: readonly { readonly name: string }[],
  { seconds, endRest }: { readonly seconds: number; readonly endRest: boolean },
  context: ScalingContext,
): Promise<Outcome<void>> {
  const { signal } = context;
  for (const { name } of servers) {
    const drained = await backend.servers.drain(name, signal);
    if (!drained.ok) return asScaling(drained);
  }
  const deadline = performance.now() + seconds * 1000;
  const open = new Set(servers.map(({ name }) => name));
  while (open.size > 0) {
    const all = await listOf(backend, signal);
    if (!all.ok) return all;
    const isLate = performance.now() >= deadline;
    for (const name of open) {
      const facts = all.value.find((one) => one.name === name);
      if (facts === undefined) {
        // A reload lost it: the old process ends its sessions, the new one gives it none.
        context.note(`${name}: gone from ${backend.name} while it was drained`);
        open.delete(name);
        continue;
      }
      if (!isOut(facts) && !isLate) {
        // The reloaded configuration lets it work again.
        const again = await backend.servers.drain(name, signal);
        if (!again.ok) return asScaling(again);
        continue;
      }
      const { sessions } = facts;
      if (sessions !== 0 && !isLate) continue;
      const out =
        sessions !== 0 && endRest ? backend.servers.cutOff(name, signal) : backend.servers.maint(name, signal);
      const isOutNow = await out;
      if (!isOutNow.ok) return asScaling(isOutNow);
      const rest = `, ${sessions ?? 'an unknown number of'} sessions ${endRest ? 'were ended' : 'were left'} after ${seconds} s`;
      context.note(`${name}: drained in ${backend.name}${sessions === 0 ? '' : rest}`);
      open.delete(name);
    }
    if (open.size > 0) await backend.clock.sleep(pollMs, signal);
  }
  return ok(undefined);
}

async function forget(backend: Backend, living: readonly string[], context: ScalingContext): Promise<Outcome<void>> {
  const { signal } = context;
  const all = await listOf(backend, signal);
  if (!all.ok) return all;
  const known = await allAddressesAt(living, backend.name);
  if (!known.ok) return known;
  const alive = new Set([...known.value.values()].flat());
  for (const server of all.value) {
    const isAdded = server.name.startsWith(`${backend.prefix}${addedMark}`);
    const { slot, maint } = server.administration;
    if ((!isAdded && !slot) || (server.address !== null && alive.has(server.address))) continue;
    if (!maint) {
      const out = await backend.servers.maint(server.name, signal);
      if (!out.ok) return asScaling(out);
      context.note(
        `${server.name}: taken out of ${backend.name}, nobody is at ${server.address ?? 'its address'} any more`,
      );
    }
    const removed = isAdded ? await backend.servers.remove(server.name, signal) : ok(undefined);
    if (removed.ok) continue;
    if (removed.error.code === 'cancelled') return removed;
    // In maintenance it gets no work. New instances must not wait for the last connection of an old one; the next time removes it.
    context.note(`${server.name}: out of work, and not removed from ${backend.name} yet: ${removed.error.message}`);
  }
  return ok(undefined);
}

/** What its servers and settings put at risk. */
export async function warningsOf(backend: Backend, signal: AbortSignal): Promise<readonly string[]> {
  const all = await listOf(backend, signal);
  if (!all.ok) return [all.error.message];
  const unchecked = all.value.filter(unseen).map(({ name }) => name);
  return unchecked.length === 0
    ? []
    : [`${unchecked.join(', ')} of ${backend.name} have no health check: nobody sees when they fail, add \`check\``];
}
