import { z } from 'zod';
import { choicesOf, elementOf, objectKeys, schemaNode } from './introspect.ts';
import type { SchemaNode } from './introspect.ts';
import { Config } from './schema.ts';
import { fileNotation } from './show.ts';

/** One key of the file, as the reference prints it. */
export interface ReferenceKey {
  /** `services[].backup.schedules.full`; `<name>` stands for a name of one's own. */
  readonly path: string;
  readonly type: string;
  /** In file notation; `required`, or empty where the key is made of its parts. */
  readonly fallback: string;
  /** Allowed values or bounds; empty when any value of the type will do. */
  readonly allowed: string;
  readonly meaning: string;
  readonly example: string;
}

/** Examples for keys whose default says too little; every one is parsed by a test. */
export const examples: Readonly<Record<string, unknown>> = {
  'services[].name': 'shop',
  'services[].tier': 'critical',
  'services[].region': 'eu-central-1',
  'services[].team': 'payments',
  'services[].backup.repository': '/var/backups/genesis',
  'services[].backup.components.<name>.paths': ['/srv/shop'],
  'services[].backup.components.<name>.excludes': ['**/*.tmp', 'cache/**'],
  'services[].backup.limits.nice': 10,
  'services[].backup.limits.io': 'idle',
  'services[].backup.limits.bandwidth': '50MiB',
  'services[].backup.encryption.key': 'file:/etc/genesis/backup.key',
  'services[].copies[].name': 'second-disk',
  'services[].copies[].path': '/mnt/second/genesis',
  'services[].drills.check.command': ['/usr/local/bin/check-shop', '--quick'],
  'services[].restore.stop': ['/usr/bin/systemctl', 'stop', 'shop'],
  'services[].restore.start': ['/usr/bin/systemctl', 'start', 'shop'],
  'api.hosts': ['dr.example.org'],
  'api.tls.cert': '/etc/genesis/tls.crt',
  'api.tls.key': '/etc/genesis/tls.key',
  'restore.roots': ['/srv/restores'],
  'rules.for.<name>': '10s',
  'rules.thresholds.<name>': 0.9,
  'alertmanager.webhook_url': 'http://127.0.0.1:9099/alerts',
};

/** Every key, parents before their parts, in the order of the schema. */
export function referenceKeys(): ReferenceKey[] {
  return keysBelow(schemaNode(Config), '');
}

function keysBelow(node: SchemaNode, prefix: string): ReferenceKey[] {
  const below = objectKeys(node).flatMap(([name, schema]) =>
    keyWithParts(schema, prefix === '' ? name : `${prefix}.${name}`),
  );
  const element = elementOf(node);
  if (element === null) return below;
  const item = schemaNode(element);
  const path = node.kind === 'array' ? `${prefix}[]` : `${prefix}.<name>`;
  if (item.kind === 'object') return keysBelow(item, path);
  return node.kind === 'record' ? [keyOf(item, path)] : [];
}

function keyWithParts(schema: z.ZodType, path: string): ReferenceKey[] {
  const node = schemaNode(schema);
  return [keyOf(node, path), ...keysBelow(node, path)];
}

function keyOf(node: SchemaNode, path: string): ReferenceKey {
  const fallback = node.fallback === undefined ? undefined : fileNotation(node.schema, node.fallback);
  const example = examples[path] ?? (node.kind === 'object' || node.kind === 'record' ? undefined : fallback);
  const own = path.endsWith('.<name>');
  return {
    path,
    type: typeOf(node),
    fallback: fallback !== undefined ? JSON.stringify(fallback) : node.required && !own ? 'required' : '',
    allowed: allowedOf(node),
    meaning: node.description ?? (own ? 'One entry, under a name of your own.' : ''),
    example: example === undefined || example === null || isEmptyList(example) ? '' : inline(path, example),
  };
}

function typeOf(node: SchemaNode): string {
  const element = elementOf(node);
  const base =
    element === null
      ? ({ object: 'mapping', integer: 'whole number', enum: 'word', string: 'text' }[node.kind as string] ?? node.kind)
      : node.kind === 'array'
        ? `list of ${plural(typeOf(schemaNode(element)))}`
        : `mapping of names to ${plural(typeOf(schemaNode(element)))}`;
  return (node.notation ?? base) + (node.nullable ? ' or null' : '');
}

function plural(type: string): string {
  return type.endsWith('s') ? type : `${type}s`;
}

function allowedOf(node: SchemaNode): string {
  const choices = choicesOf(node);
  if (choices.length > 0) return choices.join(', ');
  if (node.kind === 'boolean') return 'true, false';
  if (!(node.inner instanceof z.ZodNumber)) return '';
  const { minValue, maxValue } = node.inner;
  const upper = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? null : maxValue;
  if (minValue === null || minValue <= -Number.MAX_SAFE_INTEGER) return upper === null ? '' : `<= ${upper}`;
  if (upper !== null) return `${minValue} to ${upper}`;
  return minValue === 0 && node.kind === 'number' ? '> 0' : `>= ${minValue}`;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function inline(path: string, value: unknown): string {
  const key = path.split('.').at(-1)?.replace('[]', '').replace('<name>', 'BackupTooOld') ?? '';
  const list = Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : null;
  const plain = typeof value === 'string' && /^[A-Za-z][\w./:-]*$|^\/[\w./-]+$|^\d+[A-Za-z]+$/.test(value);
  return `${key}: ${list ?? (plain ? value : JSON.stringify(value))}`;
}

const head = `# Configuration reference

Made from the schema by \`genesis config reference\`; do not edit. \`exporter/config.example.yaml\` shows every key in place.

- One YAML file, \`genesis.yaml\`. Every key has a default unless it says \`required\`; an empty file is valid. Unknown keys are refused.
- \`genesis config check FILE\` names every fault at once, with its place, value and mend. A running server reads the file again on
  SIGHUP or \`POST /-/reload\`; a bad file keeps the old configuration.
- **duration**: number and unit, also joined: \`250ms\`, \`30s\`, \`5m\`, \`4h\`, \`1h30m\`, \`30d\`, \`2w\`.
- **size**: \`4096B\`, \`500MB\` (decimal), \`10GiB\` (binary).
- **secret**: \`env:NAME\` or \`file:/absolute/path\`, never the secret itself. One line end at the end of the file is taken off.
- **cron**: minute, hour, day of month, month, day of week, in quotes; six fields put seconds first.
- **path**: absolute.
- The file names commands, so it is code: it is refused when it, or a folder above it, can be written by anyone but its owner and root
  (sticky folders such as /tmp pass, and so does a group that nobody else is in). The same holds for \`file:\` secrets, which nobody else may even read.
`;

/** The whole reference as Markdown: one table for each top-level key. */
export function configReference(): string {
  const sections = new Map<string, ReferenceKey[]>();
  for (const key of referenceKeys()) {
    const top = /^\w+/.exec(key.path)?.[0] ?? key.path;
    sections.set(top, [...(sections.get(top) ?? []), key]);
  }
  const tables = [...sections].map(([top, keys]) => `\n## ${top}\n\n${table(keys)}\n`);
  return head + tables.join('');
}

function table(keys: readonly ReferenceKey[]): string {
  // A pipe would end the cell even in code; < and * would be read as markup outside of it.
  const pipe = (text: string): string => text.replaceAll('|', '\\|');
  const prose = (text: string): string =>
    text
      .split('`')
      .map((part, at) => pipe(at % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll(/[*_]/g, '\\$&')))
      .join('`');
  const code = (text: string): string => (text === '' ? '' : `\`${pipe(text)}\``);
  const rows = keys.map(({ path, type, fallback, allowed, meaning, example }) => {
    const shown = fallback === 'required' ? 'required' : code(fallback.replace(/^"([^"]*)"$/, '$1'));
    return `| ${code(path)} | ${prose(type)} | ${shown} | ${code(allowed)} | ${prose(meaning)} | ${code(example)} |`;
  });
  return [
    '| key | type | default | allowed | meaning | example |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
