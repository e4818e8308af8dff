import type { BackupRecord } from '../../../contract/backup.ts';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { PitrFacts } from '../../../contract/postgres.ts';
import type { Exec } from '../../../ports/index.ts';
import { withSession } from '../../postgres/client.ts';
import { withoutDamaged } from './damage.ts';
import { errorOfExit } from './exit-codes.ts';
import { readHistories } from './histories.ts';
import {
  backupsIn,
  idOfBackup,
  parseInfo,
  recordsOf,
  stateOfRepository,
  type InfoBackup,
  type InfoStanza,
} from './info.ts';
import {
  archiveOf,
  defaultSegmentBytes,
  parseListing,
  parseLsn,
  parseSegment,
  segmentBytesOf,
  type Archive,
  type ArchiveListing,
  type SegmentName,
} from './segments.ts';
import { allOutput, runCommand, runOrFail, type Session } from './session.ts';
import { hasBlockIncremental } from './version.ts';
import { scanArchive, windowsOf, type BackupPoint, type Scan } from './windows.ts';

/** What a repository holds, read from the repository on every call and never remembered. */

/** A year of WAL at one segment a minute is about 60 MB of listing. */
const maxListingBytes = 256 * 2 ** 20;
const infoTimeoutMs = 120_000;
const askTimeoutMs = 5_000;

export interface ScannedArchive {
  readonly id: string;
  readonly listing: ArchiveListing;
  readonly archive: Archive;
  readonly points: readonly BackupPoint[];
  readonly scan: Scan;
}

export interface Catalogue {
  readonly state: 'ready' | 'empty';
  readonly info: InfoStanza | null;
  /** Of this repository, oldest first. */
  readonly backups: readonly InfoBackup[];
  readonly records: readonly BackupRecord[];
}

/** Errors: `repository_unreadable`, `repository_foreign`, `key_wrong`, `format_unknown`, exec errors. */
export async function readCatalogue(session: Session): Promise<Outcome<Catalogue>> {
  const run = await runCommand(session, 'info', ['--output=json'], {
    output: 'data',
    timeoutMs: infoTimeoutMs,
    maxOutputBytes: maxListingBytes,
  });
  if (!run.ok) return run;
  const { exitCode, stdout, truncated } = run.value;
  if (exitCode !== 0)
    return { ok: false, error: errorOfExit('info', exitCode, allOutput(run.value), 'repository_unreadable') };
  if (truncated) return fail('repository_unreadable', 'the answer of `pgbackrest info` is longer than 256 MiB');
  return understood(session, stdout);
}

/** What an answer means does not change, and with hundreds of backups it takes a while to find out. */
const answers = new WeakMap<Exec, Map<string, { readonly text: string; readonly catalogue: Catalogue }>>();
/** Of few and no long ones: a fleet with a long past must not fill the memory. */
const kept = { answers: 20, length: 512 * 2 ** 10 };

function understood({ deps, configFile, repo, stanza, place }: Session, text: string): Outcome<Catalogue> {
  const known = answers.get(deps.exec) ?? new Map<string, { text: string; catalogue: Catalogue }>();
  answers.set(deps.exec, known);
  const key = [configFile, repo, place.name, stanza.settings.stanza, stanza.product.service].join('\n');
  const before = known.get(key);
  if (before?.text === text) return ok(before.catalogue);
  known.delete(key);
  const info = parseInfo(text, stanza.settings.stanza);
  if (!info.ok) return info;
  const state = stateOfRepository(info.value, repo, place.name);
  if (!state.ok) return state;
  const catalogue: Catalogue = {
    state: state.value,
    info: info.value,
    backups: info.value === null ? [] : backupsIn(info.value, repo),
    records: info.value === null ? [] : recordsOf(info.value, repo, stanza.product.service),
  };
  if (text.length > kept.length) return ok(catalogue);
  if (known.size >= kept.answers) known.delete(known.keys().next().value as string);
  known.set(key, { text, catalogue });
  return ok(catalogue);
}

const togetherMs = 10;
const begun = new WeakMap<Exec, Map<string, Promise<Outcome<Catalogue>>>>();

/**
 * For those who only watch: whoever asks within a moment shares one look, as the readings after an operation do. None is given what was
 * read before it asked. Errors: as `readCatalogue`.
 */
export async function readTogether(session: Session): Promise<Outcome<Catalogue>> {
  const { deps, configFile, repo, signal } = session;
  const waiting = begun.get(deps.exec) ?? new Map<string, Promise<Outcome<Catalogue>>>();
  begun.set(deps.exec, waiting);
  const key = `${configFile}\n${repo}`;
  const other = waiting.get(key);
  if (other !== undefined) {
    const seen = await other;
    // Whoever began it was stopped: that is no answer for this one.
    return !seen.ok && seen.error.code === 'cancelled' && !signal.aborted ? readCatalogue(session) : seen;
  }
  const reading = deps.clock.sleep(togetherMs, signal).then(() => {
    waiting.delete(key);
    return readCatalogue(session);
  });
  waiting.set(key, reading);
  return reading;
}

/** Every segment name of every archive folder. Errors: as `readCatalogue`. */
export async function scanRepository(
  session: Session,
  catalogue: Catalogue,
): Promise<Outcome<readonly ScannedArchive[]>> {
  const { info } = catalogue;
  if (info === null || catalogue.state === 'empty') return ok([]);
  // Before the listing: a segment that is archived meanwhile must not look like one that is missing.
  const lastArchived = await askLastArchived(session);
  const scanned: ScannedArchive[] = [];
  const newestDatabase = Math.max(0, ...info.archive.map(({ database }) => database.id));
  for (const { id, database } of info.archive.filter((a) => a.database['repo-key'] === session.repo)) {
    const backups = catalogue.backups.filter((b) => b.database.id === database.id);
    const found = await scanOne(session, id, backups, database.id === newestDatabase ? lastArchived : null);
    if (!found.ok) return found;
    scanned.push(found.value);
  }
  return ok(scanned);
}

async function scanOne(
  session: Session,
  id: string,
  backups: readonly InfoBackup[],
  lastArchived: string | null,
): Promise<Outcome<ScannedArchive>> {
  const listing = await listArchive(session, id);
  if (!listing.ok) return listing;
  const histories = await readHistories(session, id, listing.value);
  if (!histories.ok) return histories;
  const segmentBytes = segmentBytesOf(positionsOf(backups)) ?? defaultSegmentBytes;
  const archive = archiveOf(withoutDamaged(session, id, listing.value), segmentBytes, histories.value);
  const points = backups.flatMap((backup) => pointOf(backup, segmentBytes) ?? []);
  const expected = lastArchived === null ? null : parseSegment(lastArchived, segmentBytes);
  const scan = scanArchive({ repository: session.place.name, archive, backups: points, expected });
  return ok({ id, listing: listing.value, archive, points, scan });
}

function positionsOf(backups: readonly InfoBackup[]): { segment: string; lsn: string }[] {
  return backups.flatMap(({ archive, lsn }) =>
    archive.start === null || lsn?.start === undefined ? [] : [{ segment: archive.start, lsn: lsn.start }],
  );
}

/** Null where a backup names no WAL: it was made without checking the archive, and nothing is known of it. */
export function pointOf(backup: InfoBackup, segmentBytes: number): BackupPoint | null {
  const { archive, timestamp, label, lsn } = backup;
  const named = (name: string | null): SegmentName | null => (name === null ? null : parseSegment(name, segmentBytes));
  const [first, last] = [named(archive.start), named(archive.stop)];
  if (first === null || last === null) return null;
  return {
    id: idOfBackup(backup),
    label,
    startMs: timestamp.start * 1000,
    // Whole seconds are all it tells: consistent some time within that second, so a target in it may come too early.
    stopMs: (timestamp.stop + 1) * 1000,
    first,
    last,
    stopLsn: lsn?.stop === undefined ? null : parseLsn(lsn.stop),
  };
}

async function listArchive(session: Session, id: string): Promise<Outcome<ArchiveListing>> {
  const folder = `archive/${session.stanza.settings.stanza}/${id}`;
  const run = await runOrFail(session, 'repo-ls', ['--output=json', '--recurse', folder], {
    output: 'data',
    timeoutMs: infoTimeoutMs,
    maxOutputBytes: maxListingBytes,
    fallback: 'repository_unreadable',
  });
  if (!run.ok) return run;
  if (run.value.truncated)
    return fail('repository_unreadable', `the listing of ${folder} is longer than 256 MiB: keep fewer days of WAL`);
  return parseListing(run.value.stdout);
}

/** The newest segment that the server says is safe in its archive; null where it cannot be asked. */
async function askLastArchived(session: Session): Promise<string | null> {
  const { postgres } = session.stanza;
  const options = { statementTimeoutMs: askTimeoutMs, connectTimeoutMs: askTimeoutMs, signal: session.signal };
  const asked = await withSession(postgres, options, (client) =>
    client.query<{ last: string | null }>(
      'SELECT last_archived_wal AS last FROM pg_stat_archiver WHERE NOT pg_is_in_recovery()',
    ),
  );
  // The note of a backup (`….backup`) is archived after its segment.
  const last = asked.ok ? (asked.value[0]?.last ?? '') : '';
  return /^([0-9A-F]{24})(?:\.[0-9A-F]{8}\.backup)?$/.exec(last)?.[1] ?? null;
}

export function factsOf(session: Session, scanned: readonly ScannedArchive[]): PitrFacts {
  return windowsOf(
    scanned.map(({ scan }) => scan),
    {
      repository: session.place.name,
      segments: scanned.reduce((sum, { archive }) => sum + archive.segments.length, 0),
      version: session.version,
      blockIncremental: hasBlockIncremental(session.version) ? 'on' : 'unsupported',
    },
  );
}

/** Errors: `backup_unknown`, `repository_unreadable`, those of `readCatalogue`. */
export function findBackup(catalogue: Catalogue, id: string, place: string): Outcome<InfoBackup> {
  // pgBackRest calls a disk that is not mounted an empty one.
  if (catalogue.state === 'empty')
    return fail('repository_unreadable', `the repository ${place} holds nothing: its disk may not be mounted`);
  const found = catalogue.backups.find((b) => idOfBackup(b) === id);
  return found === undefined ? fail('backup_unknown', `the repository ${place} has no backup ${id}`) : ok(found);
}

/** The backup and all it builds upon, itself first. Errors: `backup_incomplete`. */
export function chainOf(catalogue: Catalogue, backup: InfoBackup): Outcome<InfoBackup[]> {
  const chain = [backup];
  for (let at = backup; at.prior !== null;) {
    const parent = catalogue.backups.find(({ label }) => label === at.prior);
    if (parent === undefined)
      return fail('backup_incomplete', `${backup.label} builds upon ${at.prior}, which the repository does not have`);
    chain.push(parent);
    at = parent;
  }
  return ok(chain);
}
