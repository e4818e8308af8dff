import type { Reply } from '../api/types.ts';
import type { Tone } from '../components/StatusBadge.tsx';
import { textParam } from './url-state.ts';

/** What the Data quality page says of a report. Pure. */

export type QualityReport = Reply<'listQuality'>['items'][number];
export type TableReport = QualityReport['tables'][number];
export type ColumnReport = TableReport['columns'][number];

export const qualityParams = {
  service: textParam(63),
  /** Service whose table is open, and the table: names may hold any character, so they are two parameters. */
  of: textParam(63),
  table: textParam(),
  /** Report that is shown; '' is the newest. */
  report: textParam(100),
} as const;

/** Below it, a score is bad whatever was configured. */
const fairFrom = 0.6;

/** By the least score that the service is configured to accept. */
export function scoreTone(score: number, minScore: number): Tone {
  if (score >= minScore) return 'good';
  return score >= fairFrom ? 'attention' : 'bad';
}

export type PartName = keyof QualityReport['parts'];

/** The weakest first: it is what the score suffers from. */
export function partsOf(report: QualityReport): readonly { readonly name: PartName; readonly score: number }[] {
  const names = Object.keys(report.parts) as PartName[];
  return names
    .map((name) => ({ name, score: report.parts[name] }))
    .sort((a, b) => a.score - b.score || a.name.localeCompare(b.name));
}

/** The worst first. */
export function tablesOf(report: QualityReport): readonly TableReport[] {
  return [...report.tables].sort((a, b) => a.score - b.score || a.name.localeCompare(b.name));
}

export function columnsOf(table: TableReport): readonly ColumnReport[] {
  return [...table.columns].sort((a, b) => a.score - b.score || a.name.localeCompare(b.name));
}

export interface Finding {
  readonly table: string;
  readonly text: string;
}

/** Everything that was found: of the whole comparison (table ''), then of the worst table first: its schema, itself, its columns. */
export function findingsOf(report: QualityReport): readonly Finding[] {
  const ofTables = tablesOf(report).flatMap((table) => [
    ...table.schemaDrift.map((text) => ({ table: table.name, text })),
    ...table.findings.map((text) => ({ table: table.name, text })),
    ...columnsOf(table).flatMap((column) =>
      column.findings.map((text) => ({ table: table.name, text: `${column.name}: ${text}` })),
    ),
  ]);
  return [...report.findings.map((text) => ({ table: '', text })), ...ofTables];
}

/** Restored rows over those of the source; null where one of them is only estimated, or the source is empty. */
export function rowsChange({ rows, rowsSource }: TableReport): number | null {
  if (rows === null || rowsSource === null || rowsSource === 0) return null;
  return rows / rowsSource - 1;
}

/** A p-value as it is read: never as exactly nothing. */
export function pText(pValue: number): string {
  if (pValue < 0.0001) return '< 0.0001';
  return (Math.round(pValue * 10_000) / 10_000).toString();
}

/** The named report, or the newest; undefined: there is none, or not that one. */
export function reportOf(reports: readonly QualityReport[], id: string): QualityReport | undefined {
  return id === '' ? reports[0] : reports.find((report) => report.id === id);
}

/** Scores over time, oldest first. */
export function scoreTrend(
  reports: readonly QualityReport[],
): readonly { readonly at: number; readonly value: number }[] {
  return reports.map(({ at, score }) => ({ at: Date.parse(at), value: score })).reverse();
}

/** Share of the bar, 0 to 1. */
export function shareOf(score: number): number {
  return Math.min(1, Math.max(0, score));
}
