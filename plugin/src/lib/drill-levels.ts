import type { DrillLevel, DrillPhase } from '@genesis-dr/exporter/contract';

/** What a drill of a database proved, level by level. Skipped is never as good as passed. */

/** `3 of 5`: levels that passed; null: the drill has none (files). */
export function levelsReached(
  levels: readonly DrillLevel[] | undefined,
): { readonly passed: number; readonly asked: number } | null {
  if (levels === undefined || levels.length === 0) return null;
  const passed = levels.filter(({ result }) => result === 'passed').length;
  return { passed, asked: levels.length };
}

/** The first level that did not pass, failed ones before skipped ones; null: all passed. */
export function firstMiss(levels: readonly DrillLevel[]): DrillLevel | null {
  return levels.find(({ result }) => result === 'failed') ?? levels.find(({ result }) => result === 'skipped') ?? null;
}

export interface PhaseShare {
  readonly name: DrillPhase['name'];
  readonly seconds: number;
  /** Of the sum, 0 to 1. */
  readonly share: number;
}

export function phaseShares(phases: readonly DrillPhase[] | undefined): readonly PhaseShare[] {
  const given = phases ?? [];
  const sum = given.reduce((total, { seconds }) => total + seconds, 0);
  return given.map(({ name, seconds }) => ({ name, seconds, share: sum === 0 ? 0 : seconds / sum }));
}
