import { escapeLabelValue } from '@genesis-dr/exporter/contract';

const service = ['cluster', 'service'] as const;
const serviceSla = ['cluster', 'service', 'sla'] as const;

/**
 * Recorded series that panels read, with their labels. Generators know nothing of each other, so the names stand here again: a test
 * compares them with the generated rules and fails when one is not recorded there.
 */
export const recordLabels = {
  'service:genesis_expected:info': service,
  'service_sla:genesis_sla_ok:bool': serviceSla,
  'service_sla:genesis_sla_objective:ratio': serviceSla,
  'service_sla:genesis_sla_error:ratio1h': serviceSla,
  'service_sla:genesis_sla_error:ratio6h': serviceSla,
  'service_sla:genesis_sla_ok:avg30d': serviceSla,
  'service_sla:genesis_sla_coverage:ratio30d': serviceSla,
  'service_sla:genesis_sla_error_budget_remaining:ratio30d': serviceSla,
  'sla:genesis_services_compliant:ratio': ['cluster', 'sla'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type RecordName = keyof typeof recordLabels;

/** Selector of a recorded series within the chosen cluster and services; a label that it lacks is a compile error. */
export function recorded<N extends RecordName>(
  name: N,
  matchers: { readonly [L in (typeof recordLabels)[N][number]]?: string } = {},
): string {
  const labels: readonly string[] = recordLabels[name];
  const scope = (['cluster', 'service'] as const)
    .filter((label) => labels.includes(label))
    .map((label) => `${label}=~"$${label}"`);
  const own = Object.entries<string | undefined>(matchers as Record<string, string>).flatMap(([label, value]) =>
    value === undefined ? [] : [`${label}="${escapeLabelValue(value)}"`],
  );
  return `${name}{${[...scope, ...own].join(',')}}`;
}
