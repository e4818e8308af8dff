import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { RecoverablePoint } from '../../lib/recoverable.ts';
import { Timeline } from './Timeline.tsx';

const hourMs = 3_600_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const range = { fromMs: now - 10 * hourMs, toMs: now };

function pointAt(hoursAgo: number): RecoverablePoint {
  const dataAt = new Date(now - hoursAgo * hourMs).toISOString();
  return { backupId: `b${hoursAgo}`, dataAt, endedAt: dataAt, type: 'incremental', verified: 'passed' };
}

function show(asOfMs: number): { slider: HTMLElement; chosen: number[] } {
  const chosen: number[] = [];
  render(
    <Timeline
      points={[pointAt(8), pointAt(4)]}
      gaps={[]}
      range={range}
      asOfMs={asOfMs}
      onChoose={(ms) => chosen.push(ms)}
    />,
  );
  return { slider: screen.getByRole('slider'), chosen };
}

describe('the timeline', () => {
  afterEach(cleanup);

  it('goes from state to state with the arrow keys, and to both ends', () => {
    const { slider, chosen } = show(now - 5 * hourMs);

    for (const key of ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'a']) fireEvent.keyDown(slider, { key });

    // Before the moment is only the first state, which is where it stands already: there is nothing further left.
    expect(chosen).toEqual([4, 8, 4].map((hours) => now - hours * hourMs));
  });

  it('says which data a moment leads to, and that there is none before the first state', () => {
    const { slider } = show(now - 5 * hourMs);
    expect(slider.getAttribute('aria-valuetext')).toContain('data of');

    cleanup();

    expect(show(now - 9 * hourMs).slider.getAttribute('aria-valuetext')).toContain('nothing was kept');
  });

  it('takes the moment under the pointer', () => {
    const { slider, chosen } = show(now);
    slider.getBoundingClientRect = jest.fn(() => ({ left: 100, width: 200 }) as DOMRect);

    fireEvent(slider, new MouseEvent('pointerdown', { bubbles: true, clientX: 200 }));

    expect(chosen).toEqual([now - 5 * hourMs]);
  });

  it('goes by seconds and minutes where there is a log, and says whether the moment can be had', () => {
    const chosen: number[] = [];
    const log = {
      windows: [{ fromMs: now - 8 * hourMs, toMs: now - 6 * hourMs }],
      gaps: [{ fromMs: now - 6 * hourMs, toMs: now - 4 * hourMs }],
    };
    const shown = (asOfMs: number): HTMLElement => {
      cleanup();
      render(
        <Timeline
          points={[pointAt(8), pointAt(4)]}
          gaps={[]}
          log={log}
          range={range}
          asOfMs={asOfMs}
          onChoose={(ms) => chosen.push(ms)}
        />,
      );
      return screen.getByRole('slider');
    };
    const slider = shown(now - 7 * hourMs);
    expect(slider.getAttribute('aria-valuetext')).toContain('to the second');

    fireEvent.keyDown(slider, { key: 'ArrowRight', shiftKey: true });
    fireEvent.keyDown(slider, { key: 'PageDown' });
    fireEvent.keyDown(slider, { key: 'ArrowRight' });

    expect(chosen).toEqual([now - 7 * hourMs + 1_000, now - 7 * hourMs - 60_000, now - 4 * hourMs]);
    expect(shown(now - 5 * hourMs).getAttribute('aria-valuetext')).toContain('broken');
  });
});
