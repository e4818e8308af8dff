import { useEffect, useState } from 'react';

/** Before the first measurement, and where nothing can be measured. */
const assumedWidth = 720;

/** Width of an element in whole pixels, followed while it is there; the second goes to the element as its `ref`. */
export function useWidth(): readonly [number, (element: HTMLDivElement | null) => void] {
  const [width, setWidth] = useState(assumedWidth);
  const [measured, setMeasured] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (measured === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(measured);
    return () => observer.disconnect();
  }, [measured]);
  return [width, setMeasured];
}
