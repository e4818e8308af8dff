import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';

/** What is left of an error budget, drawn; the figure stands beside it. Nothing is drawn where it is not known. */
export function BudgetBar({ remaining }: { readonly remaining: number | null }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  if (remaining === null) return null;
  const share = Math.min(1, Math.max(0, remaining));
  const color =
    share > 0.25 ? theme.colors.success.main : share > 0 ? theme.colors.warning.main : theme.colors.error.main;
  return (
    <div className={styles.bar} aria-hidden>
      <div className={styles.fill} style={{ width: `${share * 100}%`, background: color }} />
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    bar: css({
      height: 6,
      width: 96,
      background: theme.colors.background.canvas,
      border: `1px solid ${theme.colors.border.weak}`,
      borderRadius: theme.shape.radius.pill,
      overflow: 'hidden',
    }),
    fill: css({ height: '100%' }),
  };
}
