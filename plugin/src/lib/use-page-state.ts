import { locationService } from '@grafana/runtime';
import { useCallback, useMemo } from 'react';
import { useLocation } from 'react-router';
import { readState, writeState, type StateOf } from './url-state.ts';

type Change<P extends object> = (change: Partial<StateOf<P>>, options?: { readonly push?: boolean }) => void;

/**
 * The page's state as it stands in the URL, and how to change it. Changes replace the entry in the history unless `push` is
 * asked for: the back button leads to the last thing that was opened, not through every letter typed into a filter.
 */
export function usePageState<P extends object>(params: P): readonly [StateOf<P>, Change<P>] {
  const { search } = useLocation();
  const state = useMemo(() => readState(params, search), [params, search]);
  const change = useCallback<Change<P>>(
    (wanted, options) => locationService.partial(writeState(params, wanted), options?.push !== true),
    [params],
  );
  return [state, change];
}
