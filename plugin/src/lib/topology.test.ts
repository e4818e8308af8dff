import { layoutTopology } from './topology.ts';

const nodes = [
  { name: 'vienna', upstream: null },
  { name: 'berlin', upstream: 'vienna' },
  { name: 'oslo', upstream: 'vienna' },
  { name: 'porto', upstream: 'oslo' },
];
const topology = { nodes, balancer: ['vienna'] };

describe('the drawing of the nodes', () => {
  it('stands from left to right where there is room: balancer, primary, standbys, cascades', () => {
    const { boxes, arrows } = layoutTopology(topology, 1300);
    const x = (node: string | null): number => boxes.find((box) => box.node === node)?.x ?? -1;

    expect(x(null)).toBe(0);
    expect(x('vienna')).toBeLessThan(x('berlin'));
    expect(x('berlin')).toBe(x('oslo'));
    expect(x('porto')).toBeGreaterThan(x('oslo'));
    expect(Math.max(...boxes.map((box) => box.x + box.width))).toBeLessThanOrEqual(1300);
    expect(arrows.map(({ from, to }) => [from, to])).toEqual([
      [null, 'vienna'],
      ['vienna', 'berlin'],
      ['vienna', 'oslo'],
      ['oslo', 'porto'],
    ]);
  });

  it('stands one below the other on a phone, and no box leaves it or covers another', () => {
    const { boxes, height } = layoutTopology(topology, 300);

    expect(boxes.map(({ node }) => node)).toEqual([null, 'vienna', 'berlin', 'oslo', 'porto']);
    for (const box of boxes) expect(box.x + box.width).toBeLessThanOrEqual(300);
    for (const [index, box] of boxes.entries()) {
      const above = boxes[index - 1];
      if (above !== undefined) expect(box.y).toBeGreaterThan(above.y + above.height);
    }
    const last = boxes.at(-1);
    expect(height).toBe((last?.y ?? 0) + (last?.height ?? 0));
  });

  it('lets a node whose upstream is not known or not there stand on its own, without an arrow', () => {
    const { boxes, arrows } = layoutTopology(
      {
        nodes: [
          { name: 'a', upstream: 'gone' },
          { name: 'b', upstream: null },
        ],
        balancer: null,
      },
      1300,
    );

    expect(boxes.map(({ node, x }) => [node, x])).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    expect(arrows).toEqual([]);
  });

  it('draws every node once where nodes say that they stream from each other', () => {
    const ring = [
      { name: 'a', upstream: 'b' },
      { name: 'b', upstream: 'a' },
      { name: 'c', upstream: 'b' },
    ];

    const { boxes } = layoutTopology({ nodes: ring, balancer: [] }, 1300);

    expect(boxes.map(({ node }) => node).sort()).toEqual(['a', 'b', 'c', null].sort());
  });

  it('leads to every server that serves where all serve', () => {
    const all = nodes.map(({ name }) => ({ name, upstream: null }));

    const { arrows } = layoutTopology({ nodes: all, balancer: ['vienna', 'oslo'] }, 1300);

    expect(arrows.map(({ to }) => to)).toEqual(['vienna', 'oslo']);
  });

  it('is empty without nodes', () => {
    expect(layoutTopology({ nodes: [], balancer: null }, 1300)).toEqual({ boxes: [], arrows: [], height: 0 });
  });
});
