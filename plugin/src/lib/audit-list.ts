import { choiceParam, textParam, timeParam, type StateOf } from './url-state.ts';

/** The Audit page's state in its URL and the query that it makes of it. */

export const auditResults = ['intent', 'succeeded', 'failed', 'denied'] as const;

export const auditParams = {
  q: textParam(),
  actor: textParam(100),
  action: textParam(60),
  service: textParam(63),
  result: choiceParam(auditResults),
  operationId: textParam(100),
  from: timeParam(),
  to: timeParam(),
  /** The row whose drawer is open. */
  entry: textParam(20),
} as const;
export type AuditState = StateOf<typeof auditParams>;

export const auditFilters = ['q', 'actor', 'action', 'service', 'result', 'operationId', 'from', 'to'] as const;

/** The filter as the API takes it; shared by the list and the export, so that a file holds what the page shows. */
export function auditFilter(state: AuditState): Record<string, string> {
  return Object.fromEntries(auditFilters.flatMap((name) => (state[name] === '' ? [] : [[name, state[name]] as const])));
}

export function clearedAuditFilters(): Partial<AuditState> {
  return { q: '', actor: '', action: '', service: '', result: '', operationId: '', from: '', to: '' };
}

/** The row that a link names; null: that is no row. */
export function rowNumber(entry: string): number | null {
  return /^[1-9]\d{0,15}$/.test(entry) ? Number(entry) : null;
}

/** Who stands behind a row: a person whose identity was checked, one who was not, or no person at all. */
export type IdentityMark = 'verified' | 'unverified' | 'direct' | 'system';

export function identityMark(row: {
  readonly verified: boolean | null;
  readonly via: string;
  readonly role: string;
}): IdentityMark {
  if (row.verified === true) return 'verified';
  if (row.verified === false) return 'unverified';
  return row.via === 'schedule' || row.role === 'system' ? 'system' : 'direct';
}

/** Name of the file of an export: what it holds and when it was made, without characters that file systems refuse. */
export function exportName(format: 'csv' | 'json', nowMs: number): string {
  return `genesis-audit-${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '')}Z.${format}`;
}
