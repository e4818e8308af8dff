/** What a PromQL expression names: for tests that compare it with what exists. */
export interface Named {
  readonly metrics: readonly { readonly name: string; readonly matched: readonly string[] }[];
  /** Labels in by, without, on, ignoring, group_left and group_right. */
  readonly groupings: readonly string[];
}

const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'atan2', 'inf', 'nan']);
const groupingWords = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const token = /"(?:\\.|[^"\\])*"|[a-zA-Z_:][a-zA-Z0-9_:]*|\d[\w.]*|[=!<>]=|[=!]~|[^\s]/g;

/** Reads names out of an expression; it does not check its syntax (promtool does). */
export function namesIn(expr: string): Named {
  const tokens: readonly string[] = expr.replace(/\[[^\]]*\]/g, ' ').match(token) ?? [];
  const metrics: { name: string; matched: string[] }[] = [];
  const groupings: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const text = tokens[i] ?? '';
    const next = tokens[i + 1] ?? '';
    if (!/^[a-zA-Z_:]/.test(text) || words.has(text.toLowerCase())) continue;
    if (groupingWords.has(text)) {
      const end = next === '(' ? tokens.indexOf(')', i) : i;
      groupings.push(...tokens.slice(i + 2, end).filter((t) => t !== ','));
      i = end;
    } else if (next === '{') {
      const end = tokens.indexOf('}', i);
      metrics.push({
        name: text,
        matched: tokens.slice(i + 2, end).filter((_, at, all) => /^[=!]/.test(all[at + 1] ?? '')),
      });
      i = end;
    } else if (next !== '(' && !groupingWords.has(next)) {
      metrics.push({ name: text, matched: [] });
    }
  }
  return { metrics, groupings };
}
