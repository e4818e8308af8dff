import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import type { ReactNode } from 'react';

interface LinkButtonTextProps {
  readonly onClick: () => void;
  /** Small and monospaced below the text: an id. */
  readonly below?: string;
  readonly title?: string;
  readonly children: ReactNode;
}

/** A button that looks like a link, for what opens something on the same page. */
export function LinkButtonText({ onClick, below, title, children }: LinkButtonTextProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <button type="button" className={styles.link} onClick={onClick} title={title}>
      <span>{children}</span>
      {below !== undefined && <small>{below}</small>}
    </button>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    link: css({
      display: 'inline-flex',
      flexDirection: 'column',
      padding: 0,
      border: 0,
      background: 'none',
      textAlign: 'left',
      color: theme.colors.text.link,
      cursor: 'pointer',
      overflowWrap: 'anywhere',
      '&:hover span': { textDecoration: 'underline' },
      small: { color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamilyMonospace },
    }),
  };
}
