import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BackupRecord, BackupType } from '../../../contract/backup.ts';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { storeProblem } from './store-words.ts';

/** What `pgbackrest info --output=json` says: the only source of the catalogue. */

const InfoBackup = z.object({
  label: z.string(),
  type: z.enum(['full', 'diff', 'incr']),
  prior: z.string().nullable(),
  archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
  lsn: z.object({ start: z.string(), stop: z.string() }).partial().optional(),
  timestamp: z.object({ start: z.number(), stop: z.number() }),
  database: z.object({ id: z.number(), 'repo-key': z.number() }),
  error: z.boolean().nullable().optional(),
  annotation: z.record(z.string(), z.string()).nullable().optional(),
  info: z.object({
    size: z.number(),
    delta: z.number(),
    // `size` is absent in repositories with block-level increments.
    repository: z.object({ delta: z.number(), size: z.number().optional() }),
  }),
});
export type InfoBackup = z.infer<typeof InfoBackup>;

const StatusOf = z.object({ code: z.number(), message: z.string() });

const InfoStanza = z.object({
  name: z.string(),
  status: StatusOf.extend({
    lock: z
      .object({ backup: z.object({ held: z.boolean() }).loose() })
      .loose()
      .optional(),
  }),
  repo: z.array(z.object({ key: z.number(), cipher: z.string(), status: StatusOf })).default([]),
  // The system identifier is beyond what a number holds exactly.
  db: z
    .array(z.object({ id: z.number(), 'repo-key': z.number(), 'system-id': z.string(), version: z.string() }))
    .default([]),
  archive: z
    .array(
      z.object({
        id: z.string(),
        min: z.string().nullable(),
        max: z.string().nullable(),
        database: z.object({ id: z.number(), 'repo-key': z.number() }),
      }),
    )
    .default([]),
  backup: z.array(InfoBackup).default([]),
});
export type InfoStanza = z.infer<typeof InfoStanza>;

/** Annotations of Genesis in pgBackRest's own catalogue. */
export const annotations = {
  snapshot: 'genesis-snapshot',
  verified: 'genesis-verified',
  drilled: 'genesis-drilled',
} as const;

/** What a wrong passphrase opened stands in a message with every byte as it came: control characters make the answer no JSON. */
function parseJson(text: string): unknown {
  for (const attempt of [text, text.replaceAll(/\p{Cc}/gu, '?')]) {
    try {
      return JSON.parse(attempt) as unknown;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
  }
  return undefined;
}

/** Errors: `format_unknown`. Null where the stanza is not named at all. */
export function parseInfo(text: string, stanza: string): Outcome<InfoStanza | null> {
  const json = parseJson(text.replace(/("system-id":\s*)(\d+)/g, '$1"$2"'));
  if (json === undefined) return fail('format_unknown', 'the answer of `pgbackrest info` is not JSON');
  const parsed = z.array(InfoStanza).safeParse(json);
  if (parsed.success) return ok(parsed.data.find(({ name }) => name === stanza) ?? null);
  const issue = parsed.error.issues[0];
  return fail(
    'format_unknown',
    `the answer of \`pgbackrest info\` has another shape than known: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

/** `backup_YYYYMMDD_HHMMSS_<8 hex>`: start in UTC (labels are in local time) and a hash of the label. */
export function idOfBackup({ label, timestamp }: Pick<InfoBackup, 'label' | 'timestamp'>): string {
  const digits = new Date(timestamp.start * 1000).toISOString().replace(/[-:]/g, '');
  const hash = createHash('sha256').update(label).digest('hex').slice(0, 8);
  return `backup_${digits.slice(0, 8)}_${digits.slice(9, 15)}_${hash}`;
}

export function isoOfSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Backups of one repository, oldest first. */
export function backupsIn(stanza: InfoStanza, repositoryKey: number): InfoBackup[] {
  return stanza.backup
    .filter((b) => b.database['repo-key'] === repositoryKey)
    .sort((a, b) => a.timestamp.stop - b.timestamp.stop || (a.label < b.label ? -1 : 1));
}

function typeOf({ type, annotation }: InfoBackup): BackupType {
  if (type === 'diff') return 'differential';
  if (type === 'incr') return 'incremental';
  return annotation?.[annotations.snapshot] === undefined ? 'full' : 'snapshot';
}

/**
 * Annotations are left out: a mark that is set later is no change of the backup. pgBackRest lists the keys in one order; sorting them
 * keeps the sum the same should a later version list them in another.
 */
function checksumOf({ annotation: _, ...backup }: InfoBackup): string {
  return createHash('sha256').update(canonical(backup)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** Records of one repository, as the catalogue wants them, newest last. */
export function recordsOf(stanza: InfoStanza, repositoryKey: number, service: string): BackupRecord[] {
  const backups = backupsIn(stanza, repositoryKey);
  const idOfLabel = new Map(backups.map((b) => [b.label, idOfBackup(b)]));
  const cipher = stanza.repo.find(({ key }) => key === repositoryKey)?.cipher ?? 'none';
  return backups.map((backup) => recordOf(backup, { service, idOfLabel, encrypted: cipher !== 'none' }));
}

const pageErrors = {
  kind: 'other',
  path: 'cluster',
  message: 'pages with wrong checksums were met while copying: the live cluster is damaged, and so is this backup',
} as const;

function recordOf(
  backup: InfoBackup,
  context: { service: string; idOfLabel: ReadonlyMap<string, string>; encrypted: boolean },
): BackupRecord {
  const { size: bytes, delta: addedBytes, repository } = backup.info;
  const damaged = backup.error === true;
  const status = damaged ? 'completed_with_warnings' : 'completed';
  // pgBackRest does not tell how many files there are: the cluster counts as one entry.
  const sizes = { entries: 1, bytes, addedBytes, storedBytes: repository.delta };
  const warningCount = damaged ? 1 : 0;
  return {
    id: idOfBackup(backup),
    service: context.service,
    engine: 'pgbackrest',
    type: typeOf(backup),
    // A parent that is gone from the list keeps an id that nothing has: the chain is then known to be broken.
    parent: backup.prior === null ? null : (context.idOfLabel.get(backup.prior) ?? `missing_${backup.prior}`),
    status,
    startedAt: isoOfSeconds(backup.timestamp.start),
    endedAt: isoOfSeconds(backup.timestamp.stop),
    components: [{ name: 'cluster', status, ...sizes, warnings: warningCount, skipped: {}, error: null }],
    ...sizes,
    checksum: checksumOf(backup),
    encrypted: context.encrypted,
    keyFingerprint: null,
    warnings: damaged ? [pageErrors] : [],
    warningCount,
  };
}

export const repositoryCodes = { ok: 0, missingStanza: 1, noBackups: 2, missingData: 3, otherDatabase: 5 } as const;

/** Null: it can be read. `empty` tells that nothing was ever made there. Other failures name the repository. */
export function stateOfRepository(
  stanza: InfoStanza | null,
  repositoryKey: number,
  name: string,
): Outcome<'ready' | 'empty'> {
  const status = stanza?.repo.find(({ key }) => key === repositoryKey)?.status ?? stanza?.status;
  if (status === undefined || status.code === repositoryCodes.missingStanza) return ok('empty');
  if (status.code === repositoryCodes.ok || status.code === repositoryCodes.noBackups) return ok('ready');
  const message = readable(status.message);
  const problem = storeProblem(status.message);
  if (problem !== null)
    return fail(
      'repository_unreadable',
      `the store of the repository ${name} does not serve it: ${problem}: ${message}`,
      {
        retryable: true,
      },
    );
  if (looksSealed(status.message))
    return fail('key_wrong', `the repository ${name} was made with another passphrase, or is damaged: ${message}`);
  if (status.code === repositoryCodes.missingData)
    return fail('repository_unreadable', `the repository ${name} lacks its catalogue (backup.info): ${message}`);
  if (status.code === repositoryCodes.otherDatabase)
    return fail('repository_foreign', `the repository ${name} belongs to another cluster: ${message}`);
  return fail('repository_unreadable', `the repository ${name} cannot be read: ${message}`);
}

/** Bytes that were opened with a wrong passphrase are no text; where they do not even decrypt the program says so. */
function looksSealed(message: string): boolean {
  return /CryptoError|cipher header/.test(message) || /[^\x20-\x7e\s]/.test(message);
}

/** The first line, without what is no text. */
function readable(message: string): string {
  return (message.split('\n')[0] ?? '').replaceAll(/[^\x20-\x7e]+/g, '?').slice(0, 300);
}
