/** One line of Prometheus' text format: name, labels (which may hold any character in quotes), value; a time may follow. */
const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+(\S+)/;

/** Sum over the series of one metric; null: there is none, or one of them is no number. */
export function readMetric(text: string, name: string): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    const found = sample.exec(line);
    if (found?.[1] !== name) continue;
    const value = Number(found[2]);
    if (!Number.isFinite(value)) return null;
    sum = (sum ?? 0) + value;
  }
  return sum;
}
