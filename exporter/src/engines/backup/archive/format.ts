import { z } from 'zod';
import { backupTypes, backupStatuses, type BackupRecord } from '../../../contract/backup.ts';
import { parseSealed, serialiseSealed } from '../sealed-manifest.ts';
import { sealScheme } from './crypto.ts';
import { archiveFile, backupIdPattern, fileListFile, formatVersion, namePattern } from './layout.ts';

/** The layout has no zod, so that a worker thread starts without it; for everybody else it is part of the format. */
export {
  formatVersion,
  markerFile,
  extrasFolder,
  backupsFolder,
  manifestFile,
  configFile,
  partialPrefix,
  sealedSuffix,
  isBackupId,
  isSafeName,
  serviceFolder,
  backupFolder,
  partialFolder,
  archiveFile,
  fileListFile,
  extraFile,
} from './layout.ts';

/** Raw bytes of an archive's frame at most; what is larger in a manifest is refused before it is decoded. */
export const maxFrameBytes = 16 * 2 ** 20;

const count = z.int().min(0);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const fingerprint = z.string().regex(/^[0-9a-f]{32}$/);
const backupId = z.string().regex(backupIdPattern);
const safeName = z.string().regex(namePattern);
const isoTime = z.iso.datetime();
const Encryption = z.object({ scheme: z.literal(sealScheme), keyFingerprint: fingerprint });

export const RepositoryMarker = z.object({
  format: z.literal(formatVersion),
  id: z.uuid(),
  createdAt: isoTime,
  encryption: Encryption.nullable(),
});
export type RepositoryMarker = z.infer<typeof RepositoryMarker>;

/** [offset, stored length, raw length, SHA-256 of the stored bytes]; offsets count in the zstd stream before sealing. */
const Frame = z.tuple([count, z.int().min(1), z.int().min(1).max(maxFrameBytes), hex64]);
export type Frame = z.infer<typeof Frame>;

const StoredFile = z
  .object({
    file: z.string(),
    /** Bytes of the zstd stream, before sealing. */
    storedBytes: count,
    rawBytes: count,
    frames: z.array(Frame),
    /** Hex salt of the sealed file's header. */
    salt: hex64.optional(),
  })
  .superRefine((stored, context) => {
    let offset = 0;
    let raw = 0;
    for (const [at, length, rawLength] of stored.frames) {
      if (at !== offset) context.addIssue({ code: 'custom', message: `frame at ${at} should begin at ${offset}` });
      offset += length;
      raw += rawLength;
    }
    if (offset !== stored.storedBytes || raw !== stored.rawBytes) {
      context.addIssue({ code: 'custom', message: 'the frames do not add up to the size of the file' });
    }
  });
export type StoredFile = z.infer<typeof StoredFile>;

const Root = z.object({
  /** First segment of every path in the archive; never empty, `.` or `..`. Text: `fromText` gives the binary string. */
  name: z
    .string()
    .min(1)
    .refine((n) => n !== '.' && n !== '..' && !n.includes('/') && !n.includes('\0')),
  path: z.string().startsWith('/'),
  kind: z.enum(['directory', 'file']),
});
export type Root = z.infer<typeof Root>;

const ManifestComponent = z.object({
  name: safeName,
  status: z.enum(backupStatuses),
  entries: count,
  bytes: count,
  addedBytes: count,
  storedBytes: count,
  warnings: count,
  skipped: z.record(z.string(), count),
  error: z.string().nullable(),
  roots: z.array(Root),
  archive: StoredFile,
  files: StoredFile,
  /** Entries of the parent that are no longer there. */
  deleted: count,
});
export type ManifestComponent = z.infer<typeof ManifestComponent>;

export const Manifest = z
  .object({
    format: z.literal(formatVersion),
    id: backupId,
    service: safeName,
    engine: z.literal('archive'),
    type: z.enum(backupTypes),
    parent: backupId.nullable(),
    /** This backup, the one it builds upon, … down to a full one. */
    chain: z.array(backupId).min(1),
    startedAt: isoTime,
    endedAt: isoTime,
    status: z.enum(backupStatuses),
    encryption: Encryption.nullable(),
    auditHead: z.object({ count, hash: z.string(), at: isoTime }).nullable(),
    warnings: z
      .array(
        z.object({
          kind: z.enum(['changed', 'vanished', 'unreadable', 'other']),
          path: z.string(),
          message: z.string(),
        }),
      )
      .max(100),
    warningCount: count,
    components: z.array(ManifestComponent).min(1),
  })
  .superRefine((manifest, context) => {
    const complain = (message: string): void => context.addIssue({ code: 'custom', message });
    if (manifest.chain[0] !== manifest.id) complain('the chain does not begin with the backup itself');
    if ((manifest.chain[1] ?? null) !== manifest.parent) complain('the chain does not name the parent');
    if (new Set(manifest.chain).size !== manifest.chain.length) complain('the chain names a backup twice');
    const sealed = manifest.encryption !== null;
    for (const c of manifest.components) {
      if (c.archive.file !== archiveFile(c.name, sealed)) complain(`component ${c.name} names a foreign archive file`);
      if (c.files.file !== fileListFile(c.name, sealed)) complain(`component ${c.name} names a foreign file list`);
    }
    if (new Set(manifest.components.map((c) => c.name)).size !== manifest.components.length)
      complain('a component is named twice');
  });
export type Manifest = z.infer<typeof Manifest>;

/** The file's bytes and the checksum that the catalogue keeps. `macKey` comes from `manifestMacKey`; null in a plain repository. */
export function serialiseManifest(
  manifest: Manifest,
  macKey: Buffer | null,
): { readonly bytes: Buffer; readonly checksum: string } {
  return serialiseSealed(manifest, macKey);
}

/** Throws as `parseSealed`. */
export function parseManifest(
  bytes: Buffer,
  macKey: Buffer | null,
  where: string,
): { readonly manifest: Manifest; readonly checksum: string } {
  return parseSealed(bytes, macKey, where, { schema: Manifest, format: formatVersion });
}

/** What the catalogue keeps of a manifest. */
export function recordOf(manifest: Manifest, checksum: string): BackupRecord {
  const total = (pick: (component: ManifestComponent) => number): number =>
    manifest.components.reduce((sum, c) => sum + pick(c), 0);
  return {
    id: manifest.id,
    service: manifest.service,
    engine: manifest.engine,
    type: manifest.type,
    parent: manifest.parent,
    status: manifest.status,
    startedAt: manifest.startedAt,
    endedAt: manifest.endedAt,
    components: manifest.components.map(
      ({ name, status, entries, bytes, addedBytes, storedBytes, warnings, skipped, error }) => ({
        name,
        status,
        entries,
        bytes,
        addedBytes,
        storedBytes,
        warnings,
        skipped,
        error,
      }),
    ),
    entries: total((c) => c.entries),
    bytes: total((c) => c.bytes),
    addedBytes: total((c) => c.addedBytes),
    storedBytes: total((c) => c.storedBytes),
    checksum,
    encrypted: manifest.encryption !== null,
    keyFingerprint: manifest.encryption?.keyFingerprint ?? null,
    warnings: manifest.warnings,
    warningCount: manifest.warningCount,
  };
}
