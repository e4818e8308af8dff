import { createPgbackrestEngine } from '../../src/engines/backup/pgbackrest/engine.ts';
import type { BackupRequest, RestoreRequest } from '../../src/engines/backup/port.ts';
import { engineDeps, quiet } from './pgbackrest.ts';

// One call of the engine in a process of its own, e.g. in a mount namespace where a disk is small. Prints the code of its outcome.

type Job =
  | { readonly kind: 'restore'; readonly request: RestoreRequest }
  | { readonly kind: 'backup'; readonly request: BackupRequest };

const job = JSON.parse(process.argv[2] ?? '') as Job;
const engine = createPgbackrestEngine(engineDeps);

async function outcomeOf(): Promise<unknown> {
  if (job.kind === 'restore') return engine.restore(job.request, quiet);
  const prepared = await engine.prepare(job.request.repository, quiet.signal);
  return prepared.ok ? engine.backup(job.request, quiet) : prepared;
}

const outcome = (await outcomeOf()) as { ok: boolean; error?: { code: string; message: string } };
process.stdout.write(
  `${JSON.stringify(outcome.ok ? { code: 'ok' } : { code: outcome.error?.code, message: outcome.error?.message })}\n`,
);
