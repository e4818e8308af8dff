import { OpError } from '../contract/errors.ts';
import type { Page } from './port.ts';

const defaultLimit = 50;
const maxLimit = 500;

/** The row after which the next page begins: its sort value and, between equal ones, its id. */
export interface Position {
  readonly value: string | number;
  readonly id: string;
}

/** Rows of a page: what was asked for, at least 1, at most 500, 50 when nothing was said. */
export function pageLimit(asked: number | undefined): number {
  if (asked === undefined || Number.isNaN(asked)) return defaultLimit;
  return Math.min(Math.max(Math.trunc(asked), 1), maxLimit);
}

/** `order` binds a cursor to the order of the rows that it was made for. */
export function encodeCursor(order: string, position: Position): string {
  return Buffer.from(JSON.stringify([order, position.value, position.id])).toString('base64url');
}

/** Errors: throws OpError `bad_request` for a cursor that was not made by this list in this order. */
export function decodeCursor(order: string, cursor: string | undefined): Position | null {
  if (cursor === undefined) return null;
  const parsed = parse(cursor);
  if (Array.isArray(parsed) && parsed.length === 3 && parsed[0] === order && typeof parsed[2] === 'string') {
    const value: unknown = parsed[1];
    if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) {
      return { value, id: parsed[2] };
    }
  }
  throw new OpError('bad_request', 'the cursor does not belong to this list; begin again without a cursor');
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null; // told apart by the caller: every wrong shape is the same refusal
  }
}

/** Makes the page out of one row more than was asked for: whether that row exists tells whether a next page does. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  order: string,
  positionOf: (row: Row) => Position,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(order, positionOf(last)) : null;
  return { items: shown.map(itemOf), next };
}
