import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { formatPath } from './faults.ts';
import { checkScalingPolicy } from './relations-scaling.ts';
import { schemaFaults } from './schema-faults.ts';
import { Scaling, ScalingPolicyFile, type ScalingConfig } from './schema-scaling.ts';
import { fileNotation } from './show.ts';

/** One thing that is wrong in a policy: where, what, and what to do about it. */
export interface PolicyFault {
  readonly path: string;
  readonly message: string;
  readonly mend: string;
}

export type ReadPolicy =
  | { readonly ok: true; readonly policy: ScalingPolicyFile }
  | { readonly ok: false; readonly faults: readonly PolicyFault[] };

/** The policy of a section, without the engine and its own keys. */
export function policyOfSection(section: ScalingConfig): ScalingPolicyFile {
  const keys = Object.keys(ScalingPolicyFile.shape) as (keyof ScalingPolicyFile)[];
  return Object.fromEntries(keys.map((key) => [key, section[key]])) as unknown as ScalingPolicyFile;
}

/** As it would stand in the file; what is the default anyway is left out. */
export function showScalingPolicy(policy: ScalingPolicyFile): string {
  return stringify(fileNotation(ScalingPolicyFile, policy, true), { lineWidth: 0 });
}

/** A policy that stands alone, YAML or JSON: the keys of `scaling` without the engine and its section. */
export function readScalingPolicy(text: string): ReadPolicy {
  const document = parseDocument(text, { prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined)
    return { ok: false, faults: [{ path: '', message: broken.message.split('\n')[0] ?? '', mend: 'mend the YAML' }] };
  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: 10 });
  } catch (thrown) {
    // A name that was never given, or names within names without end.
    const message = (thrown as Error).message.toLowerCase();
    return { ok: false, faults: [{ path: '', message, mend: 'write each value where it stands, without *names' }] };
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return {
      ok: false,
      faults: [{ path: '', message: 'must be a mapping of keys', mend: 'write e.g. min: 2' }],
    };
  const parsed = ScalingPolicyFile.safeParse(raw);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, raw) };
  const faults = [...checkScalingPolicy(parsed.data, [])]
    .filter(({ severity }) => severity === 'fault')
    .map(({ path, message, mend }) => ({ path: formatPath(path), message, mend }));
  return faults.length === 0 ? { ok: true, policy: parsed.data } : { ok: false, faults };
}

/** Said as of a file that holds nothing else, because the words for faults know the schema of the whole file. */
function faultsOf(error: z.ZodError, raw: unknown): PolicyFault[] {
  const inFile = ['services', 0, 'scaling'] as const;
  const issues = error.issues.map((issue) => ({ ...issue, path: [...inFile, ...issue.path] }));
  const found = schemaFaults(new z.ZodError(issues), { services: [{ scaling: raw }] });
  return found.map(({ path, message, mend }) => {
    const own = path.slice(inFile.length);
    const [key = ''] = own;
    // The words know the section, which has more keys than a policy.
    const isOfSection = key in Scaling.shape && !(key in ScalingPolicyFile.shape);
    return { path: formatPath(own), message, mend: isOfSection ? 'remove it: that stands in genesis.yaml only' : mend };
  });
}
