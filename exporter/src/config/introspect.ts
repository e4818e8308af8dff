import { z } from 'zod';
import type { Notation } from './units.ts';

/** One node of the schema with its wrappers (default, nullable) taken off. */
export interface SchemaNode {
  readonly kind: 'object' | 'record' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'enum';
  readonly notation: Notation | null;
  readonly nullable: boolean;
  /** Absent where the key is required or made of its parts' defaults. In the program's units (seconds, bytes). */
  readonly fallback?: unknown;
  readonly required: boolean;
  readonly description: string | null;
  /** The whole schema, wrappers included. */
  readonly schema: z.ZodType;
  /** The schema inside the wrappers. */
  readonly inner: z.ZodType;
}

interface Wrappers {
  nullable: boolean;
  required: boolean;
  fallback?: unknown;
  description: string | null;
}

/** A fleet's configuration asks for the same few nodes many thousand times. */
const nodes = new WeakMap<z.ZodType, SchemaNode>();

/** Looks through the wrappers of a schema. Throws on a kind that the configuration does not use: teach it here first. */
export function schemaNode(schema: z.ZodType): SchemaNode {
  const known = nodes.get(schema);
  if (known !== undefined) return known;
  const node = readNode(schema);
  nodes.set(schema, node);
  return node;
}

function readNode(schema: z.ZodType): SchemaNode {
  const seen: Wrappers = { nullable: false, required: true, description: null };
  let inner = schema;
  for (;;) {
    seen.description ??= inner.description ?? null;
    if (inner instanceof z.ZodDefault) {
      seen.fallback = inner.def.defaultValue;
      seen.required = false;
    } else if (inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) seen.required = false;
    else if (inner instanceof z.ZodNullable) seen.nullable = true;
    else break;
    inner = inner.def.innerType as z.ZodType;
  }
  const text = inner instanceof z.ZodPipe ? (inner.def.in as z.ZodType) : inner;
  const meta = inner.meta()?.['notation'] ?? text.meta()?.['notation'];
  return { ...seen, schema, inner, kind: kindOf(text), notation: (meta as Notation | undefined) ?? null };
}

function kindOf(inner: z.ZodType): SchemaNode['kind'] {
  if (inner instanceof z.ZodObject) return 'object';
  if (inner instanceof z.ZodRecord) return 'record';
  if (inner instanceof z.ZodArray) return 'array';
  if (inner instanceof z.ZodEnum || inner instanceof z.ZodLiteral) return 'enum';
  if (inner instanceof z.ZodNumber) return inner.format === 'safeint' ? 'integer' : 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodString || inner instanceof z.ZodURL) return 'string';
  throw new Error(`the configuration reference does not know schemas of type ${inner.def.type}`);
}

/** Keys of an object node with their schemas; empty for every other kind. */
export function objectKeys(node: SchemaNode): readonly (readonly [string, z.ZodType])[] {
  if (!(node.inner instanceof z.ZodObject)) return [];
  return Object.entries(node.inner.shape as Record<string, z.ZodType>);
}

/** What the elements of an array or the values of a record look like; null for every other kind. */
export function elementOf(node: SchemaNode): z.ZodType | null {
  if (node.inner instanceof z.ZodArray) return node.inner.def.element as z.ZodType;
  if (node.inner instanceof z.ZodRecord) return node.inner.def.valueType as z.ZodType;
  return null;
}

/** Allowed values of an enumeration; empty for every other kind. */
export function choicesOf(node: SchemaNode): readonly string[] {
  if (node.inner instanceof z.ZodEnum) return node.inner.options.map(String);
  if (node.inner instanceof z.ZodLiteral) return [...node.inner.values].map(String);
  return [];
}

/** The node that a path of the file leads to; null where the schema has nothing there. */
export function nodeAt(schema: z.ZodType, path: readonly PropertyKey[]): SchemaNode | null {
  let node = schemaNode(schema);
  for (const step of path) {
    const next = objectKeys(node).find(([key]) => key === step)?.[1] ?? elementOf(node);
    if (next === null || next === undefined) return null;
    node = schemaNode(next);
  }
  return node;
}
