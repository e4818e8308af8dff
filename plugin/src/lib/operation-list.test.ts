import { operationParams, pastQuery } from './operation-list.ts';
import { readState } from './url-state.ts';

describe('the list of operations and its URL', () => {
  it('asks for what has ended and fits the filter, not for the operation whose drawer is open', () => {
    const state = readState(operationParams, '?service=shop&kind=restore&state=failed&operation=op-1');

    expect(pastQuery(state)).toEqual({
      service: 'shop',
      kind: 'restore',
      state: 'failed',
      active: 'false',
      limit: '50',
    });
  });

  it('does not ask for a state that is not an end: what runs stands in its own list', () => {
    expect(pastQuery(readState(operationParams, '?state=running'))).toEqual({ active: 'false', limit: '50' });
  });
});
