import { z } from 'zod';

const durationUnits: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const sizeUnits: Readonly<Record<string, number>> = {
  B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40,
};

/** `4h`, `5m`, `1h30m`, `90s`, `250ms` to seconds; null when the text is not a duration. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) seconds += Number(amount) * (durationUnits[unit ?? ''] ?? NaN);
  return Number.isFinite(seconds) ? seconds : null;
}

/** `10GiB`, `500MB`, `4096B` to bytes; null when the text is not a size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s?([A-Za-z]+)$/.exec(text);
  const factor = match === null ? undefined : sizeUnits[match[2] ?? ''];
  return match === null || factor === undefined ? null : Math.round(Number(match[1]) * factor);
}

/** A duration in the file, seconds in the program. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const seconds = parseDuration(text);
    if (seconds === null || seconds <= 0) {
      context.addIssue({ code: 'custom', message: `"${text}" is not a duration`, params: { mend: 'write a number and a unit, e.g. 30s, 5m, 4h, 30d' } });
      return z.NEVER;
    }
    return seconds;
  });
}

/** A size in the file, bytes in the program. */
export function size(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const bytes = parseSize(text);
    if (bytes === null || bytes <= 0) {
      context.addIssue({ code: 'custom', message: `"${text}" is not a size`, params: { mend: 'write a number and a unit, e.g. 500MB, 10GiB' } });
      return z.NEVER;
    }
    return bytes;
  });
}
