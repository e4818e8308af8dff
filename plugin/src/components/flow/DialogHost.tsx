import { locationService } from '@grafana/runtime';
import { createContext, Fragment, useCallback, useContext, useEffect, useRef, useState, type ReactNode } from 'react';

/** A dialog, given what closes it. */
export type Dialog = (close: () => void) => ReactNode;

const Host = createContext<((dialog: Dialog) => void) | null>(null);

interface Opened {
  readonly id: number;
  readonly dialog: Dialog;
  readonly giveBack: () => void;
}

/**
 * Holds the dialogs of a page beside what opened them. A button goes when a refresh says that there is nothing left to press;
 * a dialog below it would go too, with the half-written reason, or with the result that nobody has read yet.
 */
export function DialogHost({ children }: { readonly children: ReactNode }): React.JSX.Element {
  const [opened, setOpened] = useState<readonly Opened[]>([]);
  const last = useRef(0);
  const open = useCallback((dialog: Dialog) => {
    last.current += 1;
    const added: Opened = { id: last.current, dialog, giveBack: rememberFocus() };
    setOpened((before) => [...before, added]);
  }, []);
  // Whoever goes back in the browser leaves what the dialog was about.
  useEffect(
    () =>
      locationService.getHistory().listen((_location: unknown, action: string) => {
        if (action === 'POP') setOpened([]);
      }),
    [],
  );
  return (
    <Host.Provider value={open}>
      {children}
      {opened.map(({ id, dialog, giveBack }) => (
        <Fragment key={id}>
          {dialog(() => {
            setOpened((before) => before.filter((one) => one.id !== id));
            giveBack();
          })}
        </Fragment>
      ))}
    </Host.Provider>
  );
}

/** Opens dialogs at the page's host. Without one (a page of Grafana's own) they are `inPlace`, which has to be rendered. */
export function useDialog(): { readonly open: (dialog: Dialog) => void; readonly inPlace: ReactNode } {
  const host = useContext(Host);
  const [own, setOwn] = useState<Dialog | null>(null);
  // A function given to a setter would be called by it.
  return { open: host ?? ((dialog) => setOwn(() => dialog)), inPlace: own?.(() => setOwn(null)) };
}

/** The dialog itself gives the focus back to its button; where that is gone, the part of the page that it stood in gets it. */
function rememberFocus(): () => void {
  const opener = document.activeElement;
  const home = opener?.closest<HTMLElement>('section, main') ?? null;
  return () =>
    setTimeout(() => {
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (!isLost || opener?.isConnected === true || home?.isConnected !== true) return;
      home.tabIndex = -1;
      home.focus({ preventScroll: true });
    }, 100);
}
