import { css } from '@emotion/css';
import type { GrafanaTheme2, NavModelItem } from '@grafana/data';
import type { PluginPageProps } from '@grafana/runtime';
import { TextLink, useStyles2 } from '@grafana/ui';
import { useEffect, type ReactNode } from 'react';

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({
    minWidth: 0,
    padding: theme.spacing(3),
    [theme.breakpoints.down('md')]: { padding: theme.spacing(2) },
  }),
  crumbs: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0.5),
    listStyle: 'none',
    padding: 0,
    margin: `0 0 ${theme.spacing(1)}`,
    color: theme.colors.text.secondary,
  }),
  head: css({
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    alignItems: 'flex-start',
    gap: theme.spacing(2),
    marginBottom: theme.spacing(2),
  }),
  title: css({ minWidth: 0, '& h1': { margin: 0, overflowWrap: 'anywhere' } }),
  subtitle: css({ color: theme.colors.text.secondary }),
  info: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(3), '& dt': { ...theme.typography.bodySmall } }),
  actions: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1) }),
});

function ancestorsOf(item: NavModelItem | undefined): readonly NavModelItem[] {
  const parent = item?.parentItem;
  return parent === undefined ? [] : [...ancestorsOf(parent), parent];
}

function Crumbs({ item }: { readonly item: NavModelItem | undefined }): ReactNode {
  const styles = useStyles2(getStyles);
  const ancestors = ancestorsOf(item);
  if (ancestors.length === 0) return null;
  return (
    <nav aria-label="Breadcrumbs">
      <ol className={styles.crumbs}>
        {ancestors.map(({ text, url }) => (
          <li key={text}>
            {url === undefined ? (
              text
            ) : (
              <TextLink href={url} inline={false} variant="bodySmall">
                {text}
              </TextLink>
            )}
            <span aria-hidden="true"> ›</span>
          </li>
        ))}
        <li aria-current="page">{item?.text}</li>
      </ol>
    </nav>
  );
}

/** The frame that Grafana draws around an app's page: breadcrumbs, title, actions. */
export function PageFrame({ children, pageNav, actions, subTitle, renderTitle, info }: PluginPageProps): ReactNode {
  const styles = useStyles2(getStyles);
  const title = pageNav?.text ?? '';
  const sub = subTitle ?? pageNav?.subTitle;
  useEffect(() => {
    document.title = title === '' ? 'Genesis DR' : `${title} - Genesis DR`;
  }, [title]);
  return (
    <main className={styles.page}>
      <Crumbs item={pageNav} />
      {title !== '' && (
        <div className={styles.head}>
          <div className={styles.title}>
            {renderTitle === undefined ? <h1>{title}</h1> : renderTitle(title)}
            {sub !== undefined && <div className={styles.subtitle}>{sub}</div>}
          </div>
          {info !== undefined && (
            <dl className={styles.info}>
              {info.map(({ label, value }) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </div>
      )}
      {children}
    </main>
  );
}
