import { ariaSort, backupQuery, nextSort, readBackupState, rowsShown, withFirstPage } from './backup-list.ts';

describe('the list of backups and its URL', () => {
  it('asks for the newest 50 when a link says nothing', () => {
    expect(backupQuery(readBackupState(''))).toEqual({ sort: '-startedAt', limit: '50' });
  });

  it('asks for what a link says and keeps the drawer out of the query', () => {
    const state = readBackupState('?service=shop&verified=never&drilled=false&size=100&cursor=abc&backup=b1&tab=files');

    expect(backupQuery(state)).toEqual({
      service: 'shop',
      verified: 'never',
      drilled: 'false',
      sort: '-startedAt',
      limit: '100',
      cursor: 'abc',
    });
    expect(state).toMatchObject({ backup: 'b1', tab: 'files' });
  });

  it('begins at the first page when the list changes', () => {
    expect(withFirstPage({ type: 'full' })).toEqual({ type: 'full', cursor: '', skip: '' });
  });

  it('sorts the large first, then the small; names from A on, then from Z', () => {
    expect(nextSort('-startedAt', 'storedBytes')).toBe('-storedBytes');
    expect(nextSort('-storedBytes', 'storedBytes')).toBe('storedBytes');
    expect(nextSort('storedBytes', 'storedBytes')).toBe('-storedBytes');
    expect(nextSort('-startedAt', 'service')).toBe('service');
    expect(nextSort('service', 'service')).toBe('-service');
  });

  it('tells assistive technology the order of each column', () => {
    expect(ariaSort('-startedAt', 'startedAt')).toBe('descending');
    expect(ariaSort('-startedAt', 'service')).toBe('none');
    expect(ariaSort('service', 'service')).toBe('ascending');
  });

  it('says which rows are shown, and does not guess where a link leaves it out', () => {
    expect(rowsShown(readBackupState(''), 50)).toEqual({ first: 1, last: 50 });
    expect(rowsShown(readBackupState('?cursor=abc&skip=50'), 20)).toEqual({ first: 51, last: 70 });
    expect(rowsShown(readBackupState('?cursor=abc'), 20)).toBeNull();
    expect(rowsShown(readBackupState(''), 0)).toBeNull();
  });
});
