import type { MetricName } from '../../contract/metrics/index.ts';
import type { Point } from '../../core/window.ts';
import { labelsOf } from './samples.ts';

const blockPoints = 128;
/** Two numbers a point, and what the block itself weighs. */
const blockBytes = blockPoints * 16 + 256;
export interface RingLimits {
  readonly series: number;
  /** Points a series at most. */
  readonly points: number;
  readonly memoryBytes: number;
}

interface Block {
  readonly times: Float64Array;
  readonly values: Float64Array;
  used: number;
  readonly series: MutableSeries;
}

/** One metric with one set of labels. */
export interface Series {
  readonly family: MetricName;
  /** As the metrics page writes them, without the cluster. */
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly last: Point;
  /** Visits points with `fromMs` < time <= `untilMs`, oldest first; `andBefore`: also the newest one that is older, first of all. */
  each(fromMs: number, untilMs: number, andBefore: boolean, visit: (atMs: number, value: number) => void): void;
}

interface MutableSeries extends Series {
  readonly blocks: Block[];
  /** Points of the first block that were given up already. */
  skipped: number;
  last: Point;
}

/** The points of the last hours, in memory, within bounds: nothing here grows without end. */
export interface Ring {
  /** A time that is not newer than the last one of its series: the same one is ignored, an older one (the clock was set back) begins anew. */
  record(family: MetricName, labels: string, atMs: number, value: number): void;
  /** Series of the metric that have all these labels, in the order in which they appeared. */
  select(family: MetricName, tags: Readonly<Record<string, string>>): readonly Series[];
  /** Whether any series of it is there, or another one would find room; where not, that counts as a point that was dropped. */
  hasRoomFor(family: MetricName): boolean;
  isFull(): boolean;
  /** Removes series without a point since. */
  forget(beforeMs: number): void;
  facts(): {
    readonly series: number;
    readonly points: number;
    readonly bytes: number;
    readonly dropped: { readonly series: number; readonly memory: number };
  };
}

interface Table {
  readonly limits: () => RingLimits;
  readonly byFamily: Map<MetricName, Map<string, MutableSeries>>;
  /** In the order in which they were begun: the first one holds the oldest points, because all series grow alike. */
  readonly blocks: Set<Block>;
  count: number;
  points: number;
  readonly dropped: { series: number; memory: number };
}

export function createRing(limits: () => RingLimits): Ring {
  const table: Table = {
    limits,
    byFamily: new Map(),
    blocks: new Set(),
    count: 0,
    points: 0,
    dropped: { series: 0, memory: 0 },
  };
  const { byFamily, dropped } = table;
  return {
    record(family, text, atMs, value) {
      let series = byFamily.get(family)?.get(text);
      if (series !== undefined && atMs === series.last.atMs) return;
      if (series !== undefined && atMs < series.last.atMs) {
        remove(table, series);
        series = undefined;
      }
      const target = series ?? begin(table, family, text);
      if (target === null) dropped.series += 1;
      else append(table, target, { atMs, value });
    },
    select(family, tags) {
      const wanted = Object.entries(tags);
      const all = [...(byFamily.get(family)?.values() ?? [])];
      return all.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
    },
    hasRoomFor(family) {
      const room = byFamily.has(family) || !isFull(table);
      if (!room) dropped.series += 1;
      return room;
    },
    isFull: () => isFull(table),
    forget(beforeMs) {
      for (const family of [...byFamily.values()])
        for (const series of [...family.values()]) if (series.last.atMs < beforeMs) remove(table, series);
    },
    facts: () => ({
      series: table.count,
      points: table.points,
      bytes: table.blocks.size * blockBytes,
      dropped: { ...dropped },
    }),
  };
}

/** Half of the memory at most may be taken by first blocks, so that no series crowds out all of another. */
function isFull({ limits, count }: Table): boolean {
  const { series, memoryBytes } = limits();
  return count >= Math.min(series, Math.max(1, Math.floor(memoryBytes / blockBytes / 2)));
}

/** Null where there is no room for another series. */
function begin(table: Table, family: MetricName, text: string): MutableSeries | null {
  if (isFull(table)) return null;
  const series = createSeries(family, text);
  const known = table.byFamily.get(family) ?? new Map<string, MutableSeries>();
  known.set(text, series);
  table.byFamily.set(family, known);
  table.count += 1;
  return series;
}

function remove(table: Table, series: MutableSeries): void {
  while (series.blocks.length > 0) shift(table, series);
  const family = table.byFamily.get(series.family);
  family?.delete(series.text);
  if (family?.size === 0) table.byFamily.delete(series.family);
  table.count -= 1;
}

/** Gives up the first block of a series; how many points went with it. */
function shift(table: Table, series: MutableSeries): number {
  const block = series.blocks.shift();
  if (block === undefined) return 0;
  table.blocks.delete(block);
  const lost = block.used - series.skipped;
  series.skipped = 0;
  table.points -= lost;
  return lost;
}

/** Makes room for one block: the oldest of all give way, but never the only one of a series, which holds its last point. */
function makeRoom(table: Table): void {
  while ((table.blocks.size + 1) * blockBytes > table.limits().memoryBytes) {
    const oldest = table.blocks.values().next().value;
    if (oldest === undefined || oldest.series.blocks.length < 2) return;
    table.dropped.memory += shift(table, oldest.series);
  }
}

function append(table: Table, series: MutableSeries, point: Point): void {
  let block = series.blocks.at(-1);
  if (block === undefined || block.used === blockPoints) {
    makeRoom(table);
    block = { times: new Float64Array(blockPoints), values: new Float64Array(blockPoints), used: 0, series };
    series.blocks.push(block);
    table.blocks.add(block);
  }
  block.times[block.used] = point.atMs;
  block.values[block.used] = point.value;
  block.used += 1;
  table.points += 1;
  series.last = point;
  const held = (series.blocks.length - 1) * blockPoints + block.used - series.skipped;
  if (held <= table.limits().points) return;
  series.skipped += 1;
  table.points -= 1;
  if (series.skipped >= blockPoints) shift(table, series);
}

function createSeries(family: MetricName, text: string): MutableSeries {
  const blocks: Block[] = [];
  const series: MutableSeries = {
    family,
    text,
    labels: labelsOf(text),
    blocks,
    skipped: 0,
    last: { atMs: -Infinity, value: Number.NaN },
    each(fromMs, untilMs, andBefore, visit) {
      // Most questions are about the end: look for their beginning from there.
      let first = blocks.length - 1;
      while (first > 0 && (blocks[first]?.times[0] ?? NaN) > fromMs) first -= 1;
      let before: Point | null = null;
      for (let i = Math.max(0, first); i < blocks.length; i += 1) {
        const block = blocks[i];
        for (let at = i === 0 ? series.skipped : 0; block !== undefined && at < block.used; at += 1) {
          const [atMs, value] = [block.times[at] ?? NaN, block.values[at] ?? NaN];
          if (atMs <= fromMs) before = { atMs, value };
          else if (atMs <= untilMs) {
            if (andBefore && before !== null) visit(before.atMs, before.value);
            before = null;
            visit(atMs, value);
          }
        }
      }
    },
  };
  return series;
}
