import { firstWhere, inOrder } from './ordered.ts';
import { combinePrints, type SampleColumn } from './sample.ts';

/** Fingerprints of the sensitive columns, row by row. */
export interface SensitivePrints {
  readonly columns: readonly string[];
  /** One array a column; NaN where missing. */
  readonly prints: readonly Float64Array[];
}

export interface PrivacyRisk {
  /** Share of restored rows that tell of a row of the source whom they are about, 0 to 1. */
  readonly risk: number;
  readonly findings: readonly string[];
}

/** What fewer rows than these have in common points at few enough persons to find the one. */
const crowd = 5;

/** Copies: the columns themselves are put in order afterwards. Null: nothing is sensitive. */
export function printsOf(columns: readonly SampleColumn[]): SensitivePrints | null {
  const sensitive = columns.flatMap((c) =>
    c.sensitive && c.prints !== null ? [{ name: c.name, prints: c.prints }] : [],
  );
  if (sensitive.length === 0) return null;
  return { columns: sensitive.map((c) => c.name), prints: sensitive.map((c) => c.prints.slice()) };
}

/**
 * Rows that came through unmasked: all sensitive values together are those of a row of the source that few others share, or one of
 * them alone is there exactly once on both sides. `sourceShare`: how much of the source was looked at, 0 to 1; what was found is
 * raised by it, because a row whose original was not looked at cannot match.
 */
export function privacyRisk(source: SensitivePrints, restored: SensitivePrints, sourceShare: number): PrivacyRisk {
  const columns = restored.columns.flatMap((name, i) => {
    const there = source.prints[source.columns.indexOf(name)];
    const here = restored.prints[i];
    return there === undefined || here === undefined ? [] : [{ there, here }];
  });
  const rows = columns[0]?.here.length ?? 0;
  if (rows === 0) return { risk: 0, findings: [] };
  const together = { there: combined(columns.map((c) => c.there)), here: combined(columns.map((c) => c.here)) };
  const whole = counted(together.there);
  const alone = columns.map(({ there, here }) => ({ here, source: counted(there), restored: counted(here) }));
  let [exact, recognised, either] = [0, 0, 0];
  for (let row = 0; row < rows; row += 1) {
    const inSource = whole(together.here[row]!);
    const byOne = alone.some((c) => c.source(c.here[row]!) === 1 && c.restored(c.here[row]!) === 1);
    if (inSource > 0) exact += 1;
    if (byOne) recognised += 1;
    if (byOne || (inSource > 0 && inSource < crowd)) either += 1;
  }
  const share = either / rows / (sourceShare > 0 ? sourceShare : 1);
  return { risk: Math.min(1, share), findings: told(exact, recognised, rows, sourceShare) };
}

function told(exact: number, recognised: number, rows: number, sourceShare: number): string[] {
  if (exact + recognised === 0) return [];
  const found = `${exact} of ${rows} rows have all sensitive values of a source row, ${recognised} can be told apart by one of them`;
  const part = `; ${(sourceShare * 100).toPrecision(2)} % of the source was looked at, the risk is raised by that`;
  return [found + (sourceShare < 1 ? part : '')];
}

/** NaN where every value is missing: nobody is recognised by nothing. */
function combined(prints: readonly Float64Array[]): Float64Array {
  return Float64Array.from({ length: prints[0]?.length ?? 0 }, (_, row) => {
    const values = prints.map((column) => column[row]!);
    return values.every((value) => Number.isNaN(value)) ? Number.NaN : combinePrints(values);
  });
}

/** How often a fingerprint is there. In order and by halving, because a map of a hundred thousand takes ten times the memory. */
function counted(prints: Float64Array): (print: number) => number {
  const ordered = inOrder(prints.slice());
  return (print) => {
    const from = firstWhere(ordered, (value) => value >= print);
    let to = from;
    // No more than a crowd is ever asked for.
    while (to - from < crowd && ordered[to] === print) to += 1;
    return to - from;
  };
}
