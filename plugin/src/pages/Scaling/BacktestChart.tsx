import { css } from '@emotion/css';
import { dateTimeFormat, getTimeZone, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useMemo } from 'react';
import { t } from '../../text.ts';
import type { Backtest } from '../../lib/scaling-api.ts';
import {
  highestOf,
  labelsAreDaysMs,
  linePath,
  scaleOf,
  stepPath,
  ticksOf,
  timeTicks,
  type Scale,
} from '../../lib/scaling-chart.ts';
import { useWidth } from '../../lib/scaling-width.ts';
import { offsetOf } from '../../lib/zone.ts';
import { scalingTestIds } from './testIds.ts';
import { backtestName } from './words.ts';

const box = { left: 40, right: 8, top: 8, height: 170, axis: 22 } as const;

interface Drawing {
  readonly demand: string;
  readonly runs: readonly { readonly policy: string; readonly path: string }[];
  readonly yTicks: readonly { readonly y: number; readonly value: number }[];
  readonly xTicks: readonly { readonly x: number; readonly ms: number }[];
}

/** Instances that each policy would have had ready, against what the demand needed. */
export function BacktestChart({ backtest }: { readonly backtest: Backtest }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const [width, measured] = useWidth();
  const { demand, runs, yTicks, xTicks } = useMemo(() => drawingOf(backtest, width), [backtest, width]);
  const isDays = Date.parse(backtest.to) - Date.parse(backtest.from) > labelsAreDaysMs;
  const names = runs.map(({ policy }) => backtestName(policy)).join(', ');
  return (
    <div ref={measured} data-testid={scalingTestIds.backtestChart}>
      <svg
        className={styles.svg}
        width={width}
        height={box.top + box.height + box.axis}
        role="img"
        aria-label={t('backtest.chart', 'Instances over time that the demand needed, and that were ready under: {{names}}. The table above has the figures.', { names })} // prettier-ignore
      >
        {yTicks.map(({ y, value }) => (
          <g key={value}>
            <line className={styles.grid} x1={box.left} x2={width - box.right} y1={y} y2={y} />
            <text className={styles.label} x={box.left - 6} y={y + 4} textAnchor="end">
              {value}
            </text>
          </g>
        ))}
        {xTicks.map(({ x, ms }) => (
          <text
            key={ms}
            className={styles.label}
            x={Math.min(x, width - 20)}
            y={box.top + box.height + 17}
            textAnchor="middle"
          >
            {dateTimeFormat(ms, { format: isDays ? 'MM-DD' : 'HH:mm', timeZone: getTimeZone() })}
          </text>
        ))}
        <path className={styles.demand} d={demand} />
        {runs.map(({ policy, path }) => (
          <path key={policy} className={styles[lineOf(policy)]} d={path} />
        ))}
      </svg>
      <ul className={styles.legend}>
        <li>
          <Key className={styles.demand} />
          {t('backtest.demand', 'instances that the demand needed')}
        </li>
        {runs.map(({ policy }) => (
          <li key={policy}>
            <Key className={styles[lineOf(policy)]} />
            {backtestName(policy)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Key({ className }: { readonly className: string }): React.JSX.Element {
  return (
    <svg width={22} height={12} aria-hidden>
      <line className={className} x1={0} x2={22} y1={6} y2={6} />
    </svg>
  );
}

function lineOf(policy: string): 'current' | 'proposed' | 'hpa' {
  return policy === 'proposed' || policy === 'hpa' ? policy : 'current';
}

function drawingOf({ from, to, runs }: Backtest, width: number): Drawing {
  const span = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const right = Math.max(box.left + 40, width - box.right);
  const xOf = scaleOf(span.fromMs, span.toMs, box.left, right);
  const all = runs.flatMap(({ series }) => series);
  const ticks = ticksOf(highestOf(all.map(({ ready }) => ready), all.map(({ demand }) => demand)), 4, true); // prettier-ignore
  const yOf: Scale = scaleOf(0, ticks.at(-1) ?? 1, box.top + box.height, box.top);
  const series = runs[0]?.series ?? [];
  const at = (moment: string): number => xOf(Date.parse(moment));
  return {
    demand: linePath(series.map((point) => ({ x: at(point.at), y: point.demand === null ? null : yOf(point.demand) }))),
    runs: runs.map((run) => ({
      policy: run.policy,
      path: stepPath(run.series.map((point) => ({ x: at(point.at), y: yOf(point.ready) })), right), // prettier-ignore
    })),
    yTicks: ticks.map((value) => ({ value, y: yOf(value) })),
    xTicks: timeTicks(span, Math.max(2, Math.floor((right - box.left) / 60)), offsetOf(span.toMs)).map((ms) => ({ ms, x: xOf(ms) })), // prettier-ignore
  };
}

function getStyles(theme: GrafanaTheme2) {
  const { colors, visualization } = theme;
  const line = { fill: 'none', strokeWidth: 1.75 };
  return {
    svg: css({ display: 'block', maxWidth: '100%' }),
    grid: css({ stroke: colors.border.weak, strokeWidth: 1 }),
    label: css({ fill: colors.text.secondary, fontSize: 11, fontVariantNumeric: 'tabular-nums' }),
    demand: css({ fill: 'none', stroke: colors.text.disabled, strokeWidth: 1.25 }),
    current: css({ ...line, stroke: visualization.getColorByName('blue') }),
    proposed: css({ ...line, stroke: visualization.getColorByName('green'), strokeDasharray: '8 3' }),
    hpa: css({ ...line, stroke: visualization.getColorByName('orange'), strokeDasharray: '2 3' }),
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
