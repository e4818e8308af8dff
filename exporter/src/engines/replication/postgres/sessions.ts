import type { Outcome } from '../../../contract/errors.ts';
import { quoteIdentifier } from '../../postgres/types.ts';

/** Short, so that one server that hangs does not make the reading of all others late. */
export const timeouts = { connectTimeoutMs: 3000, statementTimeoutMs: 3000 } as const;

/** The table that the heartbeat is written to. */
export function heartbeatTable(schema: string): string {
  return `${quoteIdentifier(schema)}.heartbeat`;
}

const undefinedTable = '42P01';
const invalidSchema = '3F000';
const readOnlyTransaction = '25006';

function sqlstate(outcome: Outcome<unknown>): string | null {
  const state = outcome.ok ? null : outcome.error.details?.['sqlstate'];
  return typeof state === 'string' ? state : null;
}

/** Whether a statement failed because its table or schema is not there. */
export function isMissing(outcome: Outcome<unknown>): boolean {
  const state = sqlstate(outcome);
  return state === undefinedTable || state === invalidSchema;
}

/** Whether a statement failed because the server accepts no writes: it is a standby, or was made read-only. */
export function isReadOnly(outcome: Outcome<unknown>): boolean {
  return sqlstate(outcome) === readOnlyTransaction;
}
