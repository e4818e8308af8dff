import { css } from '@emotion/css';
import { AppEvents, type EventBusSrv, type GrafanaTheme2 } from '@grafana/data';
import { Alert, useStyles2, type AlertVariant } from '@grafana/ui';
import { useEffect, useState, type ReactNode } from 'react';

interface Toast {
  readonly id: number;
  readonly severity: AlertVariant;
  readonly title: string;
  readonly text: string | undefined;
}

const shownMs = 6_000;
const maxToasts = 4;
const getStyles = (theme: GrafanaTheme2) =>
  css({
    position: 'fixed',
    zIndex: theme.zIndex.portal,
    top: theme.spacing(7),
    right: theme.spacing(2),
    width: 'min(400px, calc(100vw - 32px))',
  });

/** The short messages that apps send over the event bus. */
export function Toasts({ events }: { readonly events: EventBusSrv }): ReactNode {
  const className = useStyles2(getStyles);
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const remove = (id: number): void => setToasts((all) => all.filter((toast) => toast.id !== id));
  useEffect(() => {
    let count = 0;
    const show = (severity: AlertVariant) => (payload: readonly [string, string?]) => {
      const toast = { id: (count += 1), severity, title: payload[0], text: payload[1] };
      setToasts((all) => [...all.slice(1 - maxToasts), toast]);
      if (severity === 'success') setTimeout(() => remove(toast.id), shownMs);
    };
    const kinds = [
      [AppEvents.alertSuccess, 'success'],
      [AppEvents.alertInfo, 'info'],
      [AppEvents.alertWarning, 'warning'],
      [AppEvents.alertError, 'error'],
    ] as const;
    const handlers = kinds.map(([event, severity]) => [event, show(severity)] as const);
    for (const [event, handler] of handlers) events.on(event, handler as never);
    return () => {
      for (const [event, handler] of handlers) events.off(event, handler as never);
    };
  }, [events]);
  return (
    <div className={className} aria-live="polite">
      {toasts.map(({ id, severity, title, text }) => (
        <Alert key={id} severity={severity} title={title} elevated onRemove={() => remove(id)}>
          {text}
        </Alert>
      ))}
    </div>
  );
}
