/** Place on Grafana's grid of 24 columns. */
export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export const gridColumns = 24;
export const rowHeight = 1;

/**
 * Places each box, in its order, where there is room highest up, and there as far to the left as possible: small boxes fill the space
 * beside a tall one. Returns the places and the first free grid row below all. Pure.
 */
export function flow(
  boxes: readonly { readonly width: number; readonly height: number }[],
  top: number,
): { readonly places: readonly GridPos[]; readonly bottom: number } {
  const places: GridPos[] = [];
  // The first free grid row of each column: nothing is ever placed above another box.
  const free = Array.from({ length: gridColumns }, () => top);
  for (const { width, height } of boxes) {
    const { x, y } = highestRoom(free, width);
    places.push({ x, y, w: width, h: height });
    free.fill(y + height, x, x + width);
  }
  return { places, bottom: Math.max(...free) };
}

function highestRoom(free: readonly number[], width: number): { readonly x: number; readonly y: number } {
  const candidates = Array.from({ length: gridColumns - width + 1 }, (_, x) => ({
    x,
    y: Math.max(...free.slice(x, x + width)),
  }));
  return candidates.reduce((best, other) => (other.y < best.y ? other : best));
}

/**
 * Id of a panel, from its title: links to it and differences between versions stay when panels before it come or go.
 * FNV-1a, 1 to 2^24; a test finds the collision that would ever happen.
 */
export function panelId(title: string): number {
  let hash = 0x811c9dc5;
  for (const char of title) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return ((hash >>> 0) & 0xffffff) + 1;
}
