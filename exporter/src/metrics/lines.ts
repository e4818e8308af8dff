import { escapeLabelValue, type AnyEmit } from '../contract/metrics/index.ts';

/** One sample as it was last written: while neither labels nor value change, its line is used again. */
interface Line {
  a: string | undefined;
  b: string | undefined;
  c: string | undefined;
  d: string | undefined;
  prefix: string;
  value: number;
  text: string;
}
/** Lines of one family of one service, in the order in which the family emits them. */
export type Lines = Line[];

/** What is written before the own labels of a series, e.g. `genesis_backups{cluster="c",service="s",region="r"`. */
function prefixOf(name: string, base: string, own: readonly string[], values: readonly (string | undefined)[]): string {
  let labels = base;
  own.forEach((label, i) => {
    labels += `${labels === '' ? '' : ','}${label}="${escapeLabelValue(values[i] ?? '')}"`;
  });
  return `${name}{${labels}} `;
}

/** Writes samples as text lines. One is made for each scrape; `Lines` are kept between scrapes. */
export interface LineWriter {
  readonly emit: AnyEmit;
  /** Following samples belong to this family; `own` are at most four label names. */
  family(name: string, own: readonly string[]): void;
  /** Following samples carry these labels first and use these kept lines. */
  target(base: string, lines: Lines): void;
  /** Samples since the last take. */
  readonly count: number;
  append(text: string): void;
  take(): string;
}

export function createLineWriter(): LineWriter {
  let name = '';
  let own: readonly string[] = [];
  let base = '';
  let lines: Lines = [];
  let next = 0;
  let text = '';
  let count = 0;

  const emit = (value: number | null, a?: string, b?: string, c?: string, d?: string): void => {
    if (value === null || !Number.isFinite(value)) return;
    let line = lines[next];
    if (line === undefined || line.a !== a || line.b !== b || line.c !== c || line.d !== d) {
      const prefix = prefixOf(name, base, own, [a, b, c, d]);
      line = { a, b, c, d, prefix, value, text: `${prefix}${value}\n` };
      lines[next] = line;
    } else if (line.value !== value) {
      line.value = value;
      line.text = `${line.prefix}${value}\n`;
    }
    next += 1;
    count += 1;
    text += line.text;
  };
  return {
    emit,
    family(familyName, ownLabels) {
      name = familyName;
      own = ownLabels;
    },
    target(baseLabels, kept) {
      base = baseLabels;
      lines = kept;
      next = 0;
    },
    get count() {
      return count;
    },
    append(piece) {
      text += piece;
    },
    take() {
      const taken = text;
      text = '';
      count = 0;
      return taken;
    },
  };
}
