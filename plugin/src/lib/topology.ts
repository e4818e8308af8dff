/** Where the boxes and arrows of a drawing of nodes stand, pixels from its upper left corner. Pure. */

export interface TopologyNode {
  readonly name: string;
  /** Node it streams from; null: none, or not known. */
  readonly upstream: string | null;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  /** Nodes that the load balancer leads to; null: there is none. */
  readonly balancer: readonly string[] | null;
}

export interface Box {
  /** Null: the load balancer. */
  readonly node: string | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Arrow {
  /** Null: from the load balancer. */
  readonly from: string | null;
  readonly to: string;
  readonly path: string;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
  readonly height: number;
}

const nodeHeight = 104;
const balancerHeight = 76;
const gap = { column: 56, row: 16, indent: 22 } as const;
const boxWidth = { least: 190, most: 300 } as const;

interface Placed {
  readonly name: string;
  readonly depth: number;
  readonly children: readonly Placed[];
}

/** From left to right where there is room, else one below the other, each indented below what it streams from. */
export function layoutTopology(topology: Topology, width: number): Drawing {
  const first = topology.balancer === null ? 0 : 1;
  const roots = treeOf(topology.nodes, first);
  const columns = first + depthOf(roots);
  const room = (width - gap.column * (columns - 1)) / Math.max(1, columns);
  const boxes =
    room >= boxWidth.least
      ? besides(roots, topology.balancer, Math.min(boxWidth.most, Math.floor(room)))
      : below(roots, topology.balancer !== null, width);
  const isWide = room >= boxWidth.least;
  const at = new Map(boxes.map((box) => [box.node, box]));
  const arrows = edgesOf(topology, roots).flatMap(([from, to]): Arrow[] => {
    const [start, end] = [at.get(from), at.get(to)];
    return start === undefined || end === undefined ? [] : [{ from, to, path: pathOf(start, end, isWide) }];
  });
  const height = Math.max(0, ...boxes.map((box) => box.y + box.height));
  return { boxes, arrows, height };
}

/** A node whose upstream is not there, or that would follow itself, stands on its own. */
function treeOf(nodes: readonly TopologyNode[], first: number): readonly Placed[] {
  const names = new Set(nodes.map(({ name }) => name));
  const upstreamOf = new Map(nodes.map(({ name, upstream }) => [name, upstream]));
  const isRoot = ({ name, upstream }: TopologyNode): boolean =>
    upstream === null || !names.has(upstream) || followsItself(name, upstreamOf);
  const place = ({ name }: TopologyNode, depth: number): Placed => ({
    name,
    depth,
    children: nodes.filter((node) => node.upstream === name && !isRoot(node)).map((node) => place(node, depth + 1)),
  });
  return nodes.filter(isRoot).map((node) => place(node, first));
}

function followsItself(name: string, upstreamOf: ReadonlyMap<string, string | null>): boolean {
  const seen = new Set<string>();
  for (let at = upstreamOf.get(name) ?? null; at !== null && !seen.has(at); at = upstreamOf.get(at) ?? null) {
    if (at === name) return true;
    seen.add(at);
  }
  return false;
}

function depthOf(placed: readonly Placed[]): number {
  return placed.length === 0 ? 0 : 1 + Math.max(...placed.map(({ children }) => depthOf(children)));
}

/** A parent stands at the middle of its children. */
function besides(roots: readonly Placed[], balancer: readonly string[] | null, width: number): readonly Box[] {
  const boxes: Box[] = [];
  let lines = 0;
  const place = ({ name, depth, children }: Placed): number => {
    const middles = children.map(place);
    const y = middles.length === 0 ? lines++ * (nodeHeight + gap.row) : ((middles[0] ?? 0) + (middles.at(-1) ?? 0)) / 2;
    boxes.push({ node: name, x: depth * (width + gap.column), y, width, height: nodeHeight });
    return y;
  };
  const tops = new Map(roots.map((root) => [root.name, place(root)]));
  if (balancer !== null) {
    const led = balancer.flatMap((name) => tops.get(name) ?? []);
    const ys = led.length > 0 ? led : [...tops.values()];
    const middle = ys.length === 0 ? 0 : (Math.min(...ys) + Math.max(...ys)) / 2;
    const y = middle + (nodeHeight - balancerHeight) / 2;
    boxes.unshift({ node: null, x: 0, y, width, height: balancerHeight });
  }
  return boxes;
}

function below(roots: readonly Placed[], hasBalancer: boolean, width: number): readonly Box[] {
  const boxes: Box[] = [];
  let y = 0;
  const add = (node: string | null, depth: number): void => {
    const x = depth * gap.indent;
    const height = node === null ? balancerHeight : nodeHeight;
    boxes.push({ node, x, y, width: Math.max(0, width - x), height });
    y += height + gap.row;
  };
  const place = ({ name, depth, children }: Placed): void => {
    add(name, depth);
    children.forEach(place);
  };
  if (hasBalancer) add(null, 0);
  roots.forEach(place);
  return boxes;
}

function edgesOf({ balancer }: Topology, roots: readonly Placed[]): readonly (readonly [string | null, string])[] {
  const streams = (parent: Placed): readonly (readonly [string, string])[] =>
    parent.children.flatMap((child) => [[parent.name, child.name] as const, ...streams(child)]);
  return [...(balancer ?? []).map((name) => [null, name] as const), ...roots.flatMap(streams)];
}

/** Room for the head of the arrow. */
const head = 3;

function pathOf(from: Box, to: Box, isWide: boolean): string {
  const middle = to.y + to.height / 2;
  if (!isWide) {
    const x = from.x + gap.indent / 2;
    return `M ${x} ${from.y + from.height} V ${middle} H ${to.x - head}`;
  }
  const [startX, startY, endX] = [from.x + from.width, from.y + from.height / 2, to.x - head];
  const bend = Math.min(gap.column, Math.max(0, endX - startX)) / 2;
  return `M ${startX} ${startY} C ${startX + bend} ${startY} ${endX - bend} ${middle} ${endX} ${middle}`;
}
