import type { ExpectedGroup, ExpectedRule } from './expected-rules.ts';
import type { LoadedGroup, LoadedRule } from './prometheus-read.ts';

/** One way in which the loaded rules are not the generated ones. */
export interface RuleDifference {
  readonly kind: 'missing' | 'differs' | 'surplus';
  readonly group: string;
  /** Null: the group itself. */
  readonly rule: string | null;
  /** What differs: expr, for, labels, interval …; empty where the whole rule is missing or surplus. */
  readonly parts: readonly string[];
}

/** Two spellings of an expression, as Prometheus itself writes them; empty where it was not asked. */
export type CanonicalForms = ReadonlyMap<string, string>;

interface Pool {
  readonly intervals: readonly number[];
  readonly byIdentity: ReadonlyMap<string, readonly LoadedRule[]>;
  readonly byName: ReadonlyMap<string, readonly LoadedRule[]>;
}

/**
 * Expressions that look different although the rules are each other's: Prometheus shows `24h` as `1d` and drops line ends, so it
 * has to be asked for the canonical form of both.
 */
export function expressionsToAsk(expected: readonly ExpectedGroup[], loaded: readonly LoadedGroup[]): string[] {
  const asked = new Set<string>();
  for (const group of expected) {
    const pool = poolOf(group.name, loaded);
    for (const rule of group.rules) {
      const candidates = candidatesOf(rule, pool);
      if (candidates.some((candidate) => sameText(rule.expr, candidate.query))) continue;
      for (const text of [rule.expr, ...candidates.map((candidate) => candidate.query)]) asked.add(text);
    }
  }
  return [...asked];
}

/** Group by group; the loaded rules of all files count, so that one file a cluster may hold groups of the same name. */
export function compareRules(
  expected: readonly ExpectedGroup[],
  loaded: readonly LoadedGroup[],
  canonical: CanonicalForms = new Map(),
): RuleDifference[] {
  return expected.flatMap((group) => {
    const pool = poolOf(group.name, loaded);
    const found = new Set<LoadedRule>();
    const differences = group.rules.flatMap((rule): RuleDifference[] => {
      const best = bestOf(rule, pool, canonical);
      if (best === null) return [{ kind: 'missing', group: group.name, rule: rule.name, parts: [] }];
      found.add(best.rule);
      return best.parts.length === 0
        ? []
        : [{ kind: 'differs', group: group.name, rule: rule.name, parts: best.parts }];
    });
    return [...differences, ...intervalOf(group, pool), ...surplusOf(group, pool, found)];
  });
}

function poolOf(name: string, loaded: readonly LoadedGroup[]): Pool {
  const groups = loaded.filter((group) => group.name === name);
  const rules = groups.flatMap((group) => group.rules);
  return {
    intervals: groups.map((group) => group.interval),
    byIdentity: Map.groupBy(rules, (rule) => identity(rule.type, rule.name, rule.labels ?? {})),
    byName: Map.groupBy(rules, (rule) => identity(rule.type, rule.name, {})),
  };
}

function identity(type: string, name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([type, name, Object.entries(labels).sort()]);
}

/** Rules of the same name and labels; where there are none, of the same name. */
function candidatesOf(rule: ExpectedRule, pool: Pool): readonly LoadedRule[] {
  return (
    pool.byIdentity.get(identity(rule.type, rule.name, rule.labels)) ??
    pool.byName.get(identity(rule.type, rule.name, {})) ??
    []
  );
}

function bestOf(
  rule: ExpectedRule,
  pool: Pool,
  canonical: CanonicalForms,
): { readonly rule: LoadedRule; readonly parts: readonly string[] } | null {
  let best: { rule: LoadedRule; parts: readonly string[] } | null = null;
  for (const candidate of candidatesOf(rule, pool)) {
    const parts = differingParts(rule, candidate, canonical);
    if (best === null || parts.length < best.parts.length) best = { rule: candidate, parts };
    if (parts.length === 0) break;
  }
  return best;
}

function differingParts(rule: ExpectedRule, loaded: LoadedRule, canonical: CanonicalForms): string[] {
  return [
    ...(sameExpression(rule.expr, loaded.query, canonical) ? [] : ['expr']),
    ...(rule.forSeconds === (loaded.duration ?? 0) ? [] : ['for']),
    ...(rule.keepFiringForSeconds === (loaded.keepFiringFor ?? 0) ? [] : ['keep_firing_for']),
    ...(sameLabels(rule.labels, loaded.labels) ? [] : ['labels']),
    ...(sameLabels(rule.annotations, loaded.annotations) ? [] : ['annotations']),
  ];
}

function sameLabels(wanted: Readonly<Record<string, string>>, got: Readonly<Record<string, string>> = {}): boolean {
  return identity('', '', wanted) === identity('', '', got);
}

function sameExpression(wanted: string, got: string, canonical: CanonicalForms): boolean {
  if (sameText(wanted, got)) return true;
  const [one, other] = [canonical.get(wanted), canonical.get(got)];
  return one !== undefined && one === other;
}

function sameText(one: string, other: string): boolean {
  return squeeze(one) === squeeze(other);
}

/** Without white space, but for that within quotes. */
function squeeze(expr: string): string {
  return expr.replace(
    /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|\s+/g,
    (_, quoted: string | undefined) => quoted ?? '',
  );
}

function intervalOf(group: ExpectedGroup, { intervals }: Pool): RuleDifference[] {
  const wanted = group.intervalSeconds;
  if (wanted === null || intervals.length === 0 || intervals.includes(wanted)) return [];
  return [{ kind: 'differs', group: group.name, rule: null, parts: ['interval'] }];
}

function surplusOf(group: ExpectedGroup, pool: Pool, found: ReadonlySet<LoadedRule>): RuleDifference[] {
  return [...pool.byIdentity.values()]
    .flat()
    .filter((rule) => !found.has(rule))
    .map((rule): RuleDifference => ({ kind: 'surplus', group: group.name, rule: rule.name, parts: [] }));
}
