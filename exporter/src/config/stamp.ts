// Every generated file tells where it came from: a reader must not edit it, and a stale one must be seen at a glance.

export interface Stamp {
  /** Version of genesis. */
  readonly version: string;
  /** SHA-256 (hex) of the configuration, as `configHash` gives it; it holds references to secrets, never secrets. */
  readonly configHash: string;
}

export interface StampedFile {
  readonly path: string;
  readonly content: string;
}

/** What every generated file holds near its beginning, by whatever comment its format has. */
export const generatedMark = 'by `genesis generate`: do not edit.';
const headLine = `Generated from genesis.yaml ${generatedMark}`;
const originWord = 'Made by genesis';

/** `Made by genesis 0.1.0 from the configuration 0123456789abcdef`: short enough for a head, long enough to compare. */
export function originLine({ version, configHash }: Stamp): string {
  return `${originWord} ${version} from the configuration ${configHash.slice(0, 16)}`;
}

/**
 * The file with its origin at the head: as comments in YAML, templates, jsonnet, shell and env files, in the description of a
 * Grafana dashboard. Other JSON has no place for it and stays as it is; the manifest beside it tells. Idempotent.
 */
export function stampFile<File extends StampedFile>(file: File, stamp: Stamp): File {
  const origin = originLine(stamp);
  const extension = /\.[a-z]+$/.exec(file.path)?.[0] ?? '';
  if (file.content.slice(0, 2_000).includes(originWord)) return file;
  if (extension === '.json') return { ...file, content: stampDashboard(file.content, origin) };
  if (extension === '.tmpl') return { ...file, content: stampTemplate(file.content, origin) };
  const comment = extension === '.libsonnet' ? '//' : '#';
  return { ...file, content: stampText(file.content, origin, comment) };
}

function stampText(content: string, origin: string, comment: string): string {
  const [first = '', ...rest] = content.split('\n');
  const own = first.startsWith(comment) && first.includes('Generated');
  const head = own
    ? [first, `${comment} ${origin}.`, ...rest]
    : [`${comment} ${headLine}`, `${comment} ${origin}.`, first, ...rest];
  return head.join('\n');
}

/** Text of a template outside of its definitions is never shown; the dashes keep even the line end out. */
function stampTemplate(content: string, origin: string): string {
  const own = content.slice(0, 300).includes('Generated');
  return `{{- /* ${own ? '' : `${headLine} `}${origin}. */ -}}\n${content}`;
}

function stampDashboard(content: string, origin: string): string {
  const { description, ...rest } = JSON.parse(content) as Record<string, unknown>;
  if (!('panels' in rest) || !('schemaVersion' in rest)) return content;
  const before = typeof description === 'string' ? `${description.trim()} ` : '';
  // First, so that the head of the file tells it.
  const stamped = { description: `${before}${headLine} ${origin}.`, ...rest };
  return `${JSON.stringify(stamped, null, content.startsWith('{\n') ? 2 : 0)}${content.endsWith('\n') ? '\n' : ''}`;
}
