import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { formatPercent } from '../../lib/format.ts';
import { scoreTone, shareOf } from '../../lib/quality-view.ts';

/** A score of 0 to 1, drawn and in figures. */
export function ScoreBar({
  name,
  score,
  minScore,
}: {
  readonly name: string;
  readonly score: number;
  readonly minScore: number;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { colors } = useTheme2();
  const tone = scoreTone(score, minScore);
  const color = tone === 'good' ? colors.success.main : tone === 'attention' ? colors.warning.main : colors.error.main;
  return (
    <div className={styles.row}>
      <div className={styles.words}>
        <span>{name}</span>
        <span>{formatPercent(score, 1)}</span>
      </div>
      <div className={styles.bar} aria-hidden>
        <div className={styles.fill} style={{ width: `${shareOf(score) * 100}%`, background: color }} />
      </div>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    row: css({ minWidth: 0 }),
    words: css({
      display: 'flex',
      justifyContent: 'space-between',
      gap: theme.spacing(1),
      fontVariantNumeric: 'tabular-nums',
    }),
    bar: css({
      height: 6,
      marginTop: theme.spacing(0.5),
      background: theme.colors.background.canvas,
      border: `1px solid ${theme.colors.border.weak}`,
      borderRadius: theme.shape.radius.pill,
      overflow: 'hidden',
    }),
    fill: css({ height: '100%' }),
  };
}
