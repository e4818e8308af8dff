import { createHash } from 'node:crypto';
import { z } from 'zod';
import { backupStatuses, type BackupRecord } from '../../../contract/backup.ts';
import { OpError } from '../../../contract/errors.ts';
import { backupIdPattern, namePattern } from '../archive/layout.ts';

/**
 * restic keeps paths, time and tags of a snapshot; what a catalogue needs beside them stands in a manifest, itself a small snapshot of
 * the same repository. It is written last: a backup is there when its manifest is. There is one snapshot a component, because
 * only then restic tells what each of them has added, and each finds its own predecessor.
 */
export const manifestName = 'genesis-manifest.json';
export const manifestTag = 'genesis-manifest';
export const idTag = (id: string): string => `genesis=${id}`;
export const serviceTag = (service: string): string => `service=${service}`;
export const componentTag = (component: string): string => `component=${component}`;
export const manifestFormat = 1;

const count = z.int().min(0);
const isoTime = z.iso.datetime();

const Root = z.strictObject({
  name: z.string().min(1),
  /** As configured. */
  path: z.string().startsWith('/'),
  /** What it stood for: links resolved. The path in the snapshot. */
  resolved: z.string().startsWith('/'),
  kind: z.enum(['directory', 'file']),
});
export type ResticRoot = z.infer<typeof Root>;

const Component = z.strictObject({
  name: z.string().regex(namePattern),
  status: z.enum(backupStatuses),
  /** Id of its snapshot as restic told it, at least the first 8 digits; the tags say the rest. */
  snapshot: z.string().regex(/^[0-9a-f]{8,64}$/),
  roots: z.array(Root).min(1),
  /** Regular files; folders beside them make the entries. restic does not count links. */
  files: count,
  entries: count,
  bytes: count,
  addedBytes: count,
  storedBytes: count,
  warnings: count,
});
export type ResticComponent = z.infer<typeof Component>;

export const ResticManifest = z.strictObject({
  format: z.literal(manifestFormat),
  id: z.string().regex(backupIdPattern),
  service: z.string().regex(namePattern),
  type: z.enum(['full', 'incremental', 'snapshot']),
  startedAt: isoTime,
  endedAt: isoTime,
  status: z.enum(backupStatuses),
  auditHead: z.strictObject({ count, hash: z.string(), at: isoTime }).nullable(),
  configYaml: z.string().nullable(),
  warnings: z
    .array(
      z.strictObject({
        kind: z.enum(['changed', 'vanished', 'unreadable', 'other']),
        path: z.string(),
        message: z.string(),
      }),
    )
    .max(100),
  warningCount: count,
  components: z.array(Component).min(1),
});
export type ResticManifest = z.infer<typeof ResticManifest>;

/** Throws OpError `backup_corrupt`, `format_unknown`. */
export function parseManifest(text: string, where: string): ResticManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OpError('backup_corrupt', `${where}: the manifest is not JSON`, { cause });
  }
  const version = z.object({ format: z.int() }).safeParse(json);
  if (version.success && version.data.format > manifestFormat)
    throw new OpError(
      'format_unknown',
      `${where}: has format ${version.data.format}, this program knows ${manifestFormat}`,
    );
  const parsed = ResticManifest.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new OpError(
    'backup_corrupt',
    `${where}: the manifest is not valid: ${z.prettifyError(parsed.error).slice(0, 500)}`,
  );
}

/** What the catalogue keeps. Every snapshot of restic stands for itself: none builds upon another. */
export function recordOfManifest(text: string, manifest: ResticManifest, keyFingerprint: string | null): BackupRecord {
  const { components } = manifest;
  const total = (pick: (c: ResticComponent) => number): number => components.reduce((sum, c) => sum + pick(c), 0);
  return {
    id: manifest.id,
    service: manifest.service,
    engine: 'restic',
    type: manifest.type,
    parent: null,
    status: manifest.status,
    startedAt: manifest.startedAt,
    endedAt: manifest.endedAt,
    components: components.map(({ name, status, entries, bytes, addedBytes, storedBytes, warnings }) => ({
      name,
      status,
      entries,
      bytes,
      addedBytes,
      storedBytes,
      warnings,
      skipped: {},
      error: null,
    })),
    entries: total((c) => c.entries),
    bytes: total((c) => c.bytes),
    addedBytes: total((c) => c.addedBytes),
    storedBytes: total((c) => c.storedBytes),
    checksum: createHash('sha256').update(text).digest('hex'),
    encrypted: true,
    keyFingerprint,
    warnings: manifest.warnings,
    warningCount: manifest.warningCount,
  };
}
