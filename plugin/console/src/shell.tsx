import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, Badge, LinkButton, TextLink, ToolbarButton, useStyles2 } from '@grafana/ui';
import { useState, type ReactNode } from 'react';
import { useLocation } from 'react-router';
import { orgRoleOf, permissionsOf, type AppMeta, type HostBoot, type ThemeMode } from './boot.ts';

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    position: 'sticky',
    top: 0,
    zIndex: theme.zIndex.navbarFixed,
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(0.5, 1),
    minHeight: 48,
    padding: theme.spacing(0.5, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  brand: css({ fontWeight: theme.typography.fontWeightMedium, whiteSpace: 'nowrap' }),
  cluster: css({
    color: theme.colors.text.secondary,
    whiteSpace: 'nowrap',
    [theme.breakpoints.down('sm')]: { display: 'none' },
  }),
  pages: css({
    display: 'flex',
    flexWrap: 'wrap',
    marginLeft: theme.spacing(1),
    [theme.breakpoints.down('lg')]: { order: 3, width: '100%', marginLeft: 0, flexDirection: 'column' },
  }),
  folded: css({ [theme.breakpoints.down('lg')]: { display: 'none' } }),
  page: css({
    padding: theme.spacing(0.75, 1),
    borderRadius: theme.shape.radius.default,
    color: theme.colors.text.secondary,
    '&:hover': { color: theme.colors.text.primary, background: theme.colors.action.hover },
    '&[aria-current="page"]': { color: theme.colors.text.primary, background: theme.colors.action.selected },
  }),
  right: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), marginLeft: 'auto' }),
  who: css({
    color: theme.colors.text.secondary,
    whiteSpace: 'nowrap',
    [theme.breakpoints.down('xl')]: { display: 'none' },
  }),
  fold: css({ display: 'none', [theme.breakpoints.down('lg')]: { display: 'inline-flex' } }),
  ended: css({ padding: theme.spacing(2, 2, 0) }),
  more: css({ display: 'flex', gap: theme.spacing(1.5), alignItems: 'center' }),
  moreLinks: css({
    display: 'flex',
    gap: theme.spacing(1.5),
    padding: theme.spacing(0, 1),
    [theme.breakpoints.down('xl')]: { display: 'none' },
  }),
});

export interface ShellProps {
  readonly boot: HostBoot;
  readonly meta: AppMeta;
  readonly mode: ThemeMode;
  /** The exporter no longer knows this session. */
  readonly sessionEnded: boolean;
  readonly onMode: (mode: ThemeMode) => void;
  readonly children: ReactNode;
}

/** The app's pages that stand in Grafana's navigation and that this role may open. */
function pagesOf(boot: HostBoot, meta: AppMeta) {
  const held = permissionsOf(meta, orgRoleOf(boot));
  return (meta.includes ?? []).flatMap(({ type, name, path, action, addToNav }) =>
    type === 'page' && addToNav === true && path !== undefined && (action === undefined || held[action] === true)
      ? [{ name, path }]
      : [],
  );
}

async function logOut(): Promise<void> {
  await fetch('/api/v1/logout', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  location.assign('/login');
}

function Pages({ boot, meta, open }: Pick<ShellProps, 'boot' | 'meta'> & { readonly open: boolean }): ReactNode {
  const styles = useStyles2(getStyles);
  const { pathname } = useLocation();
  return (
    <nav id="console-pages" aria-label="Pages" className={cx(styles.pages, !open && styles.folded)}>
      {pagesOf(boot, meta).map(({ name, path }) => {
        const here = pathname === path || pathname.startsWith(`${path}/`);
        return (
          <a key={path} href={path} className={styles.page} aria-current={here ? 'page' : undefined}>
            {name}
          </a>
        );
      })}
    </nav>
  );
}

function Right({ boot, mode, onMode }: Pick<ShellProps, 'boot' | 'mode' | 'onMode'>): ReactNode {
  const styles = useStyles2(getStyles);
  const other = mode === 'dark' ? 'light' : 'dark';
  const { user } = boot;
  return (
    <div className={styles.right}>
      <span className={styles.moreLinks}>
        <TextLink href="/status" inline={false} variant="bodySmall" color="secondary">
          Status page
        </TextLink>
        <TextLink href="/api/docs" inline={false} variant="bodySmall" color="secondary">
          API
        </TextLink>
      </span>
      <span className={styles.who}>{user.name}</span>
      <Badge text={user.role} color="blue" icon="user" aria-label={`${user.name}, role ${user.role}`} />
      <ToolbarButton
        icon="palette"
        variant="canvas"
        aria-label={`Switch to the ${other} theme`}
        tooltip={`Switch to the ${other} theme`}
        onClick={() => onMode(other)}
      />
      {user.canLogOut && (
        <ToolbarButton
          icon="signout"
          variant="canvas"
          aria-label="Log out"
          tooltip="Log out"
          onClick={() => void logOut()}
        />
      )}
    </div>
  );
}

function SessionEnded(): ReactNode {
  const styles = useStyles2(getStyles);
  const { pathname, search } = useLocation();
  return (
    <div className={styles.ended}>
      <Alert severity="warning" title="Your session has ended. What stands below is as old as that.">
        <LinkButton href={`/login?to=${encodeURIComponent(`${pathname}${search}`)}`}>Log in again</LinkButton>
      </Alert>
    </div>
  );
}

/** The console's own slim frame: where one is, who one is, theme, and the way out. */
export function Shell({ boot, meta, mode, sessionEnded, onMode, children }: ShellProps): ReactNode {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  return (
    <>
      <header className={styles.bar}>
        <span className={styles.fold}>
          <ToolbarButton
            icon="bars"
            variant="canvas"
            aria-label="Pages"
            aria-expanded={open}
            aria-controls="console-pages"
            onClick={() => setOpen(!open)}
          />
        </span>
        <span className={styles.brand}>{meta.name}</span>
        <span className={styles.cluster}>{boot.cluster}</span>
        <Pages boot={boot} meta={meta} open={open} />
        <Right boot={boot} mode={mode} onMode={onMode} />
      </header>
      {sessionEnded && <SessionEnded />}
      {children}
    </>
  );
}
