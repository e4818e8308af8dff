import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { backupTypes, backupStatuses, type BackupRecord } from '../../../contract/backup.ts';
import { OpError } from '../../../contract/errors.ts';
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

const ManifestSeal = z.strictObject({ sha256: hex64, mac: hex64.nullable() });

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
function macOf(macKey: Buffer, bytes: Buffer): string {
  return createHmac('sha256', macKey).update(bytes).digest('hex');
}
function equalHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The file's bytes and the checksum that the catalogue keeps. `macKey` comes from `manifestMacKey`; null in a plain repository. */
export function serialiseManifest(
  manifest: Manifest,
  macKey: Buffer | null,
): { readonly bytes: Buffer; readonly checksum: string } {
  const line = Buffer.from(JSON.stringify(manifest), 'utf8');
  const checksum = sha256(line);
  const seal = JSON.stringify({ sha256: checksum, mac: macKey === null ? null : macOf(macKey, line) });
  return { bytes: Buffer.concat([line, Buffer.from(`\n${seal}\n`, 'utf8')]), checksum };
}

/**
 * Reads a manifest file. `where` names it in errors. With a `macKey` the manifest must bear a MAC that holds.
 * Throws OpError `backup_corrupt` (cut, changed, not a manifest), `format_unknown` (a later format).
 */
export function parseManifest(
  bytes: Buffer,
  macKey: Buffer | null,
  where: string,
): { readonly manifest: Manifest; readonly checksum: string } {
  const corrupt = (what: string): OpError => new OpError('backup_corrupt', `${where}: ${what}`);
  const end = bytes.indexOf(10);
  if (end < 0 || bytes[bytes.length - 1] !== 10) throw corrupt('the manifest was cut off');
  const line = bytes.subarray(0, end);
  const seal = ManifestSeal.safeParse(parseJson(bytes.subarray(end + 1)));
  if (!seal.success) throw corrupt('the manifest was cut off or its checksum line was changed');
  if (!equalHex(seal.data.sha256, sha256(line))) throw corrupt('the manifest was changed: its SHA-256 differs');
  if (macKey !== null && (seal.data.mac === null || !equalHex(seal.data.mac, macOf(macKey, line)))) {
    throw corrupt('the manifest was changed by somebody without the key: its MAC does not hold');
  }
  const json = parseJson(line);
  const version = z.object({ format: z.int() }).safeParse(json);
  if (version.success && version.data.format > formatVersion) {
    throw new OpError(
      'format_unknown',
      `${where}: has format ${version.data.format}, this program knows up to ${formatVersion}`,
    );
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) throw corrupt(`the manifest is not valid: ${z.prettifyError(parsed.error).slice(0, 500)}`);
  if ((parsed.data.encryption !== null) !== (seal.data.mac !== null))
    throw corrupt('the manifest has no MAC, or one it should not have');
  return { manifest: parsed.data, checksum: seal.data.sha256 };
}

/** Undefined when the bytes are not JSON; the schema that follows then says what is missing. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
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
