import { auditFilter, auditParams, exportName, identityMark, rowNumber } from './audit-list.ts';
import { readState } from './url-state.ts';

describe('the audit log and its URL', () => {
  it('filters the list and the export alike, without the row that is open', () => {
    const state = readState(auditParams, '?actor=ada&result=denied&entry=7&from=2026-11-20T00:00:00Z');

    expect(auditFilter(state)).toEqual({ actor: 'ada', result: 'denied', from: '2026-11-20T00:00:00.000Z' });
  });

  it.each([
    [{ verified: true, via: 'token', role: 'operator' }, 'verified'],
    [{ verified: false, via: 'token', role: 'operator' }, 'unverified'],
    [{ verified: null, via: 'session', role: 'admin' }, 'direct'],
    [{ verified: null, via: 'schedule', role: 'system' }, 'system'],
  ])('tells who stands behind %j', (row, mark) => {
    expect(identityMark(row)).toBe(mark);
  });

  it('takes only a row number from a link', () => {
    expect(['7', '0', '', '1e3', '-4', '12a'].map(rowNumber)).toEqual([7, null, null, null, null, null]);
  });

  it('names an export by its moment', () => {
    expect(exportName('csv', Date.parse('2026-11-22T08:30:15Z'))).toBe('genesis-audit-2026-11-22T083015Z.csv');
  });
});
