import type { SlaStatus } from '@genesis-dr/exporter/contract';

/** How service levels are shown: grouped, worst first, and never better than what is known. */

export type SlaVerdict = 'broken' | 'unknown' | 'budget_spent' | 'kept';
const worstFirst: readonly SlaVerdict[] = ['broken', 'budget_spent', 'unknown', 'kept'];

/** Below this share of 30 days a compliance figure says little: it is shown with that warning. */
export const thinCoverage = 0.5;

export function verdictOf(status: Pick<SlaStatus, 'compliant' | 'budgetRemaining'>): SlaVerdict {
  if (status.compliant === null) return 'unknown';
  if (!status.compliant) return 'broken';
  return status.budgetRemaining.known && status.budgetRemaining.value <= 0 ? 'budget_spent' : 'kept';
}

export interface ServiceLevels {
  readonly service: string;
  readonly verdict: SlaVerdict;
  readonly levels: readonly SlaStatus[];
}

/** One group a service, the worst services first, then by name; within a service in the order of the reply. */
export function groupByService(items: readonly SlaStatus[]): readonly ServiceLevels[] {
  return [...Map.groupBy(items, ({ service }) => service)]
    .map(([service, levels]) => ({ service, levels, verdict: worstOf(levels.map(verdictOf)) }))
    .toSorted((a, b) => rank(a.verdict) - rank(b.verdict) || a.service.localeCompare(b.service));
}

function rank(verdict: SlaVerdict): number {
  return worstFirst.indexOf(verdict);
}

function worstOf(verdicts: readonly SlaVerdict[]): SlaVerdict {
  return worstFirst.find((verdict) => verdicts.includes(verdict)) ?? 'unknown';
}

/** Minutes of 30 days that the objective allows to be missed. */
export function budgetMinutes(objective: number): number {
  return Math.max(0, 1 - objective) * 30 * 24 * 60;
}

export function isThin(coverage: SlaStatus['coverage']): boolean {
  return coverage.known && coverage.value < thinCoverage;
}

export function countVerdicts(items: readonly SlaStatus[]): Readonly<Record<SlaVerdict, number>> {
  const counts = { broken: 0, unknown: 0, budget_spent: 0, kept: 0 };
  for (const item of items) counts[verdictOf(item)] += 1;
  return counts;
}
