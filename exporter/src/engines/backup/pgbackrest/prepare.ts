import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, toOpError, type Outcome } from '../../../contract/errors.ts';
import { sameUserOptions } from '../../postgres/programs.ts';
import type { EngineDeps, RepositoryRef } from '../port.ts';
import { readCatalogue } from './catalogue.ts';
import { errorOfExit } from './exit-codes.ts';
import { allOutput, openSession, runCommand, type Session } from './session.ts';

/**
 * Creates the stanza where this repository has none, and then in the other ones too: the server archives into all of them, and keeps
 * every segment until all have it. Errors: see `BackupEngine.prepare`, and those of the server.
 */
export async function prepare(
  deps: EngineDeps,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const made = await makeStanza(session.value);
  if (!made.ok) return made;
  if (made.value === 'was_there') return ok(undefined);
  const { product } = session.value.stanza;
  for (const [index, place] of product.places.entries()) {
    // The folder of a disk that is not mounted is not made anew.
    const isReachable = place.remote !== null || existsSync(place.path) || existsSync(dirname(place.path));
    if (index === product.index || !isReachable) continue;
    const other = await openSession(deps, { ...repository, product: { ...product, index } }, signal);
    const result = other.ok ? await makeStanza(other.value) : other;
    // It has its own turn; until then the server archives into the others.
    if (!result.ok)
      deps.log.warn('another repository could not be prepared', { repository: place.name, why: result.error.message });
  }
  return ok(undefined);
}

async function makeStanza(session: Session): Promise<Outcome<'was_there' | 'made'>> {
  const before = await readCatalogue(session);
  if (!before.ok) return before;
  if (before.value.state === 'ready') return ok('was_there');
  const folder = makeFolder(session);
  if (!folder.ok) return folder;
  const run = await runCommand(session, 'stanza-create', [], { output: 'log', timeoutMs: 300_000, alone: true });
  if (!run.ok) return run;
  const after = await readCatalogue(session);
  if (!after.ok) return after;
  if (after.value.state === 'ready') return ok('made');
  const { exitCode } = run.value;
  return { ok: false, error: errorOfExit('stanza-create', exitCode, allOutput(run.value), 'repository_unreadable') };
}

/** Where it is a folder of this machine, it has to be the server's user's: the server itself writes its WAL there. */
function makeFolder({ place, stanza }: Session): Outcome<void> {
  if (place.remote !== null || existsSync(place.path)) return ok(undefined);
  const owner = sameUserOptions(stanza.postgres).runAs;
  try {
    mkdirSync(place.path, { recursive: true, mode: 0o750 });
    if (owner !== undefined) chownSync(place.path, owner.uid, owner.gid);
    return ok(undefined);
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'repository_unreadable') };
  }
}
