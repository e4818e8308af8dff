import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

// Reads expressions with Prometheus' own grammar, for tests.

export interface Selector {
  /** Empty where the metric is chosen by a matcher on __name__. */
  readonly name: string;
  readonly matched: readonly string[];
}
export interface Inspected {
  /** Where the grammar did not understand the text. */
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  /** Labels of by, without, on, group_left …, with the selectors below them. */
  readonly groupings: readonly {
    readonly label: string;
    readonly kind: 'by' | 'other';
    readonly of: readonly Selector[];
  }[];
  /** Functions over a range, with the range as it was written before variables were replaced. */
  readonly ranges: readonly { readonly function: string; readonly window: string }[];
}

/** Dashboards' variables that stand where PromQL wants a duration. */
const durations: readonly (readonly [RegExp, string])[] = [
  [/\$__rate_interval\b/g, '61s'],
  [/\$__range\b/g, '62s'],
  [/\$interval\b/g, '63s'],
];
const written: Readonly<Record<string, string>> = { '61s': '$__rate_interval', '62s': '$__range', '63s': '$interval' };

export function inspect(expr: string): Inspected {
  const text = durations.reduce((so, [variable, value]) => so.replace(variable, value), expr);
  const at = (node: SyntaxNode): string => text.slice(node.from, node.to);
  const errors: string[] = [];
  const selectors: Selector[] = [];
  const groupings: Inspected['groupings'][number][] = [];
  const ranges: Inspected['ranges'][number][] = [];
  parser.parse(text).iterate({
    enter: ({ node }) => {
      if (node.type.isError)
        errors.push(`${text.slice(Math.max(0, node.from - 20), node.from)}⚠${text.slice(node.from, node.to + 20)}`);
      if (node.name === 'VectorSelector') selectors.push(selectorOf(node, at));
      if (node.name === 'GroupingLabels') groupings.push(...groupingsOf(node, at));
      if (node.name === 'FunctionCall') {
        const window = descendants(node, 'MatrixSelector')
          .map((m) => m.lastChild)
          .find((n) => n !== null);
        if (window !== undefined && window !== null)
          ranges.push({ function: at(node.firstChild ?? node), window: written[at(window)] ?? at(window) });
      }
    },
  });
  return { errors, selectors, groupings, ranges };
}

type TextOf = (node: SyntaxNode) => string;

function descendants(node: SyntaxNode, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  node.cursor().iterate((inner) => {
    if (inner.name === name) found.push(inner.node);
  });
  return found;
}

function selectorOf(node: SyntaxNode, at: TextOf): Selector {
  const identifier = node.getChild('Identifier');
  return {
    name: identifier === null ? '' : at(identifier),
    matched: descendants(node, 'UnquotedLabelMatcher').map((matcher) => at(matcher.firstChild ?? matcher)),
  };
}

function groupingsOf(node: SyntaxNode, at: TextOf): Inspected['groupings'][number][] {
  // GroupingLabels ← AggregateModifier or MatchingModifierClause ← the expression that it belongs to.
  const modifier = node.parent;
  const owner = modifier?.parent ?? node;
  const of = descendants(owner, 'VectorSelector').map((selector) => selectorOf(selector, at));
  const kind = (modifier?.getChild('By') ?? null) === null ? 'other' : 'by';
  return node.getChildren('LabelName').map((label) => ({ label: at(label), kind, of }));
}

/**
 * Labels of the results of an expression, sorted: `[]` of a scalar or of an aggregate over everything, null where they cannot be told from
 * the text (a plain selector keeps its name and every label of its target).
 */
export function resultLabels(expr: string): readonly string[] | null {
  const text = durations.reduce((so, [variable, value]) => so.replace(variable, value), expr);
  const found = labelsOfNode(parser.parse(text).topNode.firstChild, (node) => text.slice(node.from, node.to));
  return found === 'scalar' ? [] : found;
}

function labelsOfNode(node: SyntaxNode | null, at: TextOf): readonly string[] | 'scalar' | null {
  switch (node?.name) {
    case 'ParenExpr':
      return labelsOfNode(node.firstChild?.nextSibling ?? null, at);
    case 'NumberDurationLiteral':
    case 'NumberLiteral':
      return 'scalar';
    case 'FunctionCall':
      return at(node) === 'time()' ? 'scalar' : null;
    case 'AggregateExpr': {
      const modifier = node.getChild('AggregateModifier');
      if (modifier === null) return [];
      if (modifier.getChild('By') === null) return null;
      return namesIn(modifier, at);
    }
    case 'BinaryExpr': {
      const left = labelsOfNode(node.firstChild, at);
      const right = labelsOfNode(node.lastChild, at);
      if (left === 'scalar') return right;
      const isSet = ['And', 'Unless'].some((name) => node.getChild(name) !== null);
      if (right === 'scalar' || isSet) return left;
      const matching = descendants(node, 'MatchingModifierClause').find((clause) => clause.parent?.from === node.from);
      return matching?.getChild('On') ? namesIn(matching, at) : left;
    }
    default:
      return null;
  }
}

function namesIn(modifier: SyntaxNode, at: TextOf): readonly string[] {
  return descendants(modifier, 'LabelName').map(at).sort();
}
