import { positionBytes } from './control.ts';

/** Timelines: where a promoted server left the one that it came from. Pure. */

export interface Fork {
  /** Timeline that was left. */
  readonly timeline: number;
  /** The first byte that is not of it any more. */
  readonly atBytes: number;
}

export function historyName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}

/** Lines of a history file, the oldest first: `1	0/3028600	no recovery target specified`. */
export function parseHistory(text: string): readonly Fork[] {
  return text.split('\n').flatMap((line) => {
    const [timeline = '', position = ''] = line.trim().split(/\s+/);
    const atBytes = positionBytes(position);
    return /^\d+$/.test(timeline) && atBytes !== null ? [{ timeline: Number(timeline), atBytes }] : [];
  });
}

/** A server by its timeline, how far it came, and how its timeline came about (null: the first one, or not known). */
export interface Line {
  readonly timeline: number;
  readonly reachedBytes: number;
  readonly history: readonly Fork[] | null;
}

/**
 * What a server has that the primary's past does not have: 0 bytes: it can follow. Null: they have gone apart, by how much is not
 * known (two servers that were promoted to the same timeline, or one that is on a timeline of its own).
 */
export function divergedBytes(node: Line, primary: Line): number | null {
  if (node.timeline === primary.timeline)
    return node.history === null || primary.history === null || isSamePast(node.history, primary.history) ? 0 : null;
  const fork = primary.history?.find(({ timeline }) => timeline === node.timeline);
  if (fork === undefined) return null;
  // Its own timeline may have come from elsewhere.
  const before = primary.history?.filter(({ timeline }) => timeline < node.timeline) ?? [];
  if (node.history !== null && !isSamePast(node.history, before)) return null;
  return Math.max(0, node.reachedBytes - fork.atBytes);
}

function isSamePast(a: readonly Fork[], b: readonly Fork[]): boolean {
  return (
    a.length === b.length && a.every((fork, at) => fork.timeline === b[at]?.timeline && fork.atBytes === b[at]?.atBytes)
  );
}
