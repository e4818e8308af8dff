import type { BackupOrder } from '@genesis-dr/exporter/contract';
import { choiceParam, readState, textParam, timeParam, type StateOf } from './url-state.ts';

/** The Backups page's state in its URL and the query that it makes of it. */

export const backupSorts = ['startedAt', 'storedBytes', 'bytes', 'durationSeconds', 'service'] as const;
export type BackupSort = (typeof backupSorts)[number];
export type SortOrder = BackupOrder;
const orders = backupSorts.flatMap((sort): readonly SortOrder[] => [sort, `-${sort}`]);

/** More rows than this take longer to draw than a person waits; the next page is one click away. */
export const pageSizes = ['25', '50', '100'] as const;
const answers = ['true', 'false'] as const;

export const backupParams = {
  q: textParam(),
  service: textParam(63),
  type: choiceParam(['full', 'differential', 'incremental', 'snapshot']),
  status: choiceParam(['completed', 'completed_with_warnings', 'failed']),
  verified: choiceParam(['passed', 'failed', 'never']),
  drilled: choiceParam(answers),
  keep: choiceParam(answers),
  sort: choiceParam(orders, '-startedAt'),
  size: choiceParam(pageSizes, '50'),
  cursor: textParam(500),
  /** The backup whose drawer is open. */
  backup: textParam(),
  tab: choiceParam(['details', 'files'], 'details'),
  /** Folder and search of the file browser. */
  folder: textParam(4096),
  find: textParam(),
  /** The list, the moments that a restore can bring back, or what is backed up and where to. */
  view: choiceParam(['list', 'timeline', 'sources'], 'list'),
  /** The moment chosen on the timeline. */
  asOf: timeParam(),
  /** How many rows come before this page; only for the words below the list. */
  skip: textParam(9),
} as const;
export type BackupState = StateOf<typeof backupParams>;

/** What makes a list shorter; sorting and paging do not. */
export const backupFilters = ['q', 'service', 'type', 'status', 'verified', 'drilled', 'keep'] as const;
export type BackupFilter = (typeof backupFilters)[number];

export function readBackupState(search: string | URLSearchParams): BackupState {
  return readState(backupParams, search);
}

/** The query of `listBackups`, as text; what is not set is not sent. */
export function backupQuery(state: BackupState): Record<string, string> {
  const filters = backupFilters.flatMap((name) => (state[name] === '' ? [] : [[name, state[name]] as const]));
  const cursor = state.cursor === '' ? [] : [['cursor', state.cursor] as const];
  return Object.fromEntries([...filters, ['sort', state.sort] as const, ['limit', state.size] as const, ...cursor]);
}

/** A change of what is listed begins at the first page: a cursor belongs to the list it was made for. */
export function withFirstPage(change: Partial<BackupState>): Partial<BackupState> {
  return { ...change, cursor: '', skip: '' };
}

export function clearedFilters(): Partial<BackupState> {
  return { q: '', service: '', type: '', status: '', verified: '', drilled: '', keep: '', cursor: '', skip: '' };
}

/** A first click on a column sorts the large and the new first (names from A on), the second turns it round. */
export function nextSort(current: SortOrder, column: BackupSort): SortOrder {
  const first: SortOrder = column === 'service' ? column : `-${column}`;
  const other: SortOrder = column === 'service' ? `-${column}` : column;
  return current === first ? other : first;
}

export function ariaSort(current: SortOrder, column: BackupSort): 'ascending' | 'descending' | 'none' {
  if (current === column) return 'ascending';
  return current === `-${column}` ? 'descending' : 'none';
}

/** `51–100 of 10,000`: first and last row of the page. A link with a cursor only does not say how many rows come before. */
export function rowsShown(state: BackupState, shown: number): { readonly first: number; readonly last: number } | null {
  if (shown === 0 || (state.cursor !== '' && !/^\d+$/.test(state.skip))) return null;
  const before = state.cursor === '' ? 0 : Number(state.skip);
  return { first: before + 1, last: before + shown };
}
