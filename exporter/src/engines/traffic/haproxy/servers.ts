import { setTimeout as wait } from 'node:timers/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { BalancerServer } from '../port.ts';
import {
  change,
  command,
  createHaproxyBalancer,
  namePattern,
  noName,
  readAll,
  refused,
  setState,
  type HaproxySettings,
} from './engine.ts';
import type { ServerFacts } from './state.ts';

/** Servers that come and go while HAProxy runs. What is changed here is lost when it is reloaded. */

export interface HaproxyServer extends BalancerServer {
  readonly administration: ServerFacts['administration'];
}

export interface HaproxyServers {
  list(signal: AbortSignal): Promise<Outcome<readonly HaproxyServer[]>>;
  /**
   * Its checks run and connections do not come yet: drained, and held for down until they pass. HAProxy takes a server that leaves
   * maintenance for up at once, and shows the result of its last check before.
   */
  warm(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** Connections go to it from now on. */
  admit(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** No new connection; old ones go on. */
  drain(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** No connection and no check; those that are there are not ended. */
  maint(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** As `maint`, and those that are there are ended. */
  cutOff(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** `address`: host:port, the host an IP address. */
  setAddress(server: string, address: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** A new server in maintenance, checked every second once it is admitted. It has nothing of `default-server`. */
  add(server: string, address: string, weight: number | null, signal: AbortSignal): Promise<Outcome<void>>;
  /** Only what `add` has made, and only in maintenance; waits for its last connections. */
  remove(server: string, signal: AbortSignal): Promise<Outcome<void>>;
}

/** A connection that is just being closed keeps a server from being removed. */
const removeMs = 3_000;
const pollMs = 50;

const isDrained = ({ administration: { maint, drain } }: ServerFacts): boolean => drain && !maint;

export function createHaproxyServers(settings: HaproxySettings): HaproxyServers {
  const { backend } = settings;
  const set = async (
    server: string,
    state: 'ready' | 'drain' | 'maint',
    reached: (facts: ServerFacts) => boolean,
    signal: AbortSignal,
  ): Promise<Outcome<void>> => {
    const before = await setState(settings, { server, state, reached }, signal);
    return before.ok ? ok(undefined) : before;
  };
  return {
    list: (signal) => readAll(settings, signal),
    warm: async (server, signal) => {
      const drained = await set(server, 'drain', isDrained, signal);
      if (!drained.ok) return drained;
      // A server that was added has its checks switched off; for the others this changes nothing.
      const enabled = await change(settings, server, `enable health ${backend}/${server}`, signal);
      return enabled.ok ? change(settings, server, `set server ${backend}/${server} health down`, signal) : enabled;
    },
    admit: (server, signal) => set(server, 'ready', ({ administration: { maint, drain } }) => !maint && !drain, signal),
    drain: (server, signal) => set(server, 'drain', isDrained, signal),
    maint: (server, signal) => set(server, 'maint', ({ administration: { maint } }) => maint, signal),
    cutOff: async (server, signal) => {
      const cut = await createHaproxyBalancer(settings).cutOff(server, signal);
      return cut.ok ? ok(undefined) : cut;
    },
    setAddress: (server, address, signal) => setAddress(settings, server, address, signal),
    add: (server, address, weight, signal) => add(settings, { server, address, weight }, signal),
    remove: (server, signal) => remove(settings, server, signal),
  };
}

async function serverNamed(
  settings: HaproxySettings,
  server: string,
  signal: AbortSignal,
): Promise<Outcome<ServerFacts | undefined>> {
  const all = await readAll(settings, signal);
  return all.ok ? ok(all.value.find(({ name }) => name === server)) : all;
}

async function setAddress(
  settings: HaproxySettings,
  server: string,
  address: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  if (!namePattern.test(server)) return noName(server);
  const at = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, at).replace(/^\[|\]$/g, ''), address.slice(at + 1)];
  const text = `set server ${settings.backend}/${server} addr ${host} port ${port}`;
  const answer = await command(settings, text, signal, true);
  if (!answer.ok) return answer;
  // It tells in prose what it changed: what it is now counts.
  const seen = await serverNamed(settings, server, signal);
  if (!seen.ok) return seen;
  return seen.value?.address === address ? ok(undefined) : refused(settings, server, answer.value);
}

async function add(
  settings: HaproxySettings,
  { server, address, weight }: { readonly server: string; readonly address: string; readonly weight: number | null },
  signal: AbortSignal,
): Promise<Outcome<void>> {
  if (!namePattern.test(server)) return noName(server);
  const share = weight === null ? '' : ` weight ${weight}`;
  const text = `add server ${settings.backend}/${server} ${address} check inter 1s fall 2 rise 1${share}`;
  const answer = await command(settings, text, signal, true);
  if (!answer.ok) return answer;
  const seen = await serverNamed(settings, server, signal);
  if (!seen.ok) return seen;
  return seen.value?.address === address ? ok(undefined) : cannotAdd(settings, server, answer.value);
}

function cannotAdd(settings: HaproxySettings, server: string, answer: string): Outcome<never> {
  const said = refused(settings, server, answer);
  if (said.ok || !/dynamic load balancing|experimental|Unknown command/i.test(answer)) return said;
  return fail(
    'balancer_failed',
    `${said.error.message}; give the backend ${settings.backend} slots: \`server-template NAME 10 127.0.0.1:1 check disabled\``,
  );
}

async function remove(settings: HaproxySettings, server: string, signal: AbortSignal): Promise<Outcome<void>> {
  if (!namePattern.test(server)) return noName(server);
  const deadline = performance.now() + removeMs;
  for (;;) {
    const answer = await command(settings, `del server ${settings.backend}/${server}`, signal, true);
    if (!answer.ok) return answer;
    const seen = await serverNamed(settings, server, signal);
    if (!seen.ok) return seen;
    if (seen.value === undefined) return ok(undefined);
    if (performance.now() > deadline || !/connections/i.test(answer.value))
      return refused(settings, server, answer.value);
    await wait(pollMs, undefined, { signal }).catch(() => undefined); // an abort shows in the next call
  }
}
