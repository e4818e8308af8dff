import { parse } from 'yaml';
import type { File } from './file.ts';

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly [key: string]: unknown;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly [key: string]: unknown;
}

export interface RuleFile {
  /** Without folder and ending, e.g. `dr_alerts`. */
  readonly name: string;
  readonly groups: readonly RuleGroup[];
}

/** What Prometheus loads of the generated files: rules/generated/*.yml. */
export function ruleFilesOf(files: readonly File[]): RuleFile[] {
  return files
    .filter((file) => /^rules\/generated\/[^/]+\.yml$/.test(file.path))
    .map((file) => ({
      name: file.path.replace(/^.*\/|\.yml$/g, ''),
      groups: (parse(file.content) as { groups?: RuleGroup[] }).groups ?? [],
    }));
}

/** Groups with only the rules that fit; those that have none are left out. */
export function groupsWith(files: readonly RuleFile[], fits: (rule: Rule) => boolean): RuleGroup[] {
  return files
    .flatMap(({ groups }) => groups)
    .map((group) => ({ ...group, rules: group.rules.filter(fits) }))
    .filter((group) => group.rules.length > 0);
}
