import { humanDuration } from '../format.ts';
import { ofPrometheus } from './checks-scrape.ts';
import { compareRules, type RuleDifference } from './compare-rules.ts';
import type { Expected, Facts, PrometheusFacts } from './facts.ts';
import { failed, fine, judged, listed, notKnown, warn, type Check, type Verdict } from './finding.ts';
import type { LoadedGroup } from './prometheus-read.ts';

const mend = 'run `genesis generate`, put the rule files where rule_files of prometheus.yml looks, reload Prometheus';
const overload = 'see whether Prometheus is overloaded: its log and its CPU';
/** A group that takes more than half its interval will miss evaluations when the fleet grows. */
const slowShare = 0.5;
const lateIntervals = 3;
/** Small groups of short interval may be late by this without harm. */
const graceSeconds = 5;

const loaded = ofPrometheus('rules_loaded', 'the generated rules are loaded', (prometheus, { expected }) =>
  judged(prometheus.groups, 'see the log of Prometheus', (groups) => {
    const differences = compareRules(expected.groups, groups, prometheus.canonical);
    const namesOf = (kind: RuleDifference['kind'], name: (difference: RuleDifference) => string): readonly string[] =>
      unique(differences.filter((difference) => difference.kind === kind).map(name));
    const missing = namesOf('missing', (d) => d.rule ?? d.group);
    const differing = namesOf('differs', (d) => `${d.rule ?? d.group} (${d.parts.join(', ')})`);
    const surplus = namesOf('surplus', (d) => d.rule ?? d.group);
    const said = [
      ...(missing.length === 0 ? [] : [`missing: ${listed(missing)}`]),
      ...(differing.length === 0 ? [] : [`differing: ${listed(differing)}`]),
      ...(surplus.length === 0 ? [] : [`not generated any more: ${listed(surplus)}`]),
    ].join('; ');
    if (missing.length + differing.length > 0) return failed(said, mend);
    const total = expected.groups.reduce((sum, group) => sum + group.rules.length, 0);
    return surplus.length > 0 ? warn(said, mend) : fine(`${total} rules in ${expected.groups.length} groups`);
  }),
);

const healthy = ofPrometheus('rules_healthy', 'the rules are evaluated without an error', (prometheus, facts) =>
  judged(prometheus.groups, 'see the log of Prometheus', (all) => {
    const groups = ours(all, facts.expected);
    if (groups.length === 0) return notKnown('none is loaded', mend);
    return broken(groups) ?? late(groups, prometheus, facts) ?? slow(groups) ?? fine(`${groups.length} groups`);
  }),
);

function broken(groups: readonly LoadedGroup[]): Verdict | null {
  const rules = groups.flatMap((group) => group.rules).filter((rule) => rule.health === 'err');
  if (rules.length === 0) return null;
  const said = unique(rules.map((rule) => `${rule.name}: ${rule.lastError ?? 'no reason given'}`));
  return failed(
    listed(said, 3),
    'look at the series that the error names; an exporter scraped twice under other labels is the usual cause',
  );
}

/** A group has its first turn within one interval after its file was read, an hourly one within the hour. */
function late(groups: readonly LoadedGroup[], { clock, runtime }: PrometheusFacts, { now }: Facts): Verdict | null {
  const promNow = +now / 1000 + (clock.known ? clock.value.aheadSeconds : 0);
  const since = (time: string): number => promNow - Date.parse(time) / 1000;
  const had = groups.filter((group) => !isNever(group));
  const overdue = had.filter((group) => since(group.lastEvaluation) > lateIntervals * group.interval + graceSeconds);
  if (overdue.length > 0) {
    const said = overdue.map((g) => `${g.name} (${humanDuration(Math.round(since(g.lastEvaluation)))} ago)`);
    return failed(`not evaluated in time: ${listed(said)}`, overload);
  }
  const never = groups.filter(isNever);
  if (never.length === 0) return null;
  const names = listed(never.map((group) => `${group.name} (every ${humanDuration(group.interval)})`));
  if (!runtime.known) return notKnown(`not evaluated yet: ${names}`, 'see the log of Prometheus');
  const loadedFor = since(runtime.value.lastConfigTime);
  if (never.some((group) => loadedFor > group.interval + graceSeconds))
    return failed(`never evaluated: ${names}, though loaded for ${humanDuration(Math.round(loadedFor))}`, overload);
  if (had.length === 0) return notKnown(`not evaluated yet: ${names}`, 'wait an evaluation interval and ask again');
  return fine(`${had.length} groups; the first turn is still to come for ${names}`);
}

function isNever(group: LoadedGroup): boolean {
  return group.lastEvaluation.startsWith('0001-');
}

function slow(groups: readonly LoadedGroup[]): Verdict | null {
  const tight = groups.filter((group) => group.evaluationTime > slowShare * group.interval);
  if (tight.length === 0) return null;
  const said = tight.map((group) => `${group.name} takes ${group.evaluationTime.toFixed(1)} s of ${group.interval} s`);
  return warn(listed(said), 'raise rules.evaluation_interval, or give Prometheus more CPU');
}

function ours(groups: readonly LoadedGroup[], { groups: expected }: Expected): readonly LoadedGroup[] {
  const names = new Set(expected.map((group) => group.name));
  return groups.filter((group) => names.has(group.name));
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

export const ruleChecks: readonly Check[] = [loaded, healthy];
