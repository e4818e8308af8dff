import { access } from 'node:fs/promises';
import type { FailoverPolicy } from '../../../contract/failover.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import { parseSettings, type PatroniSettings, type PatroniStatus } from './answers.ts';
import { askStatus } from './probe.ts';
import type { AskPatroni } from './rest.ts';

/** How Patroni takes an unsafe call. `open`: from anybody. `refused`: not with the login of Genesis. Null: it cannot be told. */
export type Guarding = 'guarded' | 'open' | 'refused' | null;

export interface RiskFacts {
  readonly statuses: readonly { readonly node: string; readonly status: PatroniStatus | null }[];
  /** Null: no Patroni told it. */
  readonly settings: PatroniSettings | null;
  readonly guarding: readonly { readonly node: string; readonly guarding: Guarding }[];
  /** Nodes that run on this machine, which has no /dev/watchdog. */
  readonly withoutDevice: readonly string[];
  /** When the pause was first seen; null: it was not, or it is over. */
  readonly pausedSince: string | null;
  /** What a failover may lose; null: nothing. */
  readonly bound: LossBound | null;
}

export type LossBound = Pick<FailoverPolicy, 'maxLossBytes' | 'maxLossSeconds'>;

/** What version, settings and state put at risk, in words. Pure. */
export function risksOf(facts: RiskFacts): readonly string[] {
  return [
    ...versionRisks(facts.statuses),
    ...watchdogRisks(facts),
    ...stateRisks(facts),
    ...(facts.settings === null
      ? ['the settings of Patroni could not be read: nothing is known of ttl, pause, failsafe and synchronous mode']
      : [...settingRisks(facts.settings, facts.pausedSince), ...lossRisks(facts.settings, facts.bound)]),
    ...accessRisks(facts.guarding),
  ];
}

type Statuses = RiskFacts['statuses'];

function versionRisks(statuses: Statuses): readonly string[] {
  const old = statuses.flatMap(({ node, status }) =>
    status !== null && isBefore(status.patroni.version, [3, 0, 3]) ? [`${node} (${status.patroni.version})`] : [],
  );
  if (old.length === 0) return [];
  return [
    `Patroni before 3.0.3 runs on ${old.join(', ')}: with the client etcd3 an old leader that was frozen or cut off takes the leader key back when it returns, and what the new one acknowledged is lost; update it, or use the client etcd`,
  ];
}

/** Null, as for a version of another form: not known to be old. */
function isBefore(version: string, than: readonly [number, number, number]): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (parts === undefined) return false;
  const at = than.findIndex((wanted, n) => parts[n] !== wanted);
  return at >= 0 && (parts[at] ?? 0) < (than[at] ?? 0);
}

function watchdogRisks({ withoutDevice, statuses }: RiskFacts): readonly string[] {
  const failed = statuses.filter(({ status }) => status?.watchdog_failed === true).map(({ node }) => node);
  const remedy = 'a frozen Patroni cannot stop its PostgreSQL, which goes on taking writes after another node leads';
  return [
    ...(failed.length === 0 ? [] : [`the watchdog failed on ${failed.join(', ')}: they may not lead`]),
    ...(withoutDevice.length === 0
      ? []
      : [`no watchdog guards ${withoutDevice.join(', ')}: the machine has no /dev/watchdog; ${remedy}`]),
    ...(withoutDevice.length === statuses.length
      ? []
      : [
          `whether a watchdog guards the nodes cannot be seen from here (watchdog.mode in patroni.yml); without one ${remedy}`,
        ]),
  ];
}

function stateRisks({ statuses }: RiskFacts): readonly string[] {
  const silent = statuses.filter(({ status }) => status === null).map(({ node }) => node);
  const pending = statuses.filter(({ status }) => status?.pending_restart === true).map(({ node }) => node);
  return [
    ...(silent.length === 0 ? [] : [`Patroni does not answer on ${silent.join(', ')}`]),
    ...(pending.length === 0 ? [] : [`a restart is pending on ${pending.join(', ')}: settings differ until then`]),
  ];
}

function settingRisks(settings: PatroniSettings, pausedSince: string | null): readonly string[] {
  const { ttl, loopWait, retryTimeout } = settings;
  const least = loopWait + 2 * retryTimeout;
  const since = pausedSince === null ? '' : ` (seen since ${pausedSince})`;
  return [
    ...(settings.paused ? [`Patroni is paused${since}: it fails nothing over until it is resumed`] : []),
    ...(ttl < least
      ? [
          `ttl is ${ttl} s, less than loop_wait + 2 x retry_timeout = ${least} s: a leader may lose its key while it still tries`,
        ]
      : []),
    ...(settings.failsafe
      ? []
      : ['failsafe_mode is off: when the store does not answer, the primary stops taking writes']),
  ];
}

/** Patroni elects by a bound of its own: only where that is within what is allowed is an asynchronous cluster no risk. */
function lossRisks({ synchronous, maximumLagBytes }: PatroniSettings, bound: LossBound | null): readonly string[] {
  const allowed = bound === null || bound.maxLossSeconds === 0 ? 0 : bound.maxLossBytes;
  if (synchronous || (allowed > 0 && maximumLagBytes <= allowed)) return [];
  return [
    `synchronous_mode is off: a failover may lose up to maximum_lag_on_failover (${maximumLagBytes} bytes) and what was written since the lag was last published; failover.max_loss allows ${allowed} bytes`,
  ];
}

function accessRisks(guarding: RiskFacts['guarding']): readonly string[] {
  const of = (kind: Guarding): string =>
    guarding
      .filter((one) => one.guarding === kind)
      .map(({ node }) => node)
      .join(', ');
  return [
    ...(of('open') === ''
      ? []
      : [`the REST API of ${of('open')} takes unsafe calls from anybody who reaches it: set restapi.authentication`]),
    ...(of('refused') === ''
      ? []
      : [
          `Patroni of ${of('refused')} refuses the login of Genesis (failover.patroni): nothing could be moved through it`,
        ]),
  ];
}

/** What is kept between two looks. */
export interface RiskMemory {
  /** When each service's pause was first seen: Patroni does not keep it. */
  readonly pauses: Map<string, string>;
  /** By service and node: how it took the login, which is not tried on every look. */
  readonly guarding: Map<string, { readonly login: string; readonly guarding: Guarding; readonly at: number }>;
}

const tryLoginEveryMs = 300_000;

export interface RiskDeps {
  readonly ask: AskPatroni;
  readonly now: () => Date;
  readonly memory: RiskMemory;
  readonly bound: LossBound | null;
}

export async function readWarnings(
  deps: RiskDeps,
  cluster: FailoverCluster,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const [statuses, configs, guarding] = await Promise.all([
    Promise.all(cluster.nodes.map((node) => statusOf(deps.ask, node, timeoutMs, signal))),
    Promise.all(cluster.nodes.map((node) => deps.ask(node, '/config', { timeoutMs, signal }))),
    Promise.all(cluster.nodes.map((node) => keptGuarding(deps, cluster, node, signal))),
  ]);
  const read = configs.map((answer) => (answer.ok && answer.value.status === 200 ? answer.value.json : undefined));
  const settings = read.map(parseSettings).find((one) => one !== null) ?? null;
  if (settings?.paused === false) deps.memory.pauses.delete(cluster.service);
  if (settings?.paused === true && !deps.memory.pauses.has(cluster.service))
    deps.memory.pauses.set(cluster.service, deps.now().toISOString());
  const local = cluster.nodes.filter(({ data }) => data !== null).map(({ name }) => name);
  const withoutDevice = local.length > 0 && !(await isThere('/dev/watchdog')) ? local : [];
  return risksOf({
    statuses,
    settings,
    guarding,
    withoutDevice,
    pausedSince: deps.memory.pauses.get(cluster.service) ?? null,
    bound: deps.bound,
  });
}

async function statusOf(
  ask: AskPatroni,
  node: FailoverNode,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ node: string; status: PatroniStatus | null }> {
  const status = await askStatus(ask, node, timeoutMs, signal);
  return { node: node.name, status: status.ok && 'state' in status.value ? status.value : null };
}

async function keptGuarding(
  { ask, now, memory }: RiskDeps,
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
): Promise<{ node: string; guarding: Guarding }> {
  const key = `${cluster.service} ${node.name} ${node.url}`;
  const login = JSON.stringify(cluster.patroni);
  const before = memory.guarding.get(key);
  if (before?.login === login && before.guarding === 'guarded' && +now() - before.at < tryLoginEveryMs)
    return { node: node.name, guarding: before.guarding };
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const guarding = await guardingOf(ask, node, cluster.patroni !== null, timeoutMs, signal);
  memory.guarding.set(key, { login, guarding, at: +now() });
  return { node: node.name, guarding };
}

/**
 * Asks for a change of nothing: an empty one is refused as a bad request (400) by every version, but only after the login was looked at
 * (401, 403). So it tells without an effect whether a call without a login, and one with ours, would be taken.
 */
async function guardingOf(
  ask: AskPatroni,
  node: FailoverNode,
  hasLogin: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Guarding> {
  const nothing = { method: 'PATCH', body: {}, timeoutMs, signal } as const;
  const [open, ours] = await Promise.all([
    ask(node, '/config', { ...nothing, login: false }),
    hasLogin ? ask(node, '/config', nothing) : null,
  ]);
  const isRefused = (status: number): boolean => status === 401 || status === 403;
  if (!open.ok) return null;
  if (open.value.status === 400) return 'open';
  if (!isRefused(open.value.status)) return null;
  if (ours === null) return 'refused';
  if (!ours.ok) return null;
  return isRefused(ours.value.status) ? 'refused' : 'guarded';
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
