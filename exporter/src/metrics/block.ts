import { escapeLabelValue, unixSeconds, type AnyEmit, type IsoTime, type SampleValue } from '../contract/index.ts';

/** One sample as it was last written. */
interface Line {
  readonly target: string;
  readonly a: string | undefined;
  readonly b: string | undefined;
  readonly c: string | undefined;
  readonly d: string | undefined;
  readonly prefix: string;
  value: number | IsoTime;
  text: string;
}

/**
 * The samples of one family for some services, kept between scrapes: most facts stay the same from one scrape to the next, and then the
 * bytes of the last page are this page's. Only lines whose value changed are written anew.
 */
export interface Block {
  /** Begins a pass; every sample of the block is emitted again, in the same order. */
  begin(): void;
  /** Following samples carry these labels first. */
  target(labels: string): void;
  readonly emit: AnyEmit;
  /** Ends the pass. */
  bytes(): Buffer;
}

/** `own`: at most four label names that samples bring with them. */
export function createBlock(name: string, own: readonly string[]): Block {
  const lines: Line[] = [];
  let kept = Buffer.alloc(0);
  let changed = false;
  let next = 0;
  let target = '';

  const emit = (value: SampleValue, a?: string, b?: string, c?: string, d?: string): void => {
    if (value === null) return;
    const line = lines[next];
    const same =
      line !== undefined && line.target === target && line.a === a && line.b === b && line.c === c && line.d === d;
    if (!same || line.value !== value) {
      const number = typeof value === 'number' ? value : unixSeconds(value);
      if (!Number.isFinite(number)) return;
      changed = true;
      if (same) {
        line.value = value;
        line.text = `${line.prefix}${number}\n`;
      } else {
        const prefix = prefixOf(name, target, own, [a, b, c, d]);
        lines[next] = { target, a, b, c, d, prefix, value, text: `${prefix}${number}\n` };
      }
    }
    next += 1;
  };
  return {
    begin() {
      next = 0;
    },
    target(labels) {
      target = labels;
    },
    emit,
    bytes() {
      if (next !== lines.length) {
        lines.length = next;
        changed = true;
      }
      if (changed) kept = Buffer.from(lines.map((line) => line.text).join(''));
      changed = false;
      return kept;
    },
  };
}

/** What is written before a value, e.g. `genesis_backups{cluster="c",service="s",region="r",engine="e"} `. */
function prefixOf(
  name: string,
  target: string,
  own: readonly string[],
  values: readonly (string | undefined)[],
): string {
  const labels = own.map((label, i) => `,${label}="${escapeLabelValue(values[i] ?? '')}"`);
  return `${name}{${target}${labels.join('')}} `;
}
