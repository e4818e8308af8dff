import { ok, fail, type Outcome } from '../../../contract/errors.ts';
import { drillLevels, type DrillLevel } from '../../../contract/operation.ts';
import { checkDrillRoom, provePostgres } from '../../postgres/prove.ts';
import type { EngineDeps, Proof, ProofContext, ProofRequest } from '../port.ts';
import { lastTransactionIn } from './edge.ts';
import { isoOfSeconds, annotations, idOfBackup } from './info.ts';
import { chooseRestore, readTablespaces, type RestoreChoice } from './plan.ts';
import { giveTo, ownerOf, restoreFiles, type Restored } from './recover.ts';
import { besidePlace } from './restore-args.ts';
import { openSession, type Session } from './session.ts';
import { annotate, verifyIn } from './verify.ts';

/** See `BackupEngine.prove`: level 1 is the repository's own word and every file's checksum, the others are the server's. */
export async function prove(deps: EngineDeps, request: ProofRequest, context: ProofContext): Promise<Outcome<Proof>> {
  const { signal } = context;
  const session = await openSession(deps, request.repository, signal);
  if (!session.ok) return session;
  const { stanza, place } = session.value;
  const settings = stanza.product.drill;
  if (settings === null) return fail('config_invalid', 'the service has no section postgres.drill');
  const choice = await chooseRestore(session.value, request.backupId, request.recovery);
  if (!choice.ok) return choice;
  if (!choice.value.reach.facts.reachable)
    return ok(failedAtFirst(choice.value.reach.facts.problem ?? 'the target cannot be reached', 0));
  // A restore with a manifest that was cut off fails in many words; asked for by name it is told for what it is.
  const manifest = await readTablespaces(session.value, choice.value.backup.label);
  if (!manifest.ok) return manifest;
  const room = await checkDrillRoom(request.folder, choice.value.backup.info.size, settings.minFreeBytes);
  if (!room.ok) return room;
  const archivedTo = await newestArchived(session.value, choice.value, request);
  const first = await context.step(`level 1: ${drillLevels[1]}`, (note) =>
    proveFiles(session.value, request, choice.value, context, note),
  );
  if (!first.ok) return first;
  const { level, restored, restoreSeconds, startedAt } = first.value;
  if (level.result !== 'passed' || restored === null) return ok(failedAtFirst(level.detail, level.seconds));
  const proof = await provePostgres(
    deps,
    {
      data: besidePlace(request.folder).data,
      folder: request.folder,
      bin: stanza.postgres.bin,
      runAs: ownerOf(session.value),
      user: stanza.postgres.user,
      database: stanza.postgres.database,
      settings,
      target: request.recovery,
      startedAt,
      consistentAt: isoOfSeconds(choice.value.backup.timestamp.stop),
      recoveryNeedsNetwork: place.remote !== null,
      before: {
        levels: [level],
        phases: [{ name: 'restore', seconds: restoreSeconds }],
        entries: restored.files,
        bytes: restored.bytes,
      },
    },
    context,
  );
  if (!proof.ok) return proof;
  if (proof.value.passed) await markDrilled(session.value, idOfBackup(choice.value.backup), proof.value);
  return ok({ ...proof.value, ...archivedTo });
}

/** Asked before anything is restored: the server goes on archiving meanwhile, and that would have been lost at the beginning. */
async function newestArchived(
  session: Session,
  { reach }: RestoreChoice,
  { recovery }: ProofRequest,
): Promise<Pick<Proof, 'archivedTo'>> {
  if (recovery.type !== 'latest') return {};
  const newestMs = await lastTransactionIn(session, reach.lastSegments);
  return newestMs === null ? {} : { archivedTo: new Date(newestMs).toISOString() };
}

interface FirstLevel {
  readonly level: DrillLevel;
  /** Null when it failed before. */
  readonly restored: Restored | null;
  readonly restoreSeconds: number;
  /** When the restore began: what is fresh is measured against it. */
  readonly startedAt: string;
}

async function proveFiles(
  session: Session,
  request: ProofRequest,
  choice: RestoreChoice,
  context: ProofContext,
  note: (text: string) => void,
): Promise<Outcome<FirstLevel>> {
  const { clock } = session.deps;
  const begunMs = +clock.now();
  const startedAt = clock.now().toISOString();
  const given = await giveTo(request.folder, ownerOf(session));
  if (!given.ok) return given;
  const restored = await restoreFiles(session, request.folder, choice, request.recovery, context);
  const restoreSeconds = (+clock.now() - begunMs) / 1000;
  if (!restored.ok && notTried.has(restored.error.code)) return restored;
  const level = (result: DrillLevel['result'], detail: string): DrillLevel => {
    note(detail);
    return { level: 1, name: drillLevels[1], result, seconds: (+clock.now() - begunMs) / 1000, detail };
  };
  if (!restored.ok)
    return ok({ level: level('failed', restored.error.message), restored: null, restoreSeconds, startedAt });
  const verified = await verifyIn(session, idOfBackup(choice.backup), context);
  if (!verified.ok) {
    if (notTried.has(verified.error.code)) return verified;
    return ok({ level: level('failed', verified.error.message), restored: null, restoreSeconds, startedAt });
  }
  const { walFrom, walTo } = choice.reach.facts;
  const fault = verified.value.faults[0]?.message;
  const detail =
    fault ??
    `${restored.value.files} files of ${choice.backup.label} restored, each compared with its checksum; ${verified.value.entries} read back in the repository; WAL ${walFrom ?? '?'} to ${walTo ?? '?'} there without a gap`;
  return ok({
    level: level(fault === undefined ? 'passed' : 'failed', detail),
    restored: restored.value,
    restoreSeconds,
    startedAt,
  });
}

/** These kept it from being tried and say nothing about the backup. */
const notTried = new Set<string>([
  'cancelled',
  'disk_full',
  'program_missing',
  'io_failed',
  'exec_timeout',
  'target_not_allowed',
]);

function failedAtFirst(detail: string, seconds: number): Proof {
  const levels = ([1, 2, 3, 4, 5] as const).map((level): DrillLevel => ({
    level,
    name: drillLevels[level],
    result: level === 1 ? 'failed' : 'skipped',
    seconds: level === 1 ? seconds : 0,
    detail: level === 1 ? detail : 'level 1 failed',
  }));
  return { passed: false, levels, phases: [], restoredTo: null, entries: 0, bytes: 0 };
}

async function markDrilled(session: Session, backupId: string, proof: Proof): Promise<void> {
  const highest = Math.max(...proof.levels.filter(({ result }) => result === 'passed').map(({ level }) => level));
  await annotate(session, backupId, annotations.drilled, `${session.deps.clock.now().toISOString()} level ${highest}`);
}
