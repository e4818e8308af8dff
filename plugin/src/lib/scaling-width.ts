import { useEffect, useRef, useState, type RefObject } from 'react';

/** Before the first measurement, and where nothing can be measured. */
const assumedWidth = 720;

/** Width of an element in whole pixels, followed while it is there. */
export function useWidth(): readonly [number, RefObject<HTMLDivElement>] {
  const [width, setWidth] = useState(assumedWidth);
  const measured = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (measured.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(measured.current);
    return () => observer.disconnect();
  }, []);
  return [width, measured];
}
