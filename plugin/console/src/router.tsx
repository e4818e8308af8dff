import { locationService } from '@grafana/runtime';
import { useLayoutEffect, useState, type ReactNode } from 'react';
import { Router, type Location, type Navigator } from 'react-router';

/** The part of the history (version 4) that the location service wraps; its own types are no dependency of ours. */
interface LocationHistory {
  readonly location: Location;
  readonly action: 'POP' | 'PUSH' | 'REPLACE';
  listen(listener: (location: Location, action: LocationHistory['action']) => void): () => void;
}

/** React Router on the history that Grafana's location service holds, so that both move together. */
export function HistoryRouter({ children }: { readonly children: ReactNode }): ReactNode {
  const history = locationService.getHistory() as unknown as LocationHistory;
  const [state, setState] = useState({ location: history.location, action: history.action });
  useLayoutEffect(() => history.listen((location, action) => setState({ location, action })), [history]);
  return (
    <Router
      location={state.location}
      navigationType={state.action as never}
      navigator={history as unknown as Navigator}
    >
      {children}
    </Router>
  );
}

/** Whether a click on a link stays in this page: our own addresses, a plain left click, no other window. */
export function staysHere(event: MouseEvent, anchor: HTMLAnchorElement, prefixes: readonly string[]): boolean {
  const { ctrlKey, metaKey, shiftKey, altKey, button, defaultPrevented } = event;
  if (ctrlKey || metaKey || shiftKey || altKey || button !== 0 || defaultPrevented) return false;
  if ((anchor.target !== '' && anchor.target !== '_self') || anchor.hasAttribute('download')) return false;
  if (anchor.origin !== location.origin) return false;
  return prefixes.some((prefix) => anchor.pathname === prefix || anchor.pathname.startsWith(`${prefix}/`));
}

/** Grafana turns clicks on plain links into moves of its history; so do we. */
export function followLinks(prefixes: readonly string[]): void {
  document.addEventListener('click', (event) => {
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    if (anchor === null || !staysHere(event, anchor, prefixes)) return;
    event.preventDefault();
    locationService.push(`${anchor.pathname}${anchor.search}${anchor.hash}`);
  });
}
