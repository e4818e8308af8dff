import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { RecoveryTarget } from '../../../contract/postgres.ts';
import type { Exec } from '../../../ports/index.ts';
import type { EngineDeps, RepositoryRef, RestorePlanFacts, RestoreWish } from '../port.ts';
import {
  chainOf,
  findBackup,
  readCatalogue,
  scanRepository,
  type Catalogue,
  type ScannedArchive,
} from './catalogue.ts';
import { lastTransactionIn } from './edge.ts';
import { idOfBackup, type InfoBackup } from './info.ts';
import { inWords, reach, type Reach } from './reach.ts';
import { openSession, runOrFail, type Session } from './session.ts';
import { parseTablespaces, type Tablespace } from './tablespaces.ts';

/** Which backup and which WAL a restore takes, found out without touching anything. */

export interface RestoreChoice {
  /** The one that will be restored; another than was asked for where that one cannot serve. */
  readonly backup: InfoBackup;
  readonly chain: readonly InfoBackup[];
  readonly reach: Reach;
  /** Bytes of WAL between the backup's begin and the target, at most. */
  readonly walBytes: number;
  readonly systemId: string;
}

/**
 * An operation is planned once more right before it runs. What was seen then is good for the run: a repository that loses a file within
 * these seconds lets the restore itself fail, and a second look would be as old by the time it begins.
 */
const plannedForMs = 2_000;

interface Planned {
  readonly key: string;
  readonly choice: RestoreChoice;
  readonly atMs: number;
}

const planned = new WeakMap<Exec, Planned>();

/** The place too: an edited configuration may mean another repository by the same number. */
function keyOf({ configFile, repo, place }: Session, backupId: string, target: RecoveryTarget): string {
  return JSON.stringify([configFile, repo, place.name, place.path, backupId, target]);
}

function keepForRun(session: Session, backupId: string, target: RecoveryTarget, choice: RestoreChoice): void {
  const { exec, clock } = session.deps;
  planned.set(exec, { key: keyOf(session, backupId, target), choice, atMs: +clock.now() });
}

/** What a plan chose just before, else chosen anew. Errors: as `chooseRestore`. */
export async function chooseForRun(
  session: Session,
  backupId: string,
  target: RecoveryTarget,
): Promise<Outcome<RestoreChoice>> {
  const { exec, clock } = session.deps;
  const found = planned.get(exec);
  if (found?.key !== keyOf(session, backupId, target)) return chooseRestore(session, backupId, target);
  planned.delete(exec);
  const ageMs = +clock.now() - found.atMs;
  return ageMs >= 0 && ageMs < plannedForMs ? ok(found.choice) : chooseRestore(session, backupId, target);
}

/** Errors: `backup_unknown`, `backup_incomplete`, those of the repository. An unreachable target is no error here: see `reach`. */
export async function chooseRestore(
  session: Session,
  backupId: string,
  target: RecoveryTarget,
): Promise<Outcome<RestoreChoice>> {
  const catalogue = await readCatalogue(session);
  if (!catalogue.ok) return catalogue;
  const wanted = findBackup(catalogue.value, backupId, session.place.name);
  if (!wanted.ok) return wanted;
  const scanned = await scanRepository(session, catalogue.value);
  if (!scanned.ok) return scanned;
  const reached = await reachIn(session, scanned.value, backupId, target);
  if (!reached.ok) return reached;
  const chosen = catalogue.value.backups.find((b) => idOfBackup(b) === reached.value.reach.backup?.id) ?? wanted.value;
  const chain = chainOf(catalogue.value, chosen);
  if (!chain.ok) return chain;
  return ok({
    backup: chosen,
    chain: chain.value,
    ...reached.value,
    systemId: systemIdOf(catalogue.value, chosen),
  });
}

function systemIdOf({ info }: Catalogue, { database }: InfoBackup): string {
  return info?.db.find((db) => db.id === database.id && db['repo-key'] === database['repo-key'])?.['system-id'] ?? '';
}

async function reachIn(
  session: Session,
  scanned: readonly ScannedArchive[],
  backupId: string,
  target: RecoveryTarget,
): Promise<Outcome<{ reach: Reach; walBytes: number }>> {
  const archive = scanned.find(({ points }) => points.some(({ id }) => id === backupId));
  const wanted = archive?.points.find(({ id }) => id === backupId);
  if (archive === undefined || wanted === undefined)
    return fail(
      'backup_incomplete',
      `the archive of ${backupId} is not in the repository: it cannot be made consistent`,
    );
  const { segmentBytes, begunAtMs } = archive.archive;
  const nowMs = +session.deps.clock.now();
  const found = reach({ target, wanted, scan: archive.scan, segmentBytes, begunAtMs, nowMs });
  const { facts, backup, lastSegments } = found;
  const walBytes = backup === null ? 0 : Math.max(1, found.segments) * segmentBytes;
  if (!found.isAtTheEdge || target.type !== 'time') return ok({ reach: found, walBytes });
  const lastMs = await lastTransactionIn(session, lastSegments);
  if (lastMs === null || lastMs > Date.parse(target.at)) return ok({ reach: found, walBytes });
  const problem = `${inWords(target)} cannot be reached: the last transaction in the archive is of ${new Date(lastMs).toISOString()}; choose a moment before it, or the newest state`;
  return ok({
    reach: { ...found, backup: null, facts: { ...facts, reachable: false, problem, dataAsOf: null } },
    walBytes,
  });
}

/** Where the tablespaces of the backup stood, from its manifest. Errors: `repository_unreadable`. */
export async function readTablespaces(session: Session, label: string): Promise<Outcome<readonly Tablespace[]>> {
  const run = await runOrFail(session, 'info', [`--set=${label}`, '--output=json'], {
    output: 'data',
    maxOutputBytes: 16 * 2 ** 20,
    fallback: 'repository_unreadable',
  });
  return run.ok ? parseTablespaces(run.value.stdout, label) : run;
}

/** See `BackupEngine.planRestore`; without a target everything that is archived is replayed. */
export async function planRestore(
  deps: EngineDeps,
  repository: RepositoryRef,
  backupId: string,
  wish: RestoreWish,
  signal: AbortSignal,
): Promise<Outcome<RestorePlanFacts>> {
  if (wish.paths.length > 0)
    return fail('not_supported', 'a cluster is restored whole: pgBackRest restores no single files of it');
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const target = wish.recovery ?? { type: 'latest' };
  const choice = await chooseRestore(session.value, backupId, target);
  if (!choice.ok) return choice;
  keepForRun(session.value, backupId, target, choice.value);
  const { backup, chain, reach: found } = choice.value;
  // Beside the cluster they come with it, wherever they stood.
  const tablespaces =
    (wish.target ?? 'in_place') === 'in_place' ? await readTablespaces(session.value, backup.label) : ok([]);
  if (!tablespaces.ok) return tablespaces;
  const { data } = session.value.stanza.postgres;
  const roots = data === null ? [] : [{ component: 'cluster', root: 'cluster', path: data }];
  return ok({
    chain: chain.map(idOfBackup),
    roots: [
      ...roots,
      ...tablespaces.value.map(({ name, destination }) => ({
        component: 'cluster',
        root: `tablespace ${name}`,
        path: destination,
      })),
    ],
    entries: 1,
    // Of the cluster alone: WAL grows from minute to minute, and a plan must stay the same while nothing that counts changes.
    bytes: backup.info.size,
    readBytes: backup.info.repository.size ?? chain.reduce((sum, b) => sum + b.info.repository.delta, 0),
    recovery: found.facts,
  });
}
