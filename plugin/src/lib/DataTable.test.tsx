import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { DataTable, type Column } from './DataTable.tsx';

interface Row {
  readonly id: string;
  readonly size: number;
}

const onSort = jest.fn();
const columns: readonly Column<Row>[] = [
  { id: 'id', header: 'Id', cell: ({ id }) => id },
  {
    id: 'size',
    header: 'Size',
    isNumber: true,
    cell: ({ size }) => `${size} B`,
    sort: { order: 'none', onSort },
  },
];

describe('a table', () => {
  afterEach(cleanup);

  it('stays a table to assistive technology, also where it is drawn as cards', () => {
    render(<DataTable label="Things" columns={columns} rows={[{ id: 'a', size: 1 }]} keyOf={({ id }) => id} />);

    expect(screen.getByRole('table', { name: 'Things' })).toBeTruthy();
    expect(screen.getAllByRole('cell').map((cell) => cell.getAttribute('data-label'))).toEqual(['Id', 'Size']);
  });

  it('tells its order and sorts by a real button', () => {
    render(<DataTable label="Things" columns={columns} rows={[]} keyOf={({ id }) => id} />);

    expect(screen.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort')).toBe('none');
    fireEvent.click(screen.getByRole('button', { name: 'Size' }));
    expect(onSort).toHaveBeenCalledTimes(1);
  });
});
