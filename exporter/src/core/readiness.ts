import { readinessComponents, type CheckResult, type Readiness } from '../contract/readiness.ts';
import type { Check, ReadinessInput } from './readiness-answers.ts';
import { readinessChecks } from './readiness-checks.ts';

export type { ReadinessInput } from './readiness-answers.ts';

/** Earned weight over total weight, 0-1. Unknown earns nothing. Null when no check applies. */
function scoreOf(checks: readonly CheckResult[]): number | null {
  const total = checks.reduce((sum, c) => sum + c.weight, 0);
  const earned = checks.reduce((sum, c) => sum + (c.result === 'passed' ? c.weight : 0), 0);
  return total === 0 ? null : earned / total;
}

function ask(check: Check, input: ReadinessInput, now: Date): CheckResult[] {
  const answer = check.answer(input, now);
  if (answer === null) return [];
  const { id, component, weight } = check;
  return [{ id, component, weight, ...answer, mend: answer.result === 'passed' ? null : check.mend }];
}

/**
 * Could this service be recovered right now? Pure. Checks that do not apply (a key where nothing is encrypted) have no weight and are
 * left out; what cannot be known counts as not passed and is shown as unknown. Score and component scores are 0-1.
 */
export function assessReadiness(input: ReadinessInput, now: Date): Readiness {
  const checks = readinessChecks.flatMap((check) => ask(check, input, now));
  const components = readinessComponents.flatMap((component) => {
    const score = scoreOf(checks.filter((c) => c.component === component));
    return score === null ? [] : [{ component, score }];
  });
  return { service: input.service.name, at: now.toISOString(), score: scoreOf(checks) ?? 0, components, checks };
}

/** docs/reference/readiness.md, printed from the table of checks. */
export function readinessReference(): string {
  const total = readinessChecks.reduce((sum, c) => sum + c.weight, 0);
  const rows = readinessChecks.map(
    (c) => `| \`${c.id}\` | ${c.component} | ${c.weight} | ${c.question} | ${c.mend.replaceAll('|', '\\|')} |`,
  );
  return [
    '# Readiness checks',
    '',
    '<!-- Printed from exporter/src/core/readiness-checks.ts by `npm run generate`; do not edit. -->',
    '',
    'The score of a service (`genesis_dr_readiness_score`) is the weight of the checks that passed over the weight of all checks that',
    'apply. A check that could not be answered is shown as `unknown` and earns nothing. `key_confirmed` applies only to services with',
    'encryption; those of WAL, standbys and health only where there are any.',
    `Component scores (\`genesis_dr_component_score\`) are the same sum within one component. Total weight: ${total}.`,
    '',
    '| check | component | weight | question | what to do when it is not passed |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
