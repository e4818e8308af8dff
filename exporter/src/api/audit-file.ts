import { isVerified } from '../contract/operation.ts';
import type { AuditEntry } from '../store/port.ts';

/** The audit log as files that others read. */

type Rows = AsyncIterable<readonly AuditEntry[]>;

/** A row with the mark whether a signature names its actor. */
export function marked(entry: AuditEntry): AuditEntry & { readonly verified: boolean | null } {
  return { ...entry, verified: isVerified(entry.via) };
}

const columns = [
  'seq',
  'at',
  'actor',
  'verified',
  'role',
  'via',
  'action',
  'service',
  'target',
  'result',
  'reason',
  'operationId',
  'remote',
  'details',
  'hash',
] as const;

/**
 * One cell. A text that a spreadsheet would take for a formula gets an apostrophe in front: reasons and names are what anybody
 * typed, and the file is opened by somebody with more rights.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const defused = typeof value === 'string' && /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) || defused !== defused.trim() ? `"${defused.replaceAll('"', '""')}"` : defused;
}

/** RFC 4180: a header line, CRLF; `details` is JSON. */
export async function* auditCsv(rows: Rows): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`;
  for await (const chunk of rows) {
    const lines = chunk.map(marked).map((row) => columns.map((column) => csvCell(row[column])).join(','));
    yield `${lines.join('\r\n')}\r\n`;
  }
}

/** One array; an element a line. */
export async function* auditJson(rows: Rows): AsyncGenerator<string> {
  let before = '[\n';
  for await (const chunk of rows) {
    yield before + chunk.map((row) => JSON.stringify(marked(row))).join(',\n');
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}
