import { z } from 'zod';
import { backupStatuses, type BackupRecord } from '../../../contract/backup.ts';
import { sealScheme } from '../archive/crypto.ts';
import { backupIdPattern, namePattern, sealedSuffix } from '../archive/layout.ts';
import { parseSealed, serialiseSealed } from '../sealed-manifest.ts';

export const dumpFormat = 1;

const count = z.int().min(0);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const isoTime = z.iso.datetime();
/** Relative, without `.` and `..`: a manifest must not lead out of its folder. */
const insidePath = z
  .string()
  .regex(/^[A-Za-z0-9%_-][A-Za-z0-9%._-]*(\/[A-Za-z0-9%_-][A-Za-z0-9%._-]*){0,3}$/, { error: 'leads elsewhere' });

const StoredFile = z.strictObject({
  /** As it was dumped, relative to the backup; sealed ones have the suffix `.sealed` on disk. */
  path: insidePath,
  /** In the repository. */
  bytes: count,
  sha256: hex64,
  /** Of the dump itself; the same as above in a plain repository. */
  plainBytes: count,
  plainSha256: hex64,
});
export type StoredFile = z.infer<typeof StoredFile>;

/** What `CREATE DATABASE` and what belongs to the database itself need: pg_dump without --create leaves it out. */
const Properties = z.strictObject({
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** `c` libc, `i` ICU, `b` builtin. */
  provider: z.string(),
  /** Locale of ICU or of the builtin provider. */
  locale: z.string().nullable(),
  /** Null: the defaults. Grantee null: everybody. */
  grants: z
    .array(z.strictObject({ role: z.string().nullable(), privilege: z.string(), grantable: z.boolean() }))
    .nullable(),
  /** ALTER DATABASE … SET, and for one role in this database; each `name=value`. */
  settings: z.array(z.strictObject({ role: z.string().nullable(), values: z.array(z.string()) })),
});
export type DatabaseProperties = z.infer<typeof Properties>;

const DatabaseDump = z.strictObject({
  name: z.string().min(1).max(63),
  format: z.enum(['custom', 'directory']),
  /** Tables whose rows were counted in the snapshot of the dump. */
  tables: count,
  /** pg_database_size(). */
  bytes: count,
  seconds: z.number().min(0),
  /** Where WAL stood when the snapshot was taken. */
  lsn: z.string(),
  snapshotAt: isoTime,
  /** Entries that `pg_restore --list` shows. */
  tocEntries: count,
  warnings: count,
  properties: Properties,
  dump: z.array(StoredFile).min(1),
  rows: StoredFile,
});
export type DatabaseDump = z.infer<typeof DatabaseDump>;

export const DumpManifest = z.strictObject({
  format: z.literal(dumpFormat),
  id: z.string().regex(backupIdPattern),
  service: z.string().regex(namePattern),
  engine: z.literal('pg_dump'),
  type: z.enum(['full', 'snapshot']),
  startedAt: isoTime,
  endedAt: isoTime,
  status: z.enum(backupStatuses),
  encryption: z.strictObject({ scheme: z.literal(sealScheme), keyFingerprint: z.string() }).nullable(),
  auditHead: z.strictObject({ count, hash: z.string(), at: isoTime }).nullable(),
  /** e.g. `15.18`. */
  serverVersion: z.string(),
  clientVersion: z.string(),
  warnings: z
    .array(
      z.strictObject({
        kind: z.enum(['changed', 'vanished', 'unreadable', 'other']),
        path: z.string(),
        message: z.string(),
      }),
    )
    .max(100),
  globals: StoredFile,
  databases: z.array(DatabaseDump).min(1),
});
export type DumpManifest = z.infer<typeof DumpManifest>;

export function serialiseDumpManifest(
  manifest: DumpManifest,
  macKey: Buffer | null,
): { readonly bytes: Buffer; readonly checksum: string } {
  return serialiseSealed(manifest, macKey);
}

/** Throws as `parseSealed`. */
export function parseDumpManifest(
  bytes: Buffer,
  macKey: Buffer | null,
  where: string,
): { readonly manifest: DumpManifest; readonly checksum: string } {
  return parseSealed(bytes, macKey, where, { schema: DumpManifest, format: dumpFormat });
}

/** Name of a stored file below the backup's folder. */
export function nameOnDisk(file: StoredFile, sealed: boolean): string {
  return sealed ? file.path + sealedSuffix : file.path;
}

/** Every file that the manifest vouches for. */
export function storedFiles(manifest: DumpManifest): readonly StoredFile[] {
  return [manifest.globals, ...manifest.databases.flatMap((d) => [...d.dump, d.rows])];
}

function storedBytes(files: readonly StoredFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** What the catalogue keeps: a component is a database, its entries are its tables. */
export function recordOfDump(manifest: DumpManifest, checksum: string): BackupRecord {
  const components = manifest.databases.map((d) => ({
    name: d.name,
    status: d.warnings === 0 ? ('completed' as const) : ('completed_with_warnings' as const),
    entries: d.tables,
    bytes: d.bytes,
    // A dump reads all of a database each time.
    addedBytes: d.bytes,
    storedBytes: storedBytes([...d.dump, d.rows]),
    warnings: d.warnings,
    skipped: {},
    error: null,
  }));
  const total = (pick: (c: (typeof components)[number]) => number): number =>
    components.reduce((s, c) => s + pick(c), 0);
  return {
    id: manifest.id,
    service: manifest.service,
    engine: manifest.engine,
    type: manifest.type,
    parent: null,
    status: manifest.status,
    startedAt: manifest.startedAt,
    endedAt: manifest.endedAt,
    components,
    entries: total((c) => c.entries),
    bytes: total((c) => c.bytes),
    addedBytes: total((c) => c.addedBytes),
    storedBytes: total((c) => c.storedBytes) + manifest.globals.bytes,
    checksum,
    encrypted: manifest.encryption !== null,
    keyFingerprint: manifest.encryption?.keyFingerprint ?? null,
    warnings: manifest.warnings,
    warningCount: manifest.warnings.length,
  };
}
