import type { FailoverPolicy, FailoverView, NodeFacts } from '../contract/failover.ts';
import { balancerVantage } from './failover-health.ts';

/** Which nodes take writes, and which of several is the wrong one. Pure. */

export interface Verdict {
  /** The one to fence; null: nobody can tell. */
  readonly wrong: NodeFacts | null;
  readonly reasons: readonly string[];
}

/** Probes from before the end of the newest operation show what it has changed since. */
export function writersOf(view: FailoverView, now: Date): readonly NodeFacts[] {
  const endedMs = view.recent[0] === undefined ? -Infinity : Date.parse(view.recent[0].at);
  // An end in the future is of a clock that was set back: it must not hide a second writer until the clock has caught up.
  const movedMs = endedMs > +now ? -Infinity : endedMs;
  return view.nodes.filter(
    ({ probe }) =>
      probe !== null && probe.reach === 'answered' && probe.writable === true && Date.parse(probe.at) >= movedMs,
  );
}

interface Sign {
  readonly rightful: string;
  readonly reason: string;
}

/** A sign names the rightful one only when it speaks for exactly one of the writers. */
function onlyOne(
  writers: readonly NodeFacts[],
  speaksFor: (writer: NodeFacts) => boolean,
  reason: (n: string) => string,
): Sign[] {
  const [first, ...more] = writers.filter(speaksFor);
  return first === undefined || more.length > 0 ? [] : [{ rightful: first.name, reason: reason(first.name) }];
}

function followersOf(view: FailoverView, writer: NodeFacts): number {
  return view.nodes.filter(({ probe }) => probe?.reach === 'answered' && probe.upstream === writer.name).length;
}

function signsAmong(view: FailoverView, writers: readonly NodeFacts[]): readonly Sign[] {
  const timelines = writers.map(({ probe }) => probe?.timeline ?? null);
  const newest = timelines.includes(null) ? null : Math.max(...timelines.map((t) => t ?? 0));
  const followers = writers.map((writer) => followersOf(view, writer));
  const most = Math.max(...followers);
  const seenByBalancer = (name: string, alive: boolean): boolean =>
    view.vantages.some((v) => v.from === balancerVantage && v.about === name && v.alive === alive);
  return [
    ...onlyOne(
      writers,
      ({ name }) => name === view.primary,
      (name) => `${name} is the primary as last known`,
    ),
    ...onlyOne(
      writers,
      ({ fence }) => fence === null,
      (name) => `all but ${name} had been taken out`,
    ),
    ...onlyOne(
      writers,
      ({ probe }) => newest !== null && probe?.timeline === newest,
      (name) => `${name} is on the newest timeline`,
    ),
    ...(most === 0
      ? []
      : onlyOne(
          writers,
          (writer) => followersOf(view, writer) === most,
          (name) => `the standbys follow ${name}`,
        )),
    ...onlyOne(
      writers.every(({ name }) => seenByBalancer(name, true) || seenByBalancer(name, false)) ? writers : [],
      ({ name }) => seenByBalancer(name, true),
      (name) => `the load balancer sends clients to ${name}`,
    ),
  ];
}

/**
 * Which of several writers is wrong. All signs have to agree: a standby that somebody promoted by accident is on the newest timeline
 * while every client and standby is still with the old primary, and to fence that one would end the service.
 */
export function judgeWriters(view: FailoverView, policy: FailoverPolicy, writers: readonly NodeFacts[]): Verdict {
  const names = writers.map(({ name }) => name).join(', ');
  const reasons = [`${writers.length} nodes take writes: ${names}`];
  const ids = new Set(writers.map(({ probe }) => probe?.systemId ?? null));
  if (policy.managed)
    return { wrong: null, reasons: [...reasons, 'the product holds the lock: it has to settle this'] };
  if (ids.size > 1) return { wrong: null, reasons: [...reasons, 'they are not of one cluster'] };
  const signs = signsAmong(view, writers);
  const rightful = new Set(signs.map((sign) => sign.rightful));
  reasons.push(...signs.map(({ reason }) => reason));
  if (rightful.size === 0)
    return { wrong: null, reasons: [...reasons, 'nothing tells which of them is the rightful one'] };
  if (rightful.size > 1) return { wrong: null, reasons: [...reasons, 'the signs contradict each other'] };
  const wrong = writers.filter(({ name }) => !rightful.has(name));
  return { wrong: wrong[0] ?? null, reasons };
}
