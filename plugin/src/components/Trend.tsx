import { FieldType, type FieldSparkline } from '@grafana/data';
import { Sparkline, useTheme2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';

interface TrendProps {
  /** Times in milliseconds, ascending. */
  readonly points: readonly { readonly at: number; readonly value: number }[];
  readonly height?: number;
  /** What it shows, for those who do not see it. */
  readonly label: string;
}

/** A small line over time, as wide as its place. The one place that uses Grafana's Sparkline: its props changed between versions. */
export function Trend({ points, height = 40, label }: TrendProps): React.JSX.Element {
  const theme = useTheme2();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const sparkline = useMemo(() => sparklineOf(points, label), [points, label]);
  return (
    <div ref={place} role="img" aria-label={label} style={{ height, minWidth: 0, overflow: 'hidden' }}>
      {points.length < 2 || width === 0 ? null : (
        <Sparkline width={width} height={height} sparkline={sparkline} theme={theme} />
      )}
    </div>
  );
}

function sparklineOf(points: TrendProps['points'], label: string): FieldSparkline {
  const values = points.map(({ value }) => value);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return {
    x: { name: 'time', type: FieldType.time, values: points.map(({ at }) => at), config: {} },
    y: {
      name: label,
      type: FieldType.number,
      values,
      config: { custom: { lineWidth: 1.5, fillOpacity: 12 } },
      // Without it the component throws: in Grafana's panels something else has worked the range out before.
      state: { range: { min, max, delta: max - min } },
    },
  };
}

function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return width;
}
