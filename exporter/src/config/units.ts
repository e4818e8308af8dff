import { z } from 'zod';

/** In milliseconds, so that sums stay exact. */
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };
const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** How a text schema is to be read and written; the reference and `config show` look it up in the schema's metadata. */
export type Notation = 'duration' | 'size' | 'secret' | 'path' | 'cron' | 'url';

/** Metadata that marks a schema's notation. */
export function notation(name: Notation): { notation: Notation } {
  return { notation: name };
}

/** Mends by notation, used where zod itself finds the fault (a number where a text belongs). */
export const notationMends: Readonly<Record<Notation, string>> = {
  duration: 'write a number and a unit, e.g. 30s, 5m, 4h, 30d',
  size: 'write a number and a unit, e.g. 500MB, 10GiB',
  secret: 'write env:NAME or file:/absolute/path; the secret itself never stands in this file',
  path: 'write an absolute path, e.g. /srv/data',
  cron: 'write five fields in quotes, e.g. "0 2 * * *"',
  url: 'write a whole address, e.g. http://127.0.0.1:9093/hook',
};

/** `4h`, `5m`, `1h30m`, `90s`, `250ms` to seconds; null when the text is not a duration. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * (durationUnits[unit ?? ''] ?? NaN);
  }
  return Number.isFinite(totalMs) ? totalMs / 1000 : null;
}

/** `10GiB`, `500MB`, `4096B` to bytes; null when the text is not a size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s?([A-Za-z]+)$/.exec(text);
  const factor = match === null ? undefined : sizeUnits[match[2] ?? ''];
  return match === null || factor === undefined ? null : Math.round(Number(match[1]) * factor);
}

const durationSteps = [
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds to file notation, exact to the millisecond: 14400 is `4h`, 5400 is `1h30m`, 0.25 is `250ms`. */
export function formatDuration(seconds: number): string {
  let restMs = Math.round(seconds * 1000);
  let text = '';
  for (const [unit, factor] of durationSteps) {
    const amount = Math.floor(restMs / (factor * 1000));
    if (amount > 0) text += `${amount}${unit}`;
    restMs -= amount * factor * 1000;
  }
  return restMs > 0 || text === '' ? `${text}${restMs}ms` : text;
}

/** Bytes to file notation, exact: the largest binary or decimal unit that divides them. */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']) {
    const factor = sizeUnits[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

/** A duration in the file, seconds in the program. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .meta(notation('duration'))
    .transform((text, context) => {
      const seconds = parseDuration(text);
      if (seconds === null || seconds <= 0) {
        context.addIssue({
          code: 'custom',
          message: `"${text}" is not a duration`,
          params: { mend: notationMends.duration },
        });
        return z.NEVER;
      }
      return seconds;
    });
}

/** A size in the file, bytes in the program. */
export function size(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .meta(notation('size'))
    .transform((text, context) => {
      const bytes = parseSize(text);
      if (bytes === null || bytes <= 0) {
        context.addIssue({ code: 'custom', message: `"${text}" is not a size`, params: { mend: notationMends.size } });
        return z.NEVER;
      }
      return bytes;
    });
}
