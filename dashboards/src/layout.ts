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
 * Places boxes from left to right, and on a new line where the next does not fit; a line is as high as its highest box.
 * Returns the places and the first free grid row below. Pure.
 */
export function flow(
  boxes: readonly { readonly width: number; readonly height: number }[],
  top: number,
): { readonly places: readonly GridPos[]; readonly bottom: number } {
  const places: GridPos[] = [];
  let x = 0;
  let y = top;
  let lineHeight = 0;
  for (const { width, height } of boxes) {
    if (x + width > gridColumns) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    places.push({ x, y, w: width, h: height });
    x += width;
    lineHeight = Math.max(lineHeight, height);
  }
  return { places, bottom: y + lineHeight };
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
