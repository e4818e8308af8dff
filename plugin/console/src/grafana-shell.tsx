import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Text, useStyles2 } from '@grafana/ui';
import type { ReactNode } from 'react';
import type { AppMeta, GrafanaBoot } from './boot.ts';

const getStyles = (theme: GrafanaTheme2) =>
  css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: 48,
    padding: theme.spacing(0, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  });

export interface GrafanaShellProps {
  readonly grafana: GrafanaBoot;
  readonly meta: AppMeta;
  readonly children: ReactNode;
}

/** Stands for Grafana's own frame where the browser tests play Grafana. */
export function GrafanaShell({ grafana, meta, children }: GrafanaShellProps): ReactNode {
  const className = useStyles2(getStyles);
  return (
    <>
      <header className={className}>
        <Text>Home</Text>
        <Text color="secondary">{`› Apps › ${meta.name}`}</Text>
        <Text color="secondary">{`Grafana ${grafana.version} (test host), ${grafana.login}, ${grafana.orgRole}`}</Text>
      </header>
      {children}
    </>
  );
}
