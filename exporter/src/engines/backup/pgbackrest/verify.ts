import { ok, type Outcome } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import type { EngineDeps, RepositoryRef, RunContext, VerifyReport } from '../port.ts';
import {
  chainOf,
  findBackup,
  readCatalogue,
  scanRepository,
  type Catalogue,
  type ScannedArchive,
} from './catalogue.ts';
import { damagedPaths, rememberDamage } from './damage.ts';
import { annotations, idOfBackup, type InfoBackup } from './info.ts';
import { dayMs, openSession, runCommand, runOrFail, type Session } from './session.ts';
import { faultWords, parseVerify, type VerifyText } from './verify-text.ts';
import { canVerifySet } from './version.ts';

/**
 * Verification: pgBackRest reads back every file, Genesis looks whether every WAL segment is there. Neither sees what the other
 * does: `verify` calls a repository with a missing segment sound.
 */

type Fault = VerifyReport['faults'][number];

/** See `BackupEngine.verify`. */
export async function verify(
  deps: EngineDeps,
  repository: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<VerifyReport>> {
  const session = await openSession(deps, repository, context.signal);
  if (!session.ok) return session;
  const report = await verifyIn(session.value, backupId, context);
  if (!report.ok || !report.value.passed) return report;
  await annotate(session.value, backupId, annotations.verified, deps.clock.now().toISOString());
  return report;
}

export async function verifyIn(
  session: Session,
  backupId: string,
  context: RunContext,
): Promise<Outcome<VerifyReport>> {
  const catalogue = await readCatalogue(session);
  if (!catalogue.ok) return catalogue;
  const backup = findBackup(catalogue.value, backupId, session.place.name);
  if (!backup.ok) return backup;
  context.onProgress({ phase: 'verify', entriesDone: 0, bytesDone: 0, bytesTotal: null });
  const run = await readBack(session, backup.value);
  if (!run.ok) return run;
  const text = parseVerify(run.value.stdout);
  if (!text.ok) return text;
  const before = await scanRepository(session, catalogue.value);
  if (!before.ok) return before;
  const damaged = damagedPaths(run.value.stderr);
  rememberDamage(session, new Map(before.value.map(({ id, listing }) => [id, listing])), damaged);
  const scanned = damaged.length === 0 ? before : await scanRepository(session, catalogue.value);
  if (!scanned.ok) return scanned;
  return ok(judgeVerify(catalogue.value, backup.value, text.value, scanned.value, damaged));
}

function readBack(session: Session, { label }: InfoBackup): Promise<Outcome<ExecResult>> {
  const set = canVerifySet(session.version) ? [`--set=${label}`] : [];
  return runOrFail(session, 'verify', ['--output=text', '--verbose', ...set], {
    output: 'told',
    timeoutMs: 7 * dayMs,
    maxOutputBytes: 16 * 2 ** 20,
    fallback: 'repository_unreadable',
  });
}

/** What the whole repository showed, told of one backup: its own faults, those of what it builds upon, and WAL that it needs. */
export function judgeVerify(
  catalogue: Catalogue,
  backup: InfoBackup,
  text: VerifyText,
  scanned: readonly ScannedArchive[],
  damaged: readonly string[],
): VerifyReport {
  const chain = chainOf(catalogue, backup);
  const members = chain.ok ? chain.value : [backup];
  const faults: Fault[] = [];
  const add = (of: InfoBackup, path: string | null, message: string): void =>
    void faults.push({ backupId: idOfBackup(of), component: 'cluster', path, message });
  if (!chain.ok) add(backup, null, chain.error.message);
  for (const line of text.others) add(backup, null, line);
  for (const member of members) {
    const seen = text.backups.find(({ label }) => label === member.label);
    if (seen === undefined) add(member, null, `${member.label} was not looked at by pgbackrest verify`);
    else if (seen.status !== 'valid' || faultWords(seen.counts) !== null || seen.checked !== seen.valid)
      add(
        member,
        null,
        `${member.label} is ${seen.status}: ${faultWords(seen.counts) ?? 'its manifest cannot be read'}`,
      );
  }
  for (const archive of text.archives) {
    const words = faultWords(archive.counts);
    // Named ones are gaps of the scan by now and hit the backups that need them; without a name they may be anybody's.
    if (words !== null && !damaged.some((path) => path.startsWith(`${archive.id}/`)))
      add(backup, `archive/${archive.id}`, `WAL of ${archive.id}: ${words} of ${archive.checked}`);
  }
  for (const fault of walFaults(backup, scanned)) add(backup, fault.path, fault.message);
  if (backup.error === true)
    add(backup, null, `${backup.label} holds pages whose checksums were wrong when it was made`);
  const seen = text.backups.find(({ label }) => label === backup.label);
  // The program may call the whole an error for a reason that none of the lines above told.
  const isUnexplained =
    text.status === 'error' &&
    faults.length === 0 &&
    damaged.length === 0 &&
    text.backups.every(({ status }) => status === 'valid');
  if (isUnexplained) add(backup, null, 'pgbackrest verify says `error` without telling where');
  return {
    backupId: idOfBackup(backup),
    passed: faults.length === 0,
    chain: members.map(idOfBackup),
    entries: seen?.checked ?? 0,
    bytes: backup.info.size,
    faults: faults.slice(0, 100),
  };
}

/**
 * WAL that this backup needs to be consistent. A gap behind it is no fault of the backup, which still brings back what was before: the
 * windows tell it, and whoever wants the newest state across it is refused.
 */
function walFaults(backup: InfoBackup, scanned: readonly ScannedArchive[]): { path: string; message: string }[] {
  const id = idOfBackup(backup);
  const archive = scanned.find(({ points }) => points.some((point) => point.id === id));
  if (archive === undefined)
    return [
      { path: 'archive', message: `no archived WAL is known of ${backup.label}: it was made without checking it` },
    ];
  const broken = archive.scan.broken.find((b) => b.id === id);
  if (broken === undefined) return [];
  const message = `${backup.label} needs the WAL segment ${broken.missing}, which is missing or damaged: it cannot be restored`;
  return [{ path: broken.missing, message }];
}

/** A mark in pgBackRest's own catalogue, for whoever looks there. The catalogue of Genesis does not rest on it: failing is only told. */
export async function annotate(session: Session, backupId: string, key: string, value: string): Promise<void> {
  const catalogue = await readCatalogue(session);
  const backup = catalogue.ok ? findBackup(catalogue.value, backupId, session.place.name) : catalogue;
  if (!backup.ok) return;
  const run = await runCommand(session, 'annotate', [`--set=${backup.value.label}`, `--annotation=${key}=${value}`], {
    output: 'log',
  });
  if (run.ok && run.value.exitCode === 0) return;
  session.deps.log.warn('a backup could not be annotated', {
    backup: backup.value.label,
    annotation: key,
    why: run.ok ? run.value.stdout.slice(-300) : run.error.message,
  });
}
