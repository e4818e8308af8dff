import type { QualityReport } from '../../contract/quality.ts';
import type { ComparedTable } from './compare-table.ts';
import { blend, partNames, type PartName } from './score.ts';
import type { QualityLimits } from './settings.ts';

type Told = 'id' | 'service' | 'at' | 'drillId' | 'against' | 'seconds' | 'seed' | 'limits' | 'findings';

/** One report of all tables; there is at least one. Pure. */
export function reportOf(tables: readonly ComparedTable[], told: Pick<QualityReport, Told>): QualityReport {
  const parts = Object.fromEntries(partNames.map((name) => [name, partOf(tables, name)])) as Record<PartName, number>;
  const risks = tables.flatMap(({ report }) => (report.privacyRisk === null ? [] : [report.privacyRisk]));
  const figures = {
    score: blend(tables.map(({ report }) => report.score)),
    privacyRisk: risks.length === 0 ? null : Math.max(...risks),
    divergence: Math.max(0, ...tables.map(({ report }) => report.divergence)),
  };
  return {
    ...told,
    ...figures,
    parts,
    tables: tables.map(({ report }) => report),
    alerts: alertsOf(figures, told.limits),
  };
}

/** A part that no table has (no two numeric columns, say) has nothing against it. */
function partOf(tables: readonly ComparedTable[], name: PartName): number {
  const values = tables.flatMap(({ parts }) => (parts[name] === null ? [] : [parts[name]]));
  return values.length === 0 ? 1 : blend(values);
}

/** The alerts that these figures call for, should they stay. */
export function alertsOf(
  { score, privacyRisk, divergence }: Pick<QualityReport, 'score' | 'privacyRisk' | 'divergence'>,
  limits: QualityLimits,
): string[] {
  return [
    ...(score < limits.minScore ? ['LowDataQualityScore'] : []),
    ...(privacyRisk !== null && privacyRisk > limits.maxPrivacyRisk ? ['HighPrivacyRisk'] : []),
    ...(divergence > limits.maxDivergence ? ['StatisticalDivergence'] : []),
  ];
}

/** The worst of a report in one line, for the evidence of a drill. */
export function reportInWords({ score, limits, tables, divergence }: QualityReport): string {
  const worst = [...tables].sort((a, b) => a.score - b.score)[0];
  const sampled = tables.reduce((sum, table) => sum + table.sampled, 0);
  const compared = `score ${score.toFixed(3)} (at least ${limits.minScore}), largest divergence ${divergence.toFixed(3)}, ${tables.length} tables, ${sampled} rows looked at`;
  if (worst === undefined || worst.score >= 1) return compared;
  const column = [...worst.columns].sort((a, b) => a.score - b.score)[0];
  const causes = [
    ...worst.schemaDrift,
    ...(column === undefined || column.findings.length === 0 ? [] : [`${column.name}: ${column.findings.join(', ')}`]),
    ...worst.findings,
  ];
  const why = causes.length === 0 ? '' : `: ${causes.slice(0, 3).join('; ')}`;
  return `${compared}; lowest ${worst.name} ${worst.score.toFixed(3)}${why}`;
}
