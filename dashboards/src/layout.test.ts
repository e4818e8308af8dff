import { flow, panelId } from './layout.ts';

describe('flow', () => {
  it('gives each box the highest free place, and there the leftmost', () => {
    const boxes = [
      { width: 12, height: 4 },
      { width: 8, height: 9 },
      { width: 6, height: 2 },
      { width: 24, height: 3 },
    ];

    expect(flow(boxes, 5)).toEqual({
      places: [
        { x: 0, y: 5, w: 12, h: 4 },
        { x: 12, y: 5, w: 8, h: 9 },
        { x: 0, y: 9, w: 6, h: 2 },
        { x: 0, y: 14, w: 24, h: 3 },
      ],
      bottom: 17,
    });
    expect(flow([], 7)).toEqual({ places: [], bottom: 7 });
  });

  it('fills the space beside a tall box with small ones, without a hole', () => {
    const { places, bottom } = flow(
      [{ width: 6, height: 8 }, ...Array.from({ length: 6 }, () => ({ width: 6, height: 4 }))],
      0,
    );

    expect(places.slice(1).map(({ x, y }) => [x, y])).toEqual([
      [6, 0],
      [12, 0],
      [18, 0],
      [6, 4],
      [12, 4],
      [18, 4],
    ]);
    expect(bottom).toBe(8);
  });
});

describe('panelId', () => {
  it('depends on the title alone and is a positive whole number', () => {
    expect(panelId('Backup age trend')).toBe(panelId('Backup age trend'));
    expect(panelId('Backup age trend')).not.toBe(panelId('Queue size'));
    for (const title of ['', 'a', 'é'.repeat(100)]) expect(panelId(title)).toBeGreaterThan(0);
  });
});
