import type { TableReport } from '../../contract/quality.ts';
import { compareColumn, type ComparedColumn } from './compare-column.ts';
import { correlationDifferences } from './correlation.ts';
import { privacyRisk, type PrivacyRisk } from './privacy.ts';
import { profileOf, type TableProfile } from './profile.ts';
import type { TableSample } from './sample.ts';
import { blend, scoreOf, type TableParts } from './score.ts';
import type { QualitySettings, TableSettings } from './settings.ts';

export interface ComparedTable {
  readonly report: TableReport;
  readonly parts: TableParts;
}

/** An estimate of the rows of a table may be wrong by this much. */
const estimateError = 0.05;

/** Uses up both samples (see profileOf). */
export function compareSamples(
  source: TableSample,
  restored: TableSample,
  table: TableSettings,
  settings: QualitySettings,
): ComparedTable {
  return compareTables(profileOf(source), profileOf(restored), table, settings);
}

/** Pure. Works alike for two fresh profiles and for one that was stored. */
export function compareTables(
  source: TableProfile,
  restored: TableProfile,
  table: TableSettings,
  settings: QualitySettings,
): ComparedTable {
  const [errorBefore, errorNow] = [ratioError(source), ratioError(restored)];
  const pairs = source.columns.flatMap((before) => {
    const now = restored.columns.find((column) => column.name === before.name);
    return now === undefined || !isSameForm(before.form, now.form) ? [] : [{ before, now }];
  });
  const columns = pairs.map(({ before, now }) =>
    compareColumn(before, now, {
      settings,
      stated: table.types[before.name],
      range: table.ranges[before.name],
      sampleError: Math.hypot(errorBefore, errorNow),
    }),
  );
  const drift = schemaDrift(source, restored);
  const lost = source.columns.length - pairs.length;
  const correlation = correlationDifferences(source.correlation, restored.correlation);
  const privacy = privacyOf(source, restored, table);
  const parts = partsOf(source, restored, columns, lost, correlation);
  return {
    parts,
    report: {
      name: source.name,
      score: scoreOf(parts),
      rows: countedRows(restored),
      rowsSource: countedRows(source),
      sampled: restored.rows,
      sampledSource: source.rows,
      sampleError: Math.max(errorBefore, errorNow),
      duplicates: restored.duplicates,
      schemaDrift: drift,
      correlationDifference: meanOf(correlation),
      privacyRisk: privacy?.risk ?? null,
      divergence: columns.reduce((largest, c) => Math.max(largest, c.divergence), 0),
      columns: columns.map((c) => c.report),
      findings: findingsOf(source, restored, table, privacy),
    },
  };
}

/** Fewer rows of the source than these tell nothing of the restored ones. */
const fewestKept = 30;

/**
 * The source as it is now, and the part of it that has not changed since the restored state: a healthy copy is like the one where rows
 * are updated, and like the other where they are added. The better comparison counts; the higher privacy risk does in any case.
 */
export function compareWithMoving(
  source: { readonly whole: TableProfile; readonly kept: TableProfile | null },
  restored: TableProfile,
  table: TableSettings,
  settings: QualitySettings,
): ComparedTable {
  const byWhole = compareTables(source.whole, restored, table, settings);
  const { kept } = source;
  if (kept === null || (kept.rows < fewestKept && restored.rows > 0)) return byWhole;
  const byKept = compareTables(kept, restored, table, settings);
  if (byKept.report.score <= byWhole.report.score) return byWhole;
  const { rowsSource, privacyRisk } = byWhole.report;
  const risks = [privacyRisk, byKept.report.privacyRisk].filter((risk) => risk !== null);
  const changed = `compared with the ${rowsInWords(kept.size)} of the source that have not changed since`;
  return {
    parts: byKept.parts,
    report: {
      ...byKept.report,
      rowsSource,
      privacyRisk: risks.length === 0 ? null : Math.max(...risks),
      findings: [changed, ...byKept.report.findings],
    },
  };
}

/** A table that one side lacks or that could not be read: its score is 0, because what is not known is not good. */
export function unknownTable(name: string, why: string): ComparedTable {
  const nothing = { completeness: 0, uniqueness: 0, validity: 0, distribution: 0, correlation: null, volume: 0 };
  return {
    parts: nothing,
    report: {
      name,
      score: 0,
      rows: null,
      rowsSource: null,
      sampled: 0,
      sampledSource: 0,
      sampleError: 1,
      duplicates: 0,
      schemaDrift: [],
      correlationDifference: null,
      privacyRisk: null,
      divergence: 0,
      columns: [],
      findings: [why],
    },
  };
}

function partsOf(
  source: TableProfile,
  restored: TableProfile,
  columns: readonly ComparedColumn[],
  lostColumns: number,
  correlation: readonly number[],
): TableParts {
  const lost = Array.from({ length: lostColumns }, () => 0);
  const distributions = columns.flatMap((c) => (c.distribution === null ? [] : [c.distribution]));
  const moreDuplicates = share(restored.duplicates, restored.rows) - share(source.duplicates, source.rows);
  const bothEmpty = source.rows === 0 && restored.rows === 0;
  return {
    completeness: bothEmpty && lostColumns === 0 ? 1 : blend([...columns.map((c) => c.completeness), ...lost]),
    uniqueness: 1 - Math.max(0, moreDuplicates),
    validity: bothEmpty && lostColumns === 0 ? 1 : blend([...columns.map((c) => c.validity), ...lost]),
    distribution: distributions.length === 0 ? null : blend(distributions),
    correlation: correlation.length === 0 ? null : blend(correlation.map((d) => 1 - beyondChance(d, source, restored))),
    volume: volumeOf(source, restored),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The coefficient of a sample is off by up to 1.96 / sqrt(n), and there are two samples. */
function beyondChance(difference: number, source: TableProfile, restored: TableProfile): number {
  const chance = (1.96 * Math.SQRT2) / Math.sqrt(Math.max(1, Math.min(source.rows, restored.rows)));
  return difference > chance ? Math.min(1, difference) : 0;
}

/** 1 where the restored side has as many rows as it should; what an estimate cannot tell is not counted. */
function volumeOf(source: TableProfile, restored: TableProfile): number {
  const { rows } = restored.size;
  const wanted = Math.min(Math.max(rows, source.size.rows), Math.max(source.size.rows, source.size.atMost ?? 0));
  if (rows === wanted) return 1;
  const difference = Math.abs(rows - wanted) / Math.max(rows, wanted);
  const counted = source.size.counted && restored.size.counted;
  return 1 - (counted || difference > estimateError ? difference : 0);
}

/** Half width of the 95 % interval of a ratio near one half, which is the widest; 0: every row was looked at. */
function ratioError({ units }: TableProfile): number {
  return units === null ? 0 : units === 0 ? 1 : Math.min(1, 0.98 / Math.sqrt(units));
}

function countedRows({ size }: TableProfile): number | null {
  return size.counted ? size.rows : null;
}

function isSameForm(a: string, b: string): boolean {
  const isNumber = (form: string): boolean => form === 'numeric' || form === 'time';
  return a === b || (!isNumber(a) && !isNumber(b));
}

function schemaDrift(source: TableProfile, restored: TableProfile): string[] {
  const now = new Map(restored.columns.map((column) => [column.name, column]));
  const gone = source.columns.flatMap((before) => {
    const column = now.get(before.name);
    if (column === undefined) return [`column ${before.name} is missing`];
    if (column.type !== before.type) return [`column ${before.name} is ${column.type}, ${before.type} in the source`];
    if (column.nullable === before.nullable) return [];
    return [`column ${before.name} ${column.nullable ? 'may be null now' : 'may not be null any more'}`];
  });
  const known = new Set(source.columns.map((column) => column.name));
  return [...gone, ...[...now.keys()].filter((name) => !known.has(name)).map((name) => `column ${name} is new`)];
}

function privacyOf(source: TableProfile, restored: TableProfile, table: TableSettings): PrivacyRisk | null {
  if (table.sensitive.length === 0 || source.sensitive === null || restored.sensitive === null) return null;
  const isWhole = source.units === null || source.size.rows === 0;
  return privacyRisk(source.sensitive, restored.sensitive, isWhole ? 1 : Math.min(1, source.rows / source.size.rows));
}

function findingsOf(
  source: TableProfile,
  restored: TableProfile,
  table: TableSettings,
  privacy: PrivacyRisk | null,
): string[] {
  const findings: string[] = [];
  const [a, b] = [source.size, restored.size];
  if (volumeOf(source, restored) < 1) findings.push(`${rowsInWords(b)}, ${rowsInWords(a)} in the source`);
  else if (!a.counted || !b.counted) findings.push(`${rowsInWords(b)}`);
  if (restored.rows === 0) findings.push(source.rows === 0 ? 'empty on both sides' : 'empty, and the source is not');
  const more = restored.duplicates - source.duplicates;
  if (more > 0) findings.push(`${restored.duplicates} rows are like another one, ${source.duplicates} in the source`);
  if (source.units !== null && restored.units !== null)
    findings.push(`a sample of ${restored.rows} rows (${source.rows} of the source)`);
  const unknown = table.sensitive.filter((name) => !source.columns.some((column) => column.name === name));
  if (unknown.length > 0) findings.push(`sensitive columns that are not there: ${unknown.join(', ')}`);
  if (table.sensitive.length > 0 && privacy === null)
    findings.push('privacy risk is not known: a profile keeps nothing of sensitive columns');
  return [...findings, ...(privacy?.findings ?? []), ...new Set([...source.left, ...restored.left])];
}

function rowsInWords({ rows, counted }: TableProfile['size']): string {
  return counted ? `${rows} rows` : `about ${rows} rows`;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
