import { setTimeout as wait } from 'node:timers/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Balancer } from '../port.ts';
import { ask } from './client.ts';
import { readServers, type ServerFacts } from './state.ts';

export interface HaproxySettings {
  /** Absolute path of the runtime API’s socket, or `host:port`; level admin for changes. */
  readonly socket: string;
  readonly backend: string;
  /** Where these are configured, for messages. Default failover.haproxy. */
  readonly setting?: string;
}

/** Of one command; HAProxy answers in less than a millisecond, or hangs. */
const commandMs = 2_000;
/** So long a change may take to be seen, e.g. until the sessions that were ended are counted as gone. */
const settleMs = 3_000;
const pollMs = 20;

/** Characters that HAProxy itself allows in names. */
export const namePattern = /^[A-Za-z0-9_.:-]+$/;

/** HAProxy 2.x by its runtime API. Every change is read back; what it sets is lost when HAProxy is reloaded without a state file. */
export function createHaproxyBalancer(settings: HaproxySettings): Balancer {
  const { backend } = settings;
  return {
    servers: async (signal) => {
      const all = await readAll(settings, signal);
      return all.ok ? ok(all.value.map(({ administration: _, ...server }) => server)) : all;
    },

    cutOff: async (server, signal) => {
      const gone = ({ administration, sessions }: ServerFacts): boolean => administration.maint && sessions === 0;
      const end = `shutdown sessions server ${backend}/${server}`;
      const before = await setState(settings, { server, state: 'maint', reached: gone, meanwhile: end }, signal);
      return before.ok ? ok({ ended: before.value.sessions ?? 0 }) : before;
    },

    drain: async (server, signal) => {
      const drained = ({ administration: { maint, drain } }: ServerFacts): boolean => drain && !maint;
      const before = await setState(settings, { server, state: 'drain', reached: drained }, signal);
      return before.ok ? ok(undefined) : before;
    },

    admit: async (server, signal) => {
      const open = ({ administration: { maint, drain } }: ServerFacts): boolean => !drain && !maint;
      const before = await setState(settings, { server, state: 'ready', reached: open }, signal);
      return before.ok ? ok(undefined) : before;
    },
  };
}

export function command(
  { socket, setting }: HaproxySettings,
  text: string,
  signal: AbortSignal,
  oneLineSuffices = false,
): Promise<Outcome<string>> {
  return ask(socket, text, {
    timeoutMs: commandMs,
    signal,
    oneLineSuffices,
    ...(setting === undefined ? {} : { setting }),
  });
}

export async function readAll(
  settings: HaproxySettings,
  signal: AbortSignal,
): Promise<Outcome<readonly ServerFacts[]>> {
  const { backend } = settings;
  if (!namePattern.test(backend)) return noName(backend);
  const state = await command(settings, `show servers state ${backend}`, signal);
  if (!state.ok) return state;
  if (!state.value.startsWith('1\n')) return refused(settings, null, state.value);
  const stat = await command(settings, `show stat ${backend} 4 -1`, signal);
  if (!stat.ok) return stat;
  if (!stat.value.startsWith('# ')) return refused(settings, null, stat.value);
  return readServers(backend, { state: state.value, stat: stat.value });
}

async function readOne(settings: HaproxySettings, server: string, signal: AbortSignal): Promise<Outcome<ServerFacts>> {
  if (!namePattern.test(server)) return noName(server);
  const all = await readAll(settings, signal);
  if (!all.ok) return all;
  const found = all.value.find(({ name }) => name === server);
  return found === undefined ? noServer(settings.backend, server, all.value) : ok(found);
}

/** The success of a change is an empty answer. */
export async function change(
  settings: HaproxySettings,
  server: string,
  text: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const answer = await command(settings, text, signal);
  if (!answer.ok) return answer;
  return answer.value.trim() === '' ? ok(undefined) : refused(settings, server, answer.value);
}

interface Change {
  readonly server: string;
  readonly state: 'ready' | 'drain' | 'maint';
  readonly reached: (facts: ServerFacts) => boolean;
  /** Done before each look. */
  readonly meanwhile?: string;
}

/** Sets the state and looks until it is reached; resolves to what was there before. */
export async function setState(
  settings: HaproxySettings,
  { server, state, reached, meanwhile }: Change,
  signal: AbortSignal,
): Promise<Outcome<ServerFacts>> {
  const before = await readOne(settings, server, signal);
  if (!before.ok) return before;
  const set = await change(settings, server, `set server ${settings.backend}/${server} state ${state}`, signal);
  if (!set.ok) return set;
  const deadline = performance.now() + settleMs;
  for (;;) {
    if (meanwhile !== undefined) {
      const done = await change(settings, server, meanwhile, signal);
      if (!done.ok) return done;
    }
    const seen = await readOne(settings, server, signal);
    if (!seen.ok) return seen;
    if (reached(seen.value)) return before;
    if (performance.now() > deadline) return notReached(seen.value, state);
    await wait(pollMs, undefined, { signal }).catch(() => undefined); // an abort shows in the next call
  }
}

export function noName(name: string): Outcome<never> {
  return fail('balancer_failed', `${JSON.stringify(name)} is no name in HAProxy: those are of A-Z a-z 0-9 _ . : and -`);
}

function noServer(backend: string, server: string, all: readonly ServerFacts[]): Outcome<never> {
  const names = all.map(({ name }) => name).join(', ');
  return fail(
    'balancer_failed',
    `the backend ${backend} of HAProxy has no server ${JSON.stringify(server)}, it has ${names === '' ? 'none' : names}: name it in \`server\` of the node`,
  );
}

/** HAProxy’s own words, with the mend where they are known. */
export function refused(
  { socket, backend, setting = 'failover.haproxy' }: HaproxySettings,
  server: string | null,
  answer: string,
): Outcome<never> {
  const words = answer.trim().split('\n')[0]?.slice(0, 200) ?? '';
  if (/^(Can't find backend|No such (proxy|backend))/.test(words))
    return fail('balancer_failed', `HAProxy has no backend ${backend}: compare ${setting}.backend with it`);
  if (/^Permission denied/i.test(words))
    return fail(
      'balancer_failed',
      `HAProxy permits no changes on ${socket}: give its \`stats socket\` \`level admin\``,
    );
  const about = server === null ? `the backend ${backend}` : `the server ${backend}/${server}`;
  return fail('balancer_failed', `HAProxy says about ${about}: ${words}`);
}

function notReached(seen: ServerFacts, wanted: 'ready' | 'drain' | 'maint'): Outcome<never> {
  const where = `${seen.backend}/${seen.name}`;
  const { maint } = seen.administration;
  if (wanted === 'maint' && maint)
    return fail(
      'balancer_failed',
      `${where} is in maintenance, but ${seen.sessions ?? 'an unknown number of'} of its sessions did not end within ${settleMs / 1000} s`,
    );
  const inherited = wanted !== 'maint' && maint ? '; it may track a server that is in maintenance' : '';
  return fail('balancer_failed', `HAProxy took \`state ${wanted}\` for ${where}, but it is ${seen.state}${inherited}`);
}
