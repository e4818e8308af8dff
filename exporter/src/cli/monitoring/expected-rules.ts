import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../../config/units.ts';

export interface ExpectedRule {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly forSeconds: number;
  readonly keepFiringForSeconds: number;
}

export interface ExpectedGroup {
  readonly name: string;
  /** Null: as Prometheus is configured. */
  readonly intervalSeconds: number | null;
  readonly rules: readonly ExpectedRule[];
}

const labels = z.record(z.string(), z.coerce.string()).default({});
const seconds = z.string().transform((text) => parseDuration(text) ?? NaN);
const RuleFile = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      interval: seconds.optional(),
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          record: z.string().optional(),
          expr: z.coerce.string(),
          for: seconds.default(0),
          keep_firing_for: seconds.default(0),
          labels,
          annotations: labels,
        }),
      ),
    }),
  ),
});

/** The groups of the generated rule files, which end as rule_files of prometheus.yml says: OpenSLO files end otherwise. */
export function expectedGroups(files: readonly { readonly path: string; readonly content: string }[]): ExpectedGroup[] {
  return files
    .filter((file) => file.path.endsWith('.yml'))
    .flatMap((file) => {
      const parsed = RuleFile.safeParse(parse(file.content));
      return parsed.success ? parsed.data.groups : [];
    })
    .map((group) => ({
      name: group.name,
      intervalSeconds: group.interval ?? null,
      rules: group.rules.map((rule) => ({
        type: rule.alert === undefined ? ('recording' as const) : ('alerting' as const),
        name: rule.alert ?? rule.record ?? '',
        expr: rule.expr,
        labels: rule.labels,
        annotations: rule.annotations,
        forSeconds: rule.for,
        keepFiringForSeconds: rule.keep_firing_for,
      })),
    }));
}
