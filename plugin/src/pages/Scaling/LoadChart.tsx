import { css } from '@emotion/css';
import { getTimeZone, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useId, useMemo, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { t } from '../../text.ts';
import { formatTime } from '../../lib/format.ts';
import { offsetOf } from '../../lib/zone.ts';
import type { Scaling, ScalingLoad, ScalingMetric, ScalingRecord } from '../../lib/scaling-api.ts';
import { nearest } from '../../lib/scaling-chart.ts';
import { loadLayout, type LoadLayout } from '../../lib/scaling-layout.ts';
import { useWidth } from '../../lib/scaling-width.ts';
import { LoadDrawing, LoadLegend } from './LoadDrawing.tsx';
import { readoutText } from './readout.ts';
import { scalingTestIds } from './testIds.ts';

interface LoadChartProps {
  readonly load: ScalingLoad;
  /** The metric whose demand it is; undefined: the policy has it no more. */
  readonly metric: ScalingMetric | undefined;
  readonly facts: Scaling;
  readonly records: readonly ScalingRecord[];
  readonly hours: number;
  readonly nowMs: number;
}

/**
 * Two drawings over one axis of time: the demand with its forecast, and instances with what was done. A slider to assistive
 * technology and the keyboard: arrows go from value to value, Page Up and Down by ten, and the line above says what stands there.
 */
export function LoadChart({ load, metric, facts, records, hours, nowMs }: LoadChartProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const [width, measured] = useWidth();
  const [chosen, setChosen] = useState<number | null>(null);
  const hint = useId();
  const layout = useMemo(
    () => loadLayout({ load, metric, facts, records, hours, nowMs, width, offsetMs: offsetOf(nowMs) }),
    [load, metric, facts, records, hours, nowMs, width],
  );
  const last = layout.moments.length - 1;
  const index = chosen === null ? layout.newest : Math.min(chosen, last);
  const text = readoutText(layout, index, metric);
  const move = (by: number): void => setChosen(Math.min(last, Math.max(0, index + by)));
  return (
    <div>
      <p className={styles.readout} data-testid={scalingTestIds.readout} aria-hidden>
        {text}
      </p>
      <div
        ref={measured}
        role="slider"
        tabIndex={0}
        className={styles.chart}
        data-testid={scalingTestIds.chart}
        aria-label={labelOf(layout, metric)}
        aria-describedby={hint}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, index)}
        aria-valuetext={text}
        onKeyDown={(event) => {
          const by = keyStep(event, index, last);
          if (by === null) return;
          event.preventDefault();
          move(by);
        }}
        onPointerMove={(event) => setChosen(nearest(layout.moments, momentAt(event, layout)))}
        onPointerLeave={() => setChosen(null)}
      >
        <LoadDrawing layout={layout} index={index} isChosen={chosen !== null} />
      </div>
      <LoadLegend layout={layout} />
      <p id={hint} className={styles.hint}>
        {t('load.hint', 'Point at a moment, or use the arrow keys; Page Up and Page Down go by ten values.')}
      </p>
    </div>
  );
}

function momentAt(event: PointerEvent<HTMLDivElement>, { xToMs }: LoadLayout): number {
  return xToMs(event.clientX - event.currentTarget.getBoundingClientRect().left);
}

/** Values to move by; null: the key is not one of those. */
function keyStep({ key }: KeyboardEvent, index: number, last: number): number | null {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return -1;
    case 'ArrowRight':
    case 'ArrowUp':
      return 1;
    case 'PageDown':
      return -10;
    case 'PageUp':
      return 10;
    case 'Home':
      return -index;
    case 'End':
      return last - index;
    default:
      return null;
  }
}

function labelOf({ span, marks }: LoadLayout, metric: ScalingMetric | undefined): string {
  return t('load.label', 'Demand ({{metric}}) and instances from {{from}} to {{to}}, {{number}} scaling events', {
    metric: metric?.name ?? t('time.unknown', 'not known'),
    from: formatTime(span.fromMs, getTimeZone()),
    to: formatTime(span.toMs, getTimeZone()),
    number: marks.reduce((sum, { count }) => sum + count, 0),
  });
}

function getStyles(theme: GrafanaTheme2) {
  return {
    readout: css({ margin: 0, minHeight: '3em', fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }),
    chart: css({
      minWidth: 0,
      // A finger that draws along it reads, it does not scroll the page sideways.
      touchAction: 'pan-y',
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: 2 },
    }),
    hint: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: 0 }),
  };
}
