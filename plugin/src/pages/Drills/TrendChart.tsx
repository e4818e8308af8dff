import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { useStyles2 } from '@grafana/ui';
import { trendShape, type TrendPoint } from '../../lib/drill-trend.ts';

const box = { width: 320, height: 72 };

interface TrendChartProps {
  readonly title: string;
  /** Oldest first. */
  readonly points: readonly TrendPoint[];
  /** The objective, seconds; null: none. */
  readonly target: number | null;
  readonly format: (seconds: number) => string;
}

/** What drills measured over time, beside the objective. A drill that failed before it measured shows as a cross at the bottom. */
export function TrendChart({ title, points, target, format }: TrendChartProps) {
  const styles = useStyles2(getStyles);
  const shape = trendShape(points, target, box);
  const measured = points.filter(({ seconds }) => seconds !== null);
  const newest = measured.at(-1)?.seconds ?? null;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        <span>{title}</span>
        <strong>{newest === null ? t('drills.trend-unknown', 'not measured') : format(newest)}</strong>
      </figcaption>
      {points.length > 0 && (
        <svg
          className={styles.chart}
          viewBox={`-6 -6 ${box.width + 12} ${box.height + 12}`}
          role="img"
          aria-label={describe(title, measured.length, newest, target, format)}
        >
          <line className={styles.base} x1={0} x2={box.width} y1={box.height} y2={box.height} />
          {shape.targetY !== null && (
            <line className={styles.target} x1={0} x2={box.width} y1={shape.targetY} y2={shape.targetY} />
          )}
          {shape.lines.map((line) => (
            <polyline key={line[0]?.x} className={styles.line} points={line.map(({ x, y }) => `${x},${y}`).join(' ')} />
          ))}
          {shape.dots.map(({ x, y, point }) => (
            <Dot key={point.atMs} x={x} y={y} point={point} format={format} />
          ))}
        </svg>
      )}
      <div className={styles.foot}>
        {target === null
          ? t('drills.trend-no-target', 'no objective')
          : t('drills.trend-target', 'objective: at most {{target}}', { target: format(target) })}
      </div>
    </figure>
  );
}

interface DotProps {
  readonly x: number;
  readonly y: number | null;
  readonly point: TrendPoint;
  readonly format: (seconds: number) => string;
}

function Dot({ x, y, point, format }: DotProps) {
  const styles = useStyles2(getStyles);
  const at = dateTimeFormat(point.atMs);
  if (y === null || point.seconds === null) {
    const arm = 3.5;
    const base = box.height - arm - 1;
    return (
      <path
        className={styles.cross}
        d={`M${x - arm} ${base - arm}L${x + arm} ${base + arm}M${x - arm} ${base + arm}L${x + arm} ${base - arm}`}
      >
        <title>{t('drills.dot-failed', '{{at}}: failed, nothing measured', { at })}</title>
      </path>
    );
  }
  return (
    <circle className={point.passed ? styles.dot : styles.dotFailed} cx={x} cy={y} r={3}>
      <title>{`${at}: ${format(point.seconds)}`}</title>
    </circle>
  );
}

function describe(
  title: string,
  count: number,
  newest: number | null,
  target: number | null,
  format: (seconds: number) => string,
): string {
  if (newest === null) return t('drills.trend-aria-none', '{{title}}: never measured', { title });
  const words = t('drills.trend-aria', '{{title}}: measured {{number}} times, last {{newest}}', {
    title,
    number: count,
    newest: format(newest),
  });
  return target === null
    ? words
    : `${words}; ${t('drills.trend-target', 'objective: at most {{target}}', { target: format(target) })}`;
}

function getStyles(theme: GrafanaTheme2) {
  return {
    figure: css({ margin: 0, minWidth: 0 }),
    caption: css({
      display: 'flex',
      justifyContent: 'space-between',
      gap: theme.spacing(1),
      color: theme.colors.text.secondary,
      strong: { color: theme.colors.text.primary, fontWeight: theme.typography.fontWeightMedium },
    }),
    chart: css({ display: 'block', width: '100%', height: 'auto', maxHeight: 110 }),
    base: css({ stroke: theme.colors.border.medium, strokeWidth: 1 }),
    target: css({ stroke: theme.colors.warning.border, strokeWidth: 1, strokeDasharray: '4 4' }),
    line: css({ fill: 'none', stroke: theme.colors.primary.border, strokeWidth: 1.5 }),
    dot: css({ fill: theme.colors.primary.text }),
    dotFailed: css({ fill: theme.colors.error.text }),
    cross: css({ stroke: theme.colors.error.text, strokeWidth: 1.75, fill: 'none' }),
    foot: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  };
}
