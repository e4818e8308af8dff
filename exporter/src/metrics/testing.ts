/** Test support: renders pages, and reads the text format back with a parser written from its specification. */
import type { Snapshot } from '../contract/snapshot.ts';
import { createCounters, type Counters } from './counters.ts';
import { createProcessRegistry } from './process.ts';
import { createMetricsPage, type MetricsPage } from './render.ts';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export interface ParsedPage {
  readonly heads: ReadonlyMap<string, { readonly help: string; readonly type: string }>;
  readonly samples: readonly Sample[];
}

const nameOf = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;

/** Parses text format 0.0.4 strictly. Throws on lines that break it, series given twice, and families that are not in one piece. */
export function parsePage(text: string): ParsedPage {
  const heads = new Map<string, { help: string; type: string }>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let help = '';
  let family = '';
  if (text !== '' && !text.endsWith('\n')) throw new Error('the page does not end with a line feed');
  for (const line of text.split('\n').slice(0, -1)) {
    const head = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (head !== null) {
      const [, kind, name = '', rest = ''] = head;
      if (kind === 'HELP') help = rest;
      else if (heads.has(name)) throw new Error(`family ${name} comes twice`);
      else heads.set((family = name), { help, type: rest });
      continue;
    }
    const sample = parseSample(line);
    const suffixed = ['', '_bucket', '_sum', '_count'].some((suffix) => sample.name === family + suffix);
    if (!suffixed) throw new Error(`sample ${sample.name} stands in family ${family}`);
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`series ${key} comes twice`);
    seen.add(key);
    samples.push(sample);
  }
  return { heads, samples };
}

function parseSample(line: string): Sample {
  const name = nameOf.exec(line)?.[0] ?? '';
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\})/y;
    at += 1;
    for (let end = ''; end !== '}';) {
      pair.lastIndex = at;
      const match = pair.exec(line);
      if (match === null) throw new Error(`bad labels: ${line}`);
      const [whole, label = '', value = '', stop = ''] = match;
      labels[label] = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
      at += whole.length;
      end = stop;
    }
  }
  const value = /^ (-?\d+(\.\d+)?(e[+-]?\d+)?)$/.exec(line.slice(at))?.[1];
  if (name === '' || value === undefined) throw new Error(`bad sample: ${line}`);
  return { name, labels, value: Number(value) };
}

export interface TestPage {
  readonly counters: Counters;
  readonly page: MetricsPage;
  text(snapshot: Snapshot | null, now: Date): Promise<string>;
  parsed(snapshot: Snapshot | null, now: Date): Promise<ParsedPage>;
}

let processRegistry: ReturnType<typeof createProcessRegistry> | undefined;

export function createTestPage(cluster = 'test'): TestPage {
  const counters = createCounters({ cluster });
  processRegistry ??= createProcessRegistry();
  const page = createMetricsPage({ cluster, counters, processRegistry });
  const text = async (snapshot: Snapshot | null, now: Date): Promise<string> => {
    const written: Buffer[] = [];
    await page.render(snapshot, now, (chunk) => written.push(chunk) > 0);
    return Buffer.concat(written).toString();
  };
  return { counters, page, text, parsed: async (snapshot, now) => parsePage(await text(snapshot, now)) };
}

/** Values of one family's samples whose labels contain these. */
export function valuesOf(page: ParsedPage, name: string, labels: Readonly<Record<string, string>> = {}): number[] {
  return page.samples
    .filter((s) => s.name === name && Object.entries(labels).every(([label, value]) => s.labels[label] === value))
    .map((s) => s.value);
}
