import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ok, type Outcome } from '../../contract/errors.ts';
import type { BackupEngine, RestorePlanFacts, RestoreWish } from '../../engines/backup/port.ts';
import type { OperationRequest } from '../app.ts';
import { blocker, type Blocker, type Consequences, type HandlerDeps, type PlanDraft } from '../handler.ts';
import { checkFolderTarget } from '../restore-target.ts';
import { restoreRoots, type ResolvedService } from '../services.ts';
import { locateBackup } from './verify.ts';

export type RestoreAsk = Extract<OperationRequest, { kind: 'restore' }>;

/** Without a path in the request, the folder is named after the backup and the operation. */
export function folderPath(deps: HandlerDeps, request: RestoreAsk, operationId: string): string | null {
  if (request.target.kind !== 'folder') return null;
  return (
    request.target.path ??
    join(restoreRoots(deps.config(), deps.home)[0] ?? deps.home.restoresFolder, `${request.backupId}-${operationId}`)
  );
}

/** In place goes only to paths that the configuration names for that component, whatever a manifest says. */
export function foreignRoots(facts: RestorePlanFacts, service: ResolvedService): Blocker[] {
  // The swap renames: a configured path that is a link would lose the link and leave the tree behind it as it was.
  const links = facts.roots
    .filter((root) => lstatSync(root.path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    .map((root) =>
      blocker(
        'target_not_allowed',
        `${root.path} is a symbolic link: configure the path it stands for, or restore into a new folder`,
      ),
    );
  const foreign = facts.roots
    .filter((root) => !service.components.some((c) => c.name === root.component && c.paths.includes(root.path)))
    .map((root) =>
      blocker(
        'target_not_allowed',
        `${root.path} is not a configured path of ${service.config.name}/${root.component}`,
      ),
    );
  return [...foreign, ...links];
}

/** What a person would wish to have known before: the swap replaces whole trees. */
function inPlaceWarnings(
  request: RestoreAsk,
  facts: RestorePlanFacts,
  service: ResolvedService,
  dataAsOf: string,
): string[] {
  const warnings = [`everything written to ${facts.roots.map((r) => r.path).join(', ')} after ${dataAsOf} is lost`];
  for (const { name, excludes } of service.components) {
    const roots = facts.roots.filter((root) => root.component === name);
    if (request.paths.length > 0 || roots.length === 0 || excludes.length === 0) continue;
    warnings.push(
      `what ${name} excludes (${excludes.join(', ')}) is in no backup: it is gone from ${roots.map((r) => r.path).join(', ')} afterwards`,
    );
  }
  if (service.config.restore.stop === null) {
    warnings.push('no stop command is configured: programs that have these files open go on using the old ones');
  }
  return warnings;
}

export function wishOf({ components, paths, recovery, target }: RestoreAsk): RestoreWish {
  return { components, paths, target: target.kind, ...(recovery === undefined ? {} : { recovery }) };
}

export async function planRestore(
  deps: HandlerDeps,
  request: RestoreAsk,
  operationId: string,
): Promise<Outcome<PlanDraft>> {
  const located = await locateBackup(deps, request.backupId, request.copy);
  if (!located.ok) return located;
  const { entry, service, from, source } = located.value;
  const engine = deps.engine(service.config.backup.engine);
  const refused = abilityBlockers(engine, request);
  if (refused.length > 0) return ok(refusedPlan(request, service, refused));
  const facts = await engine.planRestore(from, entry.id, wishOf(request), new AbortController().signal);
  if (!facts.ok) return facts;
  const blockers: Blocker[] = [];
  const warnings: string[] = [];
  let target: unknown = 'in place';
  let folder: string | null = null;
  const { recovery, entries, bytes, readBytes } = facts.value;
  const amount = { entries, bytes, readBytes };
  if (recovery !== undefined) {
    if (!recovery.reachable)
      blockers.push(blocker('recovery_target_unreachable', recovery.problem ?? 'the target cannot be reached'));
    else if (recovery.problem !== null) warnings.push(recovery.problem);
    warnings.push(recovery.lost);
  }
  if (request.target.kind === 'folder') {
    const path = folderPath(deps, request, operationId) ?? '';
    folder = request.target.path ?? join(dirname(path), `${request.backupId}-<operation id>`);
    const checked = await checkFolderTarget(path, restoreRoots(deps.config(), deps.home));
    if (!checked.ok) blockers.push(blocker(checked.error.code, checked.error.message));
    // The default name holds the operation's id: leave it out of what the etag covers.
    target = request.target.path ?? 'a new folder below the first restore root';
  } else if (request.target.kind === 'database') {
    target = `the database ${request.target.name ?? 'of a new name'}`;
  } else {
    // A database goes back to the data folder of the section `postgres`; its engine looks what stands there.
    if (service.config.postgres === null) blockers.push(...foreignRoots(facts.value, service));
    warnings.push(...inPlaceWarnings(request, facts.value, service, recovery?.dataAsOf ?? entry.startedAt));
  }
  if (entry.verifyResult === 'failed' && source === 'repository')
    blockers.push(blocker('backup_corrupt', `${entry.id} did not verify`));
  return ok({
    steps: restoreSteps(request, service),
    blockers,
    warnings,
    facts: {
      backupId: entry.id,
      source,
      checksum: entry.checksum,
      dataAsOf: entry.startedAt,
      chain: facts.value.chain,
      roots: facts.value.roots,
      target,
      ...(recovery === undefined ? amount : { recoveryTarget: recovery.target, reachable: recovery.reachable }),
    },
    shown: {
      // WAL is archived all the time: how much a replay reads now is no reason to ask again.
      ...(recovery === undefined ? {} : amount),
      ...(folder === null ? {} : { folder }),
      ...(recovery === undefined ? {} : { recovery, dataAsOf: recovery.dataAsOf }),
    },
    consequences: consequencesOf(request, facts.value, service, entry.startedAt),
  });
}

/** What the engine of the service cannot do at all. */
function abilityBlockers(engine: BackupEngine, request: RestoreAsk): Blocker[] {
  const { abilities, name } = engine;
  const cannot = (what: string): Blocker => blocker('not_supported', `the engine ${name} cannot ${what}`);
  return [
    ...(request.recovery !== undefined && !abilities.pitr ? [cannot('recover to a point in time')] : []),
    ...(request.paths.length > 0 && !abilities.files ? [cannot('restore single files')] : []),
    ...(request.components.length > 0 && !abilities.components ? [cannot('restore single components')] : []),
    ...(request.target.kind === 'in_place' && !abilities.inPlace ? [cannot('restore in place')] : []),
    ...(request.target.kind === 'database' && !abilities.intoDatabase
      ? [cannot('restore into a database of the server')]
      : []),
    ...(request.target.kind === 'database' && request.components.length !== 1
      ? [blocker('bad_request', 'name the one database to restore in components')]
      : []),
  ];
}

function refusedPlan(request: RestoreAsk, service: ResolvedService, blockers: readonly Blocker[]): PlanDraft {
  return {
    steps: restoreSteps(request, service),
    blockers,
    warnings: [],
    facts: { backupId: request.backupId },
    consequences: { stops: [], bytes: null, atStake: [], wayBack: 'nothing is done', isLike: () => false },
  };
}

function consequencesOf(
  request: RestoreAsk,
  { bytes, roots }: RestorePlanFacts,
  service: ResolvedService,
  dataAsOf: string,
): Consequences {
  const { kind } = request.target;
  const isLike: Consequences['isLike'] = ({ target }) => (target as { kind?: unknown } | undefined)?.kind === kind;
  if (kind === 'folder')
    return { stops: [], bytes, atStake: [], wayBack: 'remove the new folder: nothing else is changed', isLike };
  if (kind === 'database')
    return { stops: [], bytes, atStake: [], wayBack: 'drop the new database: no other is changed', isLike };
  const { name, restore } = service.config;
  return {
    stops: [
      restore.stop === null
        ? `whatever uses the files of ${name} must be stopped by you: no stop command is configured`
        : `${name}, from its stop command to its start command`,
      `backups, drills and other work on ${name} wait until it has ended`,
    ],
    bytes,
    atStake: [`what was written to ${roots.map(({ path }) => path).join(', ')} after ${dataAsOf}`],
    wayBack:
      'until all is in, the old data stands beside and comes back by itself when anything fails; afterwards only a backup made before this one brings it back: make one now',
    isLike,
  };
}

function restoreSteps(request: RestoreAsk, service: ResolvedService): readonly string[] {
  if (request.target.kind === 'folder') return ['restore into a new folder, every file compared with its hash'];
  if (request.target.kind === 'database')
    return ['verify the dump', 'restore it into a database of its own', 'count the rows of every table'];
  return [
    ...(service.config.restore.stop === null ? [] : ['stop the service']),
    'stage beside the target, verify, swap by rename, keep the old until all is in',
    ...(service.config.restore.start === null ? [] : ['start the service']),
  ];
}
