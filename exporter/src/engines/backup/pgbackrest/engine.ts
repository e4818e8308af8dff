import { rmSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { withSession } from '../../postgres/client.ts';
import type {
  BackupEngine,
  EngineDeps,
  RepositoryGlance,
  RepositoryListing,
  RepositoryProbe,
  RepositoryRef,
} from '../port.ts';
import { readSpace } from '../space.ts';
import { backUp, copy } from './backup.ts';
import { factsOf, readCatalogue, readTogether, scanRepository } from './catalogue.ts';
import { replacedBeside } from './in-place.ts';
import { planRestore } from './plan.ts';
import { prepare } from './prepare.ts';
import { prove } from './prove.ts';
import { remove } from './remove.ts';
import { recoverRestore, restore } from './restore.ts';
import { openSession } from './session.ts';
import { verify } from './verify.ts';

const notKept = <T>(): Promise<Outcome<T>> =>
  Promise.resolve(fail('not_supported', 'a repository of pgBackRest holds nothing but backups and WAL'));
const noFiles = <T>(): Promise<Outcome<T>> =>
  Promise.resolve(fail('not_supported', 'pgBackRest restores a cluster whole: single files are not listed'));

/** Physical backups of a PostgreSQL server with its WAL, by pgBackRest 2.45 or later. */
export function createPgbackrestEngine(deps: EngineDeps): BackupEngine {
  return {
    name: 'pgbackrest',
    abilities: {
      types: ['full', 'differential', 'incremental', 'snapshot'],
      components: false,
      files: false,
      pitr: true,
      inPlace: true,
      intoDatabase: false,
      copies: 'made',
      extras: false,
      listingIsTruth: true,
    },
    probe: (repository, signal) => probe(deps, repository, signal),
    glance: (repository, signal) => glance(deps, repository, signal),
    prepare: (repository, signal) => prepare(deps, repository, signal),
    inspect: (repository, service, signal) => inspect(deps, repository, service, signal),
    backup: (request, context) => backUp(deps, request, context),
    verify: (repository, backupId, context) => verify(deps, repository, backupId, context),
    files: () => noFiles(),
    planRestore: (repository, backupId, wish, signal) => planRestore(deps, repository, backupId, wish, signal),
    restore: (request, context) => restore(deps, request, context),
    recover: (operationId, roots) => recoverRestore(operationId, roots),
    compare: () => noFiles(),
    prove: (request, context) => prove(deps, request, context),
    remove: (repository, backupId, signal) => remove(deps, repository, backupId, signal),
    copy: (from, to, backupId, context) => copy(deps, from, to, backupId, context),
    clean: (repository, signal) => clean(repository, signal),
    saveExtra: () => notKept(),
    loadExtra: () => notKept(),
    auditHeads: () => Promise.resolve(ok([])),
  };
}

async function spaceOf(repository: RepositoryRef): Promise<{ freeBytes: number | null; totalBytes: number | null }> {
  const place = repository.product?.places[repository.product.index];
  if (place === undefined || place.remote !== null) return { freeBytes: null, totalBytes: null };
  const space = await readSpace(place.path);
  return space.ok ? space.value : { freeBytes: null, totalBytes: null };
}

async function probe(
  deps: EngineDeps,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<RepositoryProbe>> {
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const catalogue = await readTogether(session.value);
  if (!catalogue.ok) return catalogue;
  return ok({ state: catalogue.value.state, ...(await spaceOf(repository)) });
}

async function glance(
  deps: EngineDeps,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<RepositoryGlance>> {
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const catalogue = await readCatalogue(session.value);
  if (!catalogue.ok) return catalogue;
  return ok({ state: catalogue.value.state, ids: new Set(catalogue.value.records.map(({ id }) => id)) });
}

async function inspect(
  deps: EngineDeps,
  repository: RepositoryRef,
  service: string | null,
  signal: AbortSignal,
): Promise<Outcome<RepositoryListing>> {
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const catalogue = await readTogether(session.value);
  if (!catalogue.ok) return catalogue;
  // What it lists is taken for all there is: a disk that is not mounted must not look like one without backups.
  if (catalogue.value.state === 'empty')
    return fail(
      'repository_unreadable',
      `the repository ${session.value.place.name} holds no stanza ${session.value.stanza.settings.stanza}: no backup was made there yet, or its disk is not mounted`,
    );
  const scanned = await scanRepository(session.value, catalogue.value);
  if (!scanned.ok) return scanned;
  const isOurs = service === null || service === session.value.stanza.product.service;
  const damaged = scanned.value.flatMap(({ scan }) =>
    scan.broken.map(({ id, missing }) => ({
      backupId: id,
      message: `it needs the WAL segment ${missing}, which is missing or damaged`,
    })),
  );
  return ok({
    records: isOurs ? [...catalogue.value.records].reverse() : [],
    damaged: damaged.slice(0, 100),
    ...(await spaceOf(repository)),
    keyFingerprint: null,
    pitr: factsOf(session.value, scanned.value),
  });
}

/** Old clusters of restores in place go once the server that took their place answers and has left recovery. */
async function clean(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<number>> {
  const postgres = repository.product?.postgres;
  const data = postgres?.data ?? null;
  if (postgres === undefined || postgres === null || data === null) return ok(0);
  if (replacedBeside([data]).length === 0) return ok(0);
  const options = { statementTimeoutMs: 5_000, connectTimeoutMs: 5_000, signal };
  const asked = await withSession(postgres, options, (session) =>
    session.query<{ data: string; tablespaces: string[] }>(
      `SELECT current_setting('data_directory') AS data,
         ARRAY(SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '') AS tablespaces
       WHERE NOT pg_is_in_recovery()`,
    ),
  );
  const row = asked.ok ? asked.value[0] : undefined;
  // Nobody answers, or another server does: the old one is still needed.
  if (row === undefined || (await realpath(row.data).catch(() => null)) !== (await realpath(data).catch(() => null)))
    return ok(0);
  const old = replacedBeside([data, ...row.tablespaces]);
  for (const path of old) rmSync(path, { recursive: true, force: true });
  return ok(old.length);
}
