import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet, Instance } from '../../../contract/scaling.ts';
import type { Clock } from '../../../ports/index.ts';
import type { HaproxyServer } from '../../traffic/haproxy/servers.ts';
import type { ScaleRequest, ScaleResult, ScalingContext, ScalingEngine } from '../port.ts';
import { exclusively } from '../turns.ts';
import { staying, victimsOf } from '../victims.ts';
import { addressesAt } from './addresses.ts';
import {
  asScaling,
  awaitUp,
  backendOf,
  drainServers,
  listOf,
  openUp,
  warningsOf,
  type Backend,
  type Placed,
} from './membership.ts';
import type { HaproxyOptions } from './options.ts';

/** Name of a server that is added while HAProxy runs. */
const addedMark = 'genesis.';

interface Standing {
  readonly backend: Backend;
  readonly options: HaproxyOptions;
}

/**
 * The servers of a backend that run anyway, in HAProxy or elsewhere: an instance is one that takes part, the others stand ready in
 * maintenance. None is started or ended. The state is that which HAProxy's own checks see; without a check it is unknown, never ready.
 */
export function createHaproxyEngine(options: HaproxyOptions, deps: { readonly clock: Clock }): ScalingEngine {
  const standing = { backend: backendOf(options, deps, 'scaling.haproxy'), options };
  return {
    name: 'haproxy',
    choosesRemoved: true,
    fleet: async (signal) => {
      const all = await listOf(standing.backend, signal);
      return all.ok ? ok(fleetOf(all.value)) : all;
    },
    scale: (request, context) => {
      if (context.signal.aborted) return Promise.resolve(fail('cancelled', 'nothing was changed: cancelled'));
      return exclusively(`${options.socket} ${options.backend}`, () => scale(standing, request, context));
    },
    dryRun: (request, signal) => dryRun(standing, request, signal),
    warnings: (signal) => warningsOf(standing.backend, signal),
    close: () => Promise.resolve(),
  };
}

function fleetOf(all: readonly HaproxyServer[]): Fleet {
  const taking = all.filter(({ administration: { maint } }) => !maint);
  return { instances: taking.map(instanceOf), wanted: null, ownedBy: null };
}

function instanceOf(server: HaproxyServer): Instance {
  const { name, address, sessions } = server;
  return { name, address, load: sessions, startedAt: null, protectedBy: null, ...stateOf(server) };
}

function stateOf({ administration, state, check }: HaproxyServer): Pick<Instance, 'state' | 'detail'> {
  if (administration.drain && state === 'down')
    return { state: 'starting', detail: 'it is taken in once its check passes' };
  if (administration.drain) return { state: 'draining', detail: null };
  if (state === 'up') return { state: 'ready', detail: null };
  if (state === 'down') return { state: 'unready', detail: 'its check fails' };
  if (check === 'none') return { state: 'unknown', detail: 'it has no health check in HAProxy' };
  return { state: 'starting', detail: 'its first check has not ended' };
}

/** A server that can take part: one that is there in maintenance, or an address that the backend does not have yet. */
type Spare = { readonly server: string } | { readonly address: string };

async function sparesOf({ options }: Standing, all: readonly HaproxyServer[]): Promise<readonly Spare[]> {
  const known = new Set(all.map(({ address }) => address));
  // Two names of one address are one server; a name that cannot be resolved now is no spare.
  const found = await Promise.all(options.servers.map(addressesAt));
  const addresses = [
    ...new Set(found.filter((all) => !all.some((one) => known.has(one))).flatMap(([one]) => one ?? [])),
  ];
  return [
    ...all.filter(({ administration: { maint } }) => maint).map(({ name }) => ({ server: name })),
    ...addresses.map((address) => ({ address })),
  ];
}

async function scale(
  standing: Standing,
  request: ScaleRequest,
  context: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const { backend } = standing;
  const all = await listOf(backend, context.signal);
  if (!all.ok) return all;
  const before = fleetOf(all.value);
  const there = staying(before);
  const draining = before.instances.length - there.length;
  const spare = (await sparesOf(standing, all.value)).length + draining;
  const missing = request.desired - there.length;
  if (missing > spare) return tooFew(standing, there.length, spare, request.desired);
  const victims = victimsOf(before, request.desired, request.remove);
  if (there.length - victims.length > request.desired)
    return fail('scaling_failed', `${backend.name}: nobody can tell how the others are, so none of them was taken out`);
  const leaving = before.instances.filter(({ name, state }) => state === 'draining' || victims.includes(name));
  const drained = await drainServers(backend, leaving, { seconds: request.drainSeconds, endRest: true }, context);
  if (!drained.ok) return drained;

  const added = await admitSome(standing, missing, context);
  if (!added.ok) return added;
  const waiting = there.filter(({ state, name }) => state === 'starting' && !victims.includes(name));
  const placed = [...waiting.map(({ name }) => ({ instance: name, server: name })), ...added.value];
  const up = await awaitUp(backend, placed, request.readySeconds, context);
  if (!up.ok) return up;
  return result(backend, request.desired, { added: added.value, leaving }, context);
}

/** Those that have just been drained are among them. */
async function admitSome(
  standing: Standing,
  count: number,
  context: ScalingContext,
): Promise<Outcome<readonly Placed[]>> {
  if (count <= 0) return ok([]);
  const all = await listOf(standing.backend, context.signal);
  if (!all.ok) return all;
  const added: Placed[] = [];
  for (const spare of (await sparesOf(standing, all.value)).slice(0, count)) {
    const placed = await admit(standing.backend, spare, context);
    if (!placed.ok) return placed;
    added.push(placed.value);
  }
  return ok(added);
}

async function result(
  backend: Backend,
  desired: number,
  { added, leaving }: { readonly added: readonly Placed[]; readonly leaving: readonly Instance[] },
  { signal }: ScalingContext,
): Promise<Outcome<ScaleResult>> {
  const after = await listOf(backend, signal);
  if (!after.ok) return after;
  const fleet = fleetOf(after.value);
  const has = staying(fleet).length;
  if (has !== desired)
    return fail(
      'scaling_conflict',
      `${desired} servers of ${backend.name} were to take part and ${has} do: somebody else changed them meanwhile`,
    );
  return ok({
    fleet,
    added: added.map(({ server }) => server),
    removed: leaving.map(({ name }) => name),
  });
}

function tooFew({ backend }: Standing, has: number, spares: number, desired: number): Outcome<never> {
  return fail(
    'scaling_failed',
    `${backend.name} has ${has} servers that take part and ${spares} that stand ready, ${desired} are wanted: nothing was changed`,
  );
}

async function admit(backend: Backend, spare: Spare, context: ScalingContext): Promise<Outcome<Placed>> {
  const { servers, prefix } = backend;
  const name = 'server' in spare ? spare.server : `${prefix}${addedMark}${spare.address.replace(/[[\]]/g, '')}`;
  if ('address' in spare) {
    const added = await servers.add(name, spare.address, null, context.signal);
    if (!added.ok) return asScaling(added);
  }
  const open = await openUp(backend, name, context.signal);
  if (!open.ok) return open;
  context.note(`${name}: taken into ${backend.name}`);
  return ok({ instance: name, server: name });
}

async function dryRun(
  standing: Standing,
  { desired, remove, drainSeconds }: ScaleRequest,
  signal: AbortSignal,
): Promise<Outcome<readonly string[]>> {
  const { backend } = standing;
  const all = await listOf(backend, signal);
  if (!all.ok) return all;
  const fleet = fleetOf(all.value);
  const has = staying(fleet).length;
  if (has === desired) return ok([`${backend.name} has ${has} servers that take part: nothing would be done`]);
  if (has > desired)
    return ok(victimsOf(fleet, desired, remove).map((name) => `would drain ${name} for up to ${drainSeconds} s`));
  const spares = await sparesOf(standing, all.value);
  if (desired - has > spares.length) return tooFew(standing, has, spares.length, desired);
  return ok(
    spares
      .slice(0, desired - has)
      .map((spare) => ('server' in spare ? `would take in ${spare.server}` : `would add ${spare.address}`)),
  );
}
