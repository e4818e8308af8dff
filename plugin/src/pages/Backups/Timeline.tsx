import { useId, type KeyboardEvent, type PointerEvent } from 'react';
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { useStyles2 } from '@grafana/ui';
import {
  marksOf,
  neighbour,
  positionOf,
  reachAt,
  type RecoverablePoint,
  type TimeRange,
} from '../../lib/recoverable.ts';
import type { Stretch } from '../../lib/pitr.ts';

/** More marks than this could not be told apart on the widest screens. */
const markSlots = 160;
const labelCount = 5;

export interface TimelineGap {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

/** What the archive of the write-ahead log adds: where every second can be had, and where it is broken. */
export interface TimelineLog {
  readonly windows: readonly Stretch[];
  readonly gaps: readonly Stretch[];
}

interface TimelineProps {
  /** Oldest first. */
  readonly points: readonly RecoverablePoint[];
  readonly gaps: readonly TimelineGap[];
  /** Null: only kept states can be had. */
  readonly log?: TimelineLog | null;
  readonly range: TimeRange;
  /** The moment that is asked for. */
  readonly asOfMs: number;
  readonly onChoose: (ms: number) => void;
}

/**
 * What can be reached, drawn: a mark for each kept state, a band where every second can be had, hatched where nothing was kept for
 * too long or the log is broken, a line at the chosen moment. A slider to assistive technology and the keyboard: arrows go from
 * state to state; where there is a log, with Shift by a second, and Page Up and Down by a minute.
 */
export function Timeline({ points, gaps, log = null, range, asOfMs, onChoose }: TimelineProps) {
  const styles = useStyles2(getStyles);
  const hint = useId();
  const choose = (point: RecoverablePoint | null | undefined): void => {
    if (point !== null && point !== undefined) onChoose(Date.parse(point.endedAt));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const stepMs = log === null ? null : fineStep(event);
    if (stepMs !== null) {
      event.preventDefault();
      onChoose(Math.min(range.toMs, Math.floor(asOfMs / 1000) * 1000 + stepMs));
      return;
    }
    const chosen = keyTarget(event.key, points, asOfMs);
    if (chosen === undefined) return;
    event.preventDefault();
    choose(chosen);
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    onChoose(Math.round(range.fromMs + share * (range.toMs - range.fromMs)));
  };

  return (
    <div className={styles.timeline}>
      <div
        role="slider"
        tabIndex={0}
        className={styles.track}
        aria-label={t('timeline.label', 'Moment to go back to')}
        aria-describedby={hint}
        aria-valuemin={range.fromMs}
        aria-valuemax={range.toMs}
        aria-valuenow={Math.min(range.toMs, Math.max(range.fromMs, asOfMs))}
        aria-valuetext={log === null ? valueText(points, asOfMs) : logText(log, points, asOfMs)}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
      >
        {log === null ? (
          <Gaps gaps={gaps} range={range} />
        ) : (
          <>
            <Stretches stretches={log.windows} range={range} className={styles.window} />
            <Stretches stretches={log.gaps} range={range} className={styles.walGap} />
          </>
        )}
        <Marks points={points} range={range} asOfMs={asOfMs} />
        <div className={styles.cursor} style={{ left: percent(positionOf(range, asOfMs)) }} />
      </div>
      <Axis range={range} />
      <div id={hint} className={styles.hint}>
        {log === null
          ? t('timeline.hint', 'Click a moment, or use the arrow keys to go from state to state.')
          : t(
              'timeline.hint-log',
              'Click a moment. Arrow keys go from state to state, with Shift by a second; Page Up and Page Down by a minute.',
            )}
      </div>
      <Legend hasLog={log !== null} />
    </div>
  );
}

function keyTarget(
  key: string,
  points: readonly RecoverablePoint[],
  asOfMs: number,
): RecoverablePoint | null | undefined {
  if (key === 'ArrowLeft' || key === 'ArrowDown') return neighbour(points, asOfMs, -1);
  if (key === 'ArrowRight' || key === 'ArrowUp') return neighbour(points, asOfMs, 1);
  if (key === 'Home') return points[0] ?? null;
  if (key === 'End') return points.at(-1) ?? null;
  return undefined;
}

/** Milliseconds; null: the key is not one of those. */
function fineStep({ key, shiftKey }: KeyboardEvent): number | null {
  if (key === 'PageUp') return 60_000;
  if (key === 'PageDown') return -60_000;
  if (!shiftKey) return null;
  if (key === 'ArrowRight' || key === 'ArrowUp') return 1_000;
  return key === 'ArrowLeft' || key === 'ArrowDown' ? -1_000 : null;
}

function logText(log: TimelineLog, points: readonly RecoverablePoint[], asOfMs: number): string {
  const inside = ({ fromMs, toMs }: Stretch): boolean => fromMs <= asOfMs && asOfMs <= toMs;
  const asOf = dateTimeFormat(asOfMs);
  if (log.windows.some(inside)) return t('timeline.value-exact', '{{asOf}}: can be had to the second', { asOf });
  if (log.gaps.some(inside)) return t('timeline.value-gap', '{{asOf}}: the log is broken here', { asOf });
  return valueText(points, asOfMs);
}

function valueText(points: readonly RecoverablePoint[], asOfMs: number): string {
  const { point } = reachAt(points, asOfMs);
  const asOf = dateTimeFormat(asOfMs);
  return point === null
    ? t('timeline.value-nothing', '{{asOf}}: nothing was kept before this moment', { asOf })
    : t('timeline.value', '{{asOf}}: data of {{dataAt}}', { asOf, dataAt: dateTimeFormat(point.dataAt) });
}

function Gaps({ gaps, range }: { readonly gaps: readonly TimelineGap[]; readonly range: TimeRange }) {
  const styles = useStyles2(getStyles);
  return gaps
    .map(({ from, to }) => ({
      from,
      left: positionOf(range, Date.parse(from)),
      right: positionOf(range, Date.parse(to)),
    }))
    .filter(({ left, right }) => right > left)
    .map(({ from, left, right }) => (
      <div key={from} className={styles.gap} style={{ left: percent(left), width: percent(right - left) }} />
    ));
}

function Stretches({
  stretches,
  range,
  className,
}: {
  readonly stretches: readonly Stretch[];
  readonly range: TimeRange;
  readonly className: string;
}) {
  return stretches
    .map(({ fromMs, toMs }) => ({ fromMs, left: positionOf(range, fromMs), right: positionOf(range, toMs) }))
    .filter(({ left, right }) => right > left)
    .map(({ fromMs, left, right }) => (
      <div key={fromMs} className={className} style={{ left: percent(left), width: percent(right - left) }} />
    ));
}

interface MarksProps {
  readonly points: readonly RecoverablePoint[];
  readonly range: TimeRange;
  readonly asOfMs: number;
}

function Marks({ points, range, asOfMs }: MarksProps) {
  const styles = useStyles2(getStyles);
  const chosen = reachAt(points, asOfMs).point;
  return marksOf(points, range, markSlots).map(({ position, point }) => (
    <div
      key={point.backupId}
      className={cx(
        styles.mark,
        point.verified === 'passed' ? styles.verified : styles.unverified,
        chosen?.backupId === point.backupId && styles.chosen,
      )}
      style={{ left: percent(position) }}
    />
  ));
}

function Axis({ range }: { readonly range: TimeRange }) {
  const styles = useStyles2(getStyles);
  const spanMs = range.toMs - range.fromMs;
  const format = spanMs <= 2 * 86_400_000 ? 'HH:mm' : 'MM-DD';
  return (
    <div className={styles.axis} aria-hidden>
      {Array.from({ length: labelCount }, (_, index) => {
        const ms = range.fromMs + (spanMs * index) / (labelCount - 1);
        return (
          <span key={index}>
            {index === labelCount - 1 ? t('timeline.now', 'now') : dateTimeFormat(ms, { format })}
          </span>
        );
      })}
    </div>
  );
}

function Legend({ hasLog }: { readonly hasLog: boolean }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.legend}>
      <span>
        <i className={cx(styles.key, styles.verified)} />
        {t('timeline.legend-verified', 'verified')}
      </span>
      <span>
        <i className={cx(styles.key, styles.unverified)} />
        {t('timeline.legend-unverified', 'not verified yet')}
      </span>
      {hasLog ? (
        <>
          <span>
            <i className={styles.keyWindow} />
            {t('timeline.legend-window', 'every second can be had')}
          </span>
          <span>
            <i className={styles.keyWalGap} />
            {t('timeline.legend-wal-gap', 'the log is broken')}
          </span>
        </>
      ) : (
        <span>
          <i className={styles.keyGap} />
          {t('timeline.legend-gap', 'nothing kept for longer than the objective')}
        </span>
      )}
    </div>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}

function getStyles(theme: GrafanaTheme2) {
  const broken = `repeating-linear-gradient(135deg, ${theme.colors.error.border} 0 2px, ${theme.colors.error.transparent} 2px 7px)`;
  const window = {
    background: theme.colors.success.transparent,
    borderBottom: `4px solid ${theme.colors.success.border}`,
  };
  const hatch = `repeating-linear-gradient(45deg, ${theme.colors.warning.transparent} 0 4px, transparent 4px 8px)`;
  return {
    timeline: css({ marginTop: theme.spacing(1), minWidth: 0 }),
    track: css({
      position: 'relative',
      height: 44,
      background: theme.colors.background.canvas,
      border: `1px solid ${theme.colors.border.medium}`,
      borderRadius: theme.shape.radius.default,
      cursor: 'pointer',
      // A finger that draws along the track chooses, it does not scroll the page.
      touchAction: 'pan-y',
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: 2 },
    }),
    gap: css({ position: 'absolute', top: 0, bottom: 0, background: hatch }),
    window: css({ position: 'absolute', top: 0, bottom: 0, ...window }),
    walGap: css({ position: 'absolute', top: 0, bottom: 0, background: broken }),
    mark: css({
      position: 'absolute',
      top: 12,
      bottom: 12,
      width: 7,
      marginLeft: -3,
      borderRadius: 3,
      border: `1.5px solid ${theme.colors.success.border}`,
    }),
    verified: css({ background: theme.colors.success.main, borderColor: theme.colors.success.main }),
    unverified: css({ background: theme.colors.background.primary, borderColor: theme.colors.success.text }),
    chosen: css({ top: 5, bottom: 5, boxShadow: `0 0 0 2px ${theme.colors.primary.border}` }),
    cursor: css({
      position: 'absolute',
      top: -4,
      bottom: -4,
      width: 2,
      marginLeft: -1,
      background: theme.colors.text.maxContrast,
      pointerEvents: 'none',
    }),
    axis: css({
      display: 'flex',
      justifyContent: 'space-between',
      marginTop: theme.spacing(0.5),
      ...theme.typography.bodySmall,
      color: theme.colors.text.secondary,
      [theme.breakpoints.down('sm')]: { 'span:nth-of-type(even)': { display: 'none' } },
    }),
    hint: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
    legend: css({
      display: 'flex',
      flexWrap: 'wrap',
      gap: theme.spacing(0.5, 2),
      marginTop: theme.spacing(0.5),
      ...theme.typography.bodySmall,
      color: theme.colors.text.secondary,
      span: { display: 'inline-flex', alignItems: 'center', gap: theme.spacing(0.5) },
    }),
    key: css({ width: 7, height: 12, borderRadius: 3, border: `1.5px solid ${theme.colors.success.border}` }),
    keyWindow: css({ width: 16, height: 12, ...window }),
    keyWalGap: css({ width: 16, height: 12, background: broken, border: `1px solid ${theme.colors.border.weak}` }),
    keyGap: css({ width: 16, height: 12, background: hatch, border: `1px solid ${theme.colors.border.weak}` }),
  };
}
