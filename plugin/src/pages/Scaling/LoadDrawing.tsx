import { css } from '@emotion/css';
import { dateTimeFormat, getTimeZone, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useId } from 'react';
import { t } from '../../text.ts';
import { labelsAreDaysMs, type MarkKind } from '../../lib/scaling-chart.ts';
import type { LoadLayout } from '../../lib/scaling-layout.ts';
import { markText } from './readout.ts';

interface LoadDrawingProps {
  readonly layout: LoadLayout;
  /** The moment that the line above tells of. */
  readonly index: number;
  readonly isChosen: boolean;
}

/** The drawing itself; what it says stands in words in the slider around it. */
export function LoadDrawing({ layout, index, isChosen }: LoadDrawingProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { width, height, plot, load, strip, count, paths, nowX } = layout;
  const hatch = useId();
  return (
    <svg className={styles.svg} width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      <defs>
        <pattern id={hatch} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line className={styles.hatch} x1={0} y1={0} x2={0} y2={6} />
        </pattern>
      </defs>
      <Axes layout={layout} />
      {layout.holes.map(
        ({ x, width: wide }) =>
        <rect key={x} x={x} y={load.top} width={Math.max(2, wide)} height={load.bottom - load.top} fill={`url(#${hatch})`} />, // prettier-ignore
      )}
      <path className={styles.band} d={paths.band} />
      <path className={styles.carried} d={paths.carried} />
      <path className={styles.load} d={paths.load} />
      <path className={styles.forecast} d={paths.forecast} />
      <path className={styles.readyArea} d={paths.readyArea} />
      <path className={styles.ready} d={paths.ready} />
      <path className={styles.desired} d={paths.desired} />
      <line className={styles.bound} x1={plot.left} x2={plot.right} y1={layout.minY} y2={layout.minY} />
      <line className={styles.bound} x1={plot.left} x2={plot.right} y1={layout.maxY} y2={layout.maxY} />
      <line className={styles.now} x1={nowX} x2={nowX} y1={load.top} y2={count.bottom} />
      {layout.marks.map(({ mark, x, count: number }) => (
        <g key={`${mark.atMs} ${mark.kind}`}>
          <title>{markText(mark)}</title>
          <line className={styles.markLine} x1={x} x2={x} y1={load.top} y2={count.bottom} />
          <MarkShape kind={mark.kind} x={x} y={(strip.top + strip.bottom) / 2} />
          {number > 1 && (
            <text className={styles.number} x={x + 7} y={strip.top + 8}>
              {number}
            </text>
          )}
        </g>
      ))}
      <Cursor layout={layout} index={index} isChosen={isChosen} />
    </svg>
  );
}

function Cursor({ layout, index, isChosen }: LoadDrawingProps): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const moment = layout.moments[index];
  if (moment === undefined || !isChosen) return null;
  const x = layout.xOf(Date.parse(moment.at));
  return <line className={styles.cursor} x1={x} x2={x} y1={layout.load.top} y2={layout.count.bottom} />;
}

function Axes({ layout }: { readonly layout: LoadLayout }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { plot, count, span } = layout;
  const format = span.toMs - span.fromMs > labelsAreDaysMs ? 'MM-DD' : 'HH:mm';
  const rows = [
    { name: 'load', ticks: layout.loadTicks },
    { name: 'count', ticks: layout.countTicks },
  ];
  return (
    <>
      {rows.flatMap(({ name, ticks }) =>
        ticks.map(({ y, value }) => (
          <g key={`${name}${value}`}>
            <line className={styles.grid} x1={plot.left} x2={plot.right} y1={y} y2={y} />
            <text className={styles.label} x={plot.left - 6} y={y + 4} textAnchor="end">
              {tickText(value)}
            </text>
          </g>
        )),
      )}
      {layout.timeTicks.map(({ x, ms }) => (
        <g key={ms}>
          <line className={styles.tick} x1={x} x2={x} y1={count.bottom} y2={count.bottom + 4} />
          <text className={styles.label} x={Math.min(x, plot.right - 16)} y={count.bottom + 17} textAnchor="middle">
            {dateTimeFormat(ms, { format, timeZone: getTimeZone() })}
          </text>
        </g>
      ))}
    </>
  );
}

function tickText(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

const arrow = { up: 'M0 -7L7 6H-7Z', down: 'M0 7L7 -6H-7Z' } as const;

/** Each kind has a shape of its own, so that none is told by colour alone. */
export function MarkShape({ kind, x, y }: { readonly kind: MarkKind; readonly x: number; readonly y: number }) {
  const styles = useStyles2(getStyles);
  const transform = `translate(${x} ${y})`;
  if (kind === 'up' || kind === 'down') return <path className={styles.done} d={arrow[kind]} transform={transform} />;
  if (kind === 'would') return <circle className={styles.would} r={5} transform={transform} />;
  if (kind === 'freeze') return <rect className={styles.freeze} x={-6} y={-6} width={12} height={12} transform={transform} />; // prettier-ignore
  return <path className={styles.failed} d="M-6 -6L6 6M-6 6L6 -6" transform={transform} />;
}

/** What each line and shape stands for; only those that are drawn. */
export function LoadLegend({ layout }: { readonly layout: LoadLayout }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { paths, holes, marks } = layout;
  const kinds = new Set(marks.map(({ mark }) => mark.kind));
  const line = (className: string, text: string): React.JSX.Element => (
    <li key={text}>
      <svg width={22} height={12} aria-hidden>
        <line className={className} x1={0} x2={22} y1={6} y2={6} />
      </svg>
      {text}
    </li>
  );
  const shape = (kind: MarkKind, text: string): React.JSX.Element | null =>
    kinds.has(kind) ? (
      <li key={kind}>
        <svg width={16} height={16} aria-hidden>
          <MarkShape kind={kind} x={8} y={8} />
        </svg>
        {text}
      </li>
    ) : null;
  return (
    <ul className={styles.legend}>
      {line(styles.load, t('legend.demand', 'demand'))}
      {paths.carried !== '' && line(styles.carried, t('legend.carried', 'what ready ones carry at the target'))}
      {paths.forecast !== '' && line(styles.forecast, t('legend.forecast', 'forecast, with its interval'))}
      {line(styles.ready, t('legend.ready', 'ready'))}
      {line(styles.desired, t('legend.desired', 'wanted'))}
      {line(styles.bound, t('legend.bounds', 'bounds'))}
      {holes.length > 0 && <li>{t('legend.hole', 'hatched: no value')}</li>}
      {shape('up', t('legend.up', 'added'))}
      {shape('down', t('legend.down', 'removed'))}
      {shape('failed', t('legend.failed', 'failed'))}
      {shape('freeze', t('legend.freeze', 'frozen'))}
      {shape('would', t('legend.would', 'would have acted'))}
    </ul>
  );
}

function getStyles(theme: GrafanaTheme2) {
  const { colors, visualization } = theme;
  const line = { fill: 'none', strokeWidth: 1.75 };
  return {
    svg: css({ display: 'block', maxWidth: '100%' }),
    grid: css({ stroke: colors.border.weak, strokeWidth: 1 }),
    tick: css({ stroke: colors.border.strong, strokeWidth: 1 }),
    label: css({ fill: colors.text.secondary, fontSize: 11, fontVariantNumeric: 'tabular-nums' }),
    number: css({ fill: colors.text.secondary, fontSize: 10 }),
    hatch: css({ stroke: colors.warning.border, strokeWidth: 2, opacity: 0.6 }),
    load: css({ ...line, stroke: visualization.getColorByName('blue') }),
    carried: css({ ...line, stroke: colors.text.secondary, strokeDasharray: '2 3', strokeWidth: 1.25 }),
    forecast: css({ ...line, stroke: visualization.getColorByName('purple'), strokeDasharray: '6 4' }),
    band: css({ fill: visualization.getColorByName('purple'), opacity: 0.2 }),
    ready: css({ ...line, stroke: visualization.getColorByName('green') }),
    readyArea: css({ fill: visualization.getColorByName('green'), opacity: 0.15 }),
    desired: css({ ...line, stroke: visualization.getColorByName('orange'), strokeDasharray: '5 3' }),
    bound: css({ stroke: colors.text.disabled, strokeWidth: 1, strokeDasharray: '1 4' }),
    now: css({ stroke: colors.text.secondary, strokeWidth: 1 }),
    cursor: css({ stroke: colors.text.primary, strokeWidth: 1 }),
    markLine: css({ stroke: colors.border.medium, strokeWidth: 1 }),
    done: css({ fill: colors.text.primary }),
    would: css({ fill: 'none', stroke: colors.text.primary, strokeWidth: 1.5 }),
    freeze: css({ fill: colors.warning.text }),
    failed: css({ fill: 'none', stroke: colors.error.text, strokeWidth: 2.5 }),
    legend: css({
      ...theme.typography.bodySmall,
      listStyle: 'none',
      display: 'flex',
      flexWrap: 'wrap',
      gap: theme.spacing(0.25, 2),
      margin: 0,
      color: colors.text.secondary,
      li: { display: 'inline-flex', alignItems: 'center', gap: theme.spacing(0.5) },
    }),
  };
}
