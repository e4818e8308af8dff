import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { maskUrl } from './faults.ts';
import { elementOf, objectKeys, schemaNode } from './introspect.ts';
import { Config, Service } from './schema.ts';
import type { ServiceConfig } from './schema.ts';
import { formatDuration, formatSize } from './units.ts';

/** The whole configuration, defaults written out, in file notation; references to secrets stay, credentials in addresses are ***. */
export function showConfig(config: Config): string {
  return stringify(fileNotation(Config, config), { lineWidth: 0 });
}

/**
 * The same configuration without what is the default anyway, for files that are generated: a thousand services stay readable, and
 * quick to write. Reading it back with the same version gives the same configuration.
 */
export function showDifferences(config: Config): string {
  return stringify(fileNotation(Config, config, true), { lineWidth: 0 });
}

/** One service as a configuration of its own: what stands beside each backup, so that a copy alone tells how it was made. */
export function showService(service: ServiceConfig): string {
  return stringify({ services: [fileNotation(Service, service)] }, { lineWidth: 0 });
}

/** A value of the program (seconds, bytes) as it stands in the file (`4h`, `10GiB`); `sparse` leaves defaults out. */
export function fileNotation(schema: z.ZodType, value: unknown, sparse = false): unknown {
  if (value === null || value === undefined) return value;
  const node = schemaNode(schema);
  if (node.notation === 'duration' && typeof value === 'number') return formatDuration(value);
  if (node.notation === 'size' && typeof value === 'number') return formatSize(value);
  if (node.notation === 'url' && typeof value === 'string') return maskUrl(value);
  const element = elementOf(node);
  if (Array.isArray(value)) return element === null ? value : value.map((item) => fileNotation(element, item, sparse));
  if (typeof value !== 'object') return value;
  const keys = new Map(objectKeys(node));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const known = keys.get(key);
      const part = known ?? element;
      if (part === null) return [[key, item]];
      if (!sparse || known === undefined) return [[key, fileNotation(part, item, sparse)]];
      const { required, fallback } = schemaNode(known);
      if (!required && fallback !== undefined && isDeepStrictEqual(item, fallback)) return [];
      const shown = fileNotation(part, item, sparse);
      return !required && isEmptyObject(shown) && fallback === undefined ? [] : [[key, shown]];
    }),
  );
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
