import type { z } from 'zod';
import { nearest } from './faults.ts';
import type { FaultPath, FoundFault } from './faults.ts';
import { choicesOf, nodeAt, objectKeys } from './introspect.ts';
import type { SchemaNode } from './introspect.ts';
import { Config } from './schema.ts';
import { notationMends } from './units.ts';

type Issue = z.core.$ZodIssue;

const kindNames: Readonly<Record<SchemaNode['kind'], string>> = {
  object: 'a mapping of keys',
  record: 'a mapping of names',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  enum: 'one of its known words',
};

/** Zod's issues in the words of the file: each with its path, a message and a mend; unknown keys one by one. */
export function schemaFaults(error: z.ZodError, raw: unknown): FoundFault[] {
  return error.issues.flatMap((issue) => faultsOf(issue, raw));
}

function faultsOf(issue: Issue, raw: unknown): FoundFault[] {
  const path = faultPath(issue.path);
  const node = nodeAt(Config, path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, node));
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'is not a usable name';
    return [{ path, value: path.at(-1), message: `the name ${message}`, mend: 'rename it' }];
  }
  const value = rawAt(raw, path);
  return [
    {
      path,
      value: mayShow(path, node) ? value : undefined,
      message: messageOf(issue, node, value),
      mend: mendOf(issue, node, value),
    },
  ];
}

function unknownKey(path: FaultPath, key: string, node: SchemaNode | null): FoundFault {
  const known = node === null ? [] : objectKeys(node).map(([name]) => name);
  const meant = nearest(key, known);
  // The value is not shown: it may be a secret under a name that we do not know.
  return {
    path: [...path, key],
    message: `unknown key "${key}"`,
    mend: meant === null ? `remove it; known here: ${known.join(', ')}` : `did you mean "${meant}"?`,
  };
}

function messageOf(issue: Issue, node: SchemaNode | null, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return 'is missing';
      return `must be ${node === null ? issue.expected : kindNames[node.kind]}, is ${kindOfValue(value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`;
    default:
      return issue.message;
  }
}

function mendOf(issue: Issue, node: SchemaNode | null, value: unknown): string {
  const given: unknown = issue.code === 'custom' ? issue.params?.['mend'] : undefined;
  if (typeof given === 'string') return given;
  if (value === null && node?.nullable === false) return 'give it a value, or remove the key';
  if (node === null) return 'see `genesis config reference`';
  const meant = typeof value === 'string' ? nearest(value, choicesOf(node)) : null;
  if (meant !== null) return `did you mean "${meant}"?`;
  if (node.notation !== null) return notationMends[node.notation];
  return node.description === null ? 'see `genesis config reference`' : `what belongs here: ${node.description}`;
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return { string: 'a text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? typeof value;
}

function mayShow(path: FaultPath, node: SchemaNode | null): boolean {
  if (node === null || node.notation === 'secret') return false;
  return !path.some((step) => typeof step === 'string' && /pass|secret|token|credential/i.test(step));
}

/** Symbols cannot come out of YAML; everything else of a zod path can be shown. */
function faultPath(path: readonly PropertyKey[]): FaultPath {
  return path.filter((step) => typeof step !== 'symbol');
}

/** What the user wrote at a path; undefined when nothing. */
export function rawAt(raw: unknown, path: FaultPath): unknown {
  let at = raw;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[step];
  }
  return at;
}
