import { grey } from './panel.ts';

/** Lines whose name ends in such a word have this colour wherever they are drawn. */
export interface NameColor {
  /** As Grafana reads it: a regular expression between slashes, on the name of the line. */
  readonly pattern: string;
  readonly color: string;
}

const ending = (words: string): string => `/(^|\\s)(${words})$/`;

/**
 * Grafana's palette goes by the order of the lines: the first one, `failure`, would be green. Grey is for what is neither good nor bad,
 * or not known.
 */
export const colorsOfNames: readonly NameColor[] = [
  { pattern: ending('failure|failed|open|5xx|5\\d\\d'), color: 'red' },
  { pattern: ending('half_open|4xx|4\\d\\d'), color: 'orange' },
  { pattern: ending('success|passed|closed|2xx|2\\d\\d'), color: 'green' },
  { pattern: ending('3xx|3\\d\\d'), color: 'blue' },
  { pattern: ending('unknown|skipped|canceled|cancelled'), color: grey },
];
