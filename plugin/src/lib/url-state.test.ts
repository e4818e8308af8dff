import { choiceParam, isFiltered, readState, textParam, timeParam, writeState } from './url-state.ts';

const params = {
  q: textParam(10),
  type: choiceParam(['full', 'incremental']),
  sort: choiceParam(['new', 'old'], 'new'),
  asOf: timeParam(),
};

describe('the state of a page in its URL', () => {
  it('reads what a link says and ignores what belongs to others', () => {
    expect(readState(params, '?q=abc&type=full&sort=old&theme=light')).toEqual({
      q: 'abc',
      type: 'full',
      sort: 'old',
      asOf: '',
    });
  });

  it('falls back to the default for what an old or a hand-made link says wrongly', () => {
    expect(readState(params, '?type=tape&sort=&asOf=yesterday')).toEqual({ q: '', type: '', sort: 'new', asOf: '' });
  });

  it('cuts a text that is too long to be sent on', () => {
    expect(readState(params, `?q=${'x'.repeat(50)}`).q).toHaveLength(10);
  });

  it('writes only what differs from the default, and takes the rest out of the URL', () => {
    expect(writeState(params, { q: '', type: 'full', sort: 'new' })).toEqual({ q: null, type: 'full', sort: null });
  });

  it('gives back what it wrote', () => {
    const written = writeState(params, {
      q: 'a b&c',
      type: 'incremental',
      sort: 'old',
      asOf: '2026-11-20T10:00:00.000Z',
    });
    const search = new URLSearchParams(written as Record<string, string>).toString();

    expect(readState(params, search)).toEqual({
      q: 'a b&c',
      type: 'incremental',
      sort: 'old',
      asOf: '2026-11-20T10:00:00.000Z',
    });
  });

  it('knows whether a filter is set, so that an empty list can say why', () => {
    expect(isFiltered(params, readState(params, '?sort=old'), ['q', 'type'])).toBe(false);
    expect(isFiltered(params, readState(params, '?type=full'), ['q', 'type'])).toBe(true);
  });
});
