import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { memo, type ReactNode } from 'react';

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, so that their digits can be compared. */
  readonly isNumber?: boolean;
  /** Left out where the table becomes cards: it stands in the details. */
  readonly isMinor?: boolean;
  /** Share of the table's width, e.g. '34%', so that tables below each other line up. */
  readonly width?: string;
  readonly sort?: { readonly order: 'ascending' | 'descending' | 'none'; readonly onSort: () => void };
}

interface DataTableProps<Row> {
  /** What the table lists, for assistive technology. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The row whose details are open. */
  readonly selected?: string | undefined;
}

/**
 * A table that becomes a list of cards where it would not fit: every cell then carries its column's header. Grafana's own
 * table scrolls sideways instead, and a number that is off the screen at 3 a.m. is a number nobody reads.
 */
export function DataTable<Row>({ label, columns, rows, keyOf, selected }: DataTableProps<Row>) {
  const styles = useStyles2(getStyles);
  return (
    <table className={styles.table} role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ id, header, isNumber, sort, width }) => (
            <th
              key={id}
              role="columnheader"
              scope="col"
              className={cx(isNumber === true && styles.number)}
              style={width === undefined ? undefined : { width }}
              aria-sort={sort === undefined ? undefined : sort.order}
            >
              {sort === undefined ? header : <SortButton header={header} {...sort} />}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <MemoRow
              key={key}
              row={row}
              columns={columns as readonly Column<unknown>[]}
              isSelected={key === selected}
            />
          );
        })}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly row: unknown;
  readonly columns: readonly Column<unknown>[];
  readonly isSelected: boolean;
}

/** A refresh hands over the very same objects for what has not changed: those rows are not drawn again. */
const MemoRow = memo(function TableRow({ row, columns, isSelected }: RowProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <tr role="row" className={cx(isSelected && styles.selected)}>
      {columns.map(({ id, header, cell, isNumber, isMinor }) => (
        <td
          key={id}
          role="cell"
          data-label={header}
          className={cx(isNumber === true && styles.number, isMinor === true && styles.minor)}
        >
          <div className={styles.cell}>{cell(row)}</div>
        </td>
      ))}
    </tr>
  );
});

interface SortButtonProps {
  readonly header: string;
  readonly order: 'ascending' | 'descending' | 'none';
  readonly onSort: () => void;
}

function SortButton({ header, order, onSort }: SortButtonProps) {
  const styles = useStyles2(getStyles);
  return (
    <button type="button" className={styles.sort} onClick={onSort}>
      {header}
      {order !== 'none' && <Icon name={order === 'ascending' ? 'arrow-up' : 'arrow-down'} size="sm" />}
    </button>
  );
}

function getStyles(theme: GrafanaTheme2) {
  const narrow = theme.breakpoints.down('md');
  return {
    table: css({
      width: '100%',
      borderCollapse: 'collapse',
      'th, td': { padding: theme.spacing(0.75, 1), textAlign: 'left', verticalAlign: 'top' },
      th: { fontWeight: theme.typography.fontWeightMedium, color: theme.colors.text.secondary, whiteSpace: 'nowrap' },
      'tbody tr': { borderTop: `1px solid ${theme.colors.border.weak}` },
      'tbody tr:hover': { background: theme.colors.action.hover },
      [narrow]: {
        display: 'block',
        // Sorting stays reachable: the headers become one line of buttons.
        thead: { display: 'block' },
        'thead tr': { display: 'flex', flexWrap: 'wrap' },
        'th:not(:has(button))': { display: 'none' },
        // A row without any header left in it would be an error to assistive technology.
        'thead:not(:has(button))': { display: 'none' },
        tbody: { display: 'block' },
        'tbody tr': { display: 'block', padding: theme.spacing(1, 0) },
        td: { display: 'flex', gap: theme.spacing(1), padding: theme.spacing(0.25, 0.5), textAlign: 'left' },
        // An empty cell would only be a label without a value.
        'td:has(> div:empty)': { display: 'none' },
        'td::before': {
          content: 'attr(data-label)',
          flex: '0 0 104px',
          color: theme.colors.text.secondary,
          fontSize: theme.typography.bodySmall.fontSize,
        },
      },
    }),
    cell: css({
      minWidth: 0,
      overflowWrap: 'anywhere',
      // Side by side, a column is as wide as its longest word; cells with long ids break them themselves.
      [theme.breakpoints.up('md')]: { display: 'contents', overflowWrap: 'break-word' },
    }),
    number: css({
      '&&': {
        fontVariantNumeric: 'tabular-nums',
        [theme.breakpoints.up('md')]: { textAlign: 'right', whiteSpace: 'nowrap' },
      },
    }),
    minor: css({ '&&': { [narrow]: { display: 'none' } } }),
    // A mark at the edge and no other background: links on Grafana's "selected" colour are too faint in the light theme.
    selected: css({ '&&': { boxShadow: `inset 3px 0 0 ${theme.colors.primary.border}` } }),
    sort: css({
      display: 'inline-flex',
      alignItems: 'center',
      gap: theme.spacing(0.25),
      padding: 0,
      border: 0,
      background: 'none',
      color: 'inherit',
      font: 'inherit',
      cursor: 'pointer',
      '&:hover': { color: theme.colors.text.primary },
    }),
  };
}
