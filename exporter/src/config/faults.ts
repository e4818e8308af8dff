import { isAlias, isCollection, isNode, isPair, isScalar } from 'yaml';
import type { Document, Node, LineCounter } from 'yaml';

export type FaultPath = readonly (string | number)[];

/** One thing that is wrong in the file, or (as a warning) that is allowed but surely not meant. */
export interface Fault {
  readonly code: 'config_invalid' | 'config_insecure';
  /** As people write it: `services[0].backup.schedules.full`; empty for the file itself. */
  readonly path: string;
  /** Counted from 1; null where the file does not name the thing (a default). */
  readonly line: number | null;
  readonly column: number | null;
  /** What stands there, shortened; null where it is absent or may be a secret. */
  readonly value: string | null;
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
}

/** A fault before its place in the text is known. */
export interface FoundFault {
  readonly code?: Fault['code'];
  readonly path: FaultPath;
  readonly value?: unknown;
  readonly message: string;
  readonly mend: string;
}

/** `services[0].backup.components.data.paths[1]`; keys that are not plain names are quoted. */
export function formatPath(path: FaultPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[A-Za-z_][\w-]*$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const valueLengthMax = 60;

/** A value as one short line, URL credentials masked; null for nothing. */
export function shortValue(value: unknown): string | null {
  if (value === undefined) return null;
  const text = maskUrl(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)));
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > valueLengthMax ? `${line.slice(0, valueLengthMax - 1)}…` : line;
}

/** User, password and query values of addresses, and long mixed path segments (hook tokens), become ***. */
export function maskUrl(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi, (_whole, scheme: string, rest: string) => {
    const [address = '', ...query] = rest.split('?');
    const [host = '', ...segments] = address.replace(/^[^/]*@/, '***@').split('/');
    const path = segments.map((s) => (/^(?=.*\d)(?=.*[A-Za-z])[\w.~%+=-]{16,}$/.test(s) ? '***' : s));
    const masked = query.length === 0 ? '' : `?${query.join('?').replaceAll(/=[^&]*/g, '=***')}`;
    return scheme + [host, ...path].join('/') + masked;
  });
}

/** Gives a fault its place: that of the key if the file has it, else of the nearest enclosing key. */
export function locate(found: FoundFault, doc: Document.Parsed | null, lines: LineCounter): Fault {
  const offset = doc === null ? null : offsetOf(doc, found.path);
  const place = offset === null ? null : lines.linePos(offset);
  return {
    code: found.code ?? 'config_invalid',
    path: formatPath(found.path),
    line: place?.line ?? null,
    column: place?.col ?? null,
    value: shortValue(found.value),
    message: found.message,
    mend: found.mend,
  };
}

function offsetOf(doc: Document.Parsed, path: FaultPath): number | null {
  let node: unknown = doc.contents;
  let offset: number | null = isNode(node) ? startOf(node) : null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(doc);
    if (!isCollection(node)) return offset;
    const item: unknown = node.items.find((candidate, index) =>
      isPair(candidate) && isScalar(candidate.key) ? String(candidate.key.value) === String(step) : index === step,
    );
    if (item === undefined) return offset;
    // A key's own place is more telling than that of its value: the value may stand on another line.
    const shown = isPair(item) ? item.key : item;
    if (isNode(shown)) offset = startOf(shown) ?? offset;
    node = isPair(item) ? item.value : item;
  }
  return offset;
}

function startOf(node: Node): number | null {
  return node.range?.[0] ?? null;
}

/** The known word nearest to a misspelt one; null when none is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  const extended = known.filter((candidate) => isBeginning(candidate, word) || isBeginning(word, candidate));
  if (extended.length === 1) return extended[0] ?? null;
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  ranked.sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : null;
}

function isBeginning(short: string, long: string): boolean {
  return short.length >= 3 && long.startsWith(short);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
