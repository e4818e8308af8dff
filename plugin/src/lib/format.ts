/** Numbers and times as the pages show them. Pure: the moment and the zone come in. */

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1536` → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? '-' : '';
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1023.95 && unit < binary.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${sign}${unit === 0 ? Math.round(value) : trimmed(value)} ${binary[unit] ?? 'PiB'}`;
}

/** Bytes a second. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

const parts = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** Seconds in the two largest units that matter: `93784` → `1 d 2 h`; below ten seconds with one decimal, below one in ms. */
export function formatDuration(seconds: number): string {
  if (seconds < 0) return `-${formatDuration(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${trimmed(seconds)} s`;
  let rest = Math.round(seconds);
  // Rounded to the smaller of the two units that are shown, so that 59 min 59.7 s is 1 h and not 60 min.
  const largest = parts.findIndex(([, size]) => rest >= size);
  const smallest = parts[largest + 1];
  if (smallest !== undefined) rest = Math.round(rest / smallest[1]) * smallest[1];
  const shown: string[] = [];
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) shown.push(`${count} ${unit}`);
  }
  return shown.slice(0, 2).join(' ');
}

/** A ratio 0 to 1 as percent: `0.9995` → `99.95 %`. Never rounded up to 100. */
export function formatPercent(ratio: number, digits = 2): string {
  const scale = 10 ** digits;
  const percent = ratio * 100;
  const rounded =
    ratio < 1 ? Math.min(Math.round(percent * scale) / scale, 100 - 1 / scale) : Math.round(percent * scale) / scale;
  return `${String(rounded)} %`;
}

/** `12345` → `12,345`. */
export function formatCount(count: number): string {
  return new Intl.NumberFormat('en-US').format(count);
}

/** A moment in a zone, with the zone's name: `2026-11-22 02:00:00 UTC`. `browser` is the zone of this machine. */
export function formatTime(iso: string | number, timeZone: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso);
  const zone = timeZone === 'browser' || timeZone === '' ? undefined : timeZone === 'utc' ? 'UTC' : timeZone;
  const field = fields(date, zone);
  return `${field['year']}-${field['month']}-${field['day']} ${field['hour']}:${field['minute']}:${field['second']} ${field['timeZoneName']}`;
}

/** One formatter a zone: making one takes longer than using it a hundred times. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function fields(date: Date, timeZone: string | undefined): Record<string, string> {
  const key = timeZone ?? '';
  const format = formatters.get(key) ?? formatter(timeZone);
  formatters.set(key, format);
  return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

function formatter(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
}

/** A value of a metric by its unit as the exporter names it: seconds, bytes, ratio, each also a second; others with their name. */
export function formatByUnit(value: number, unit: string): string {
  const base = unit.replace(/_per_second$/, '');
  const rate = base === unit ? '' : '/s';
  if (base === 'seconds') return rate === '' ? formatDuration(value) : `${significant(value)} s/s`;
  if (base === 'bytes') return `${formatBytes(value)}${rate}`;
  if (base === 'ratio') return formatPercent(value, 1);
  if (base === '' || base === 'count' || base === 'none') return `${counted(value)}${rate}`;
  if (base === 'boolean') return value >= 1 ? 'yes' : value <= 0 ? 'no' : formatPercent(value, 1);
  return `${significant(value)} ${base}${rate}`;
}

/** A mean of a count: as exact as a person counts, but something is never shown as nothing. */
function counted(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.01) return value > 0 ? '< 0.01' : '> -0.01';
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }).format(value);
}

/** Step texts of the exporter carry raw bytes, for scripts: `101643 bytes` → `99.3 KiB`. Short ones stay as they are. */
export function humanBytes(text: string): string {
  return text.replaceAll(/\b(\d{4,}) bytes\b/g, (_, digits: string) => formatBytes(Number(digits)));
}

function significant(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(value);
}

/** Distance of a moment from now: `12 s ago`, `in 3 h`. */
export function formatAge(at: string | number, nowMs: number): string {
  const seconds = (nowMs - new Date(at).getTime()) / 1000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 1) return 'just now';
  const distance = coarse(Math.abs(seconds));
  return seconds >= 0 ? `${distance} ago` : `in ${distance}`;
}

/** For ages one unit is enough, but between one and three of it the next one tells more. */
function coarse(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  return formatDuration(seconds < 3600 ? Math.floor(seconds / 60) * 60 : seconds);
}

function trimmed(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}
