/** Orders in place; what is missing (NaN) comes last and is cut off. */
export function inOrder(values: Float64Array): Float64Array {
  values.sort();
  let end = values.length;
  while (end > 0 && Number.isNaN(values[end - 1])) end -= 1;
  return values.subarray(0, end);
}

/** Index of the first point for which it holds, by halving: it holds for all after the first. */
export function firstWhere(points: ArrayLike<number>, holds: (point: number) => boolean): number {
  let [from, to] = [0, points.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(points[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}
