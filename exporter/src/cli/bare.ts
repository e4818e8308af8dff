import { existsSync } from 'node:fs';
import type { BackupRecord } from '../contract/backup.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { RepositoryListing, RunContext } from '../engines/backup/port.ts';
import type { CommandContext } from './context.ts';
import type { BareRepository } from './deps.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { formatFacts, formatTable, humanAge, humanBytes, humanTime, printable } from './format.ts';
import { backupOrTime, newestUsable } from './latest.ts';
import { createProgress } from './progress.ts';
import type { RestoreChoice } from './restore.ts';
import type { BackupChoice } from './verify.ts';

/** What --from does: everything out of one folder, with no state, configuration or server. */
async function withBare(
  context: CommandContext,
  choice: BackupChoice,
  run: (repository: BareRepository, listing: RepositoryListing, work: RunContext) => Promise<Outcome<ExitCode>>,
): Promise<Outcome<ExitCode>> {
  const abort = new AbortController();
  const stopListening = context.deps.onInterrupt(() => abort.abort());
  const progress = createProgress(context.deps.stderr, context.deps.clock, context.quiet || context.json);
  const work: RunContext = {
    signal: abort.signal,
    onProgress: (seen) => progress.update('', { ...seen, bytesPerSecond: null, secondsLeft: null }),
  };
  try {
    const dir = context.path(choice.from ?? '');
    const opened = await context.deps.openBare(dir, choice.key ?? null);
    if (!opened.ok) return opened;
    const listing = await opened.value.list(choice.service ?? null, abort.signal);
    if (!listing.ok) return listing;
    const outcome = await run(opened.value, listing.value, work);
    return !outcome.ok && outcome.error.code === 'cancelled' ? ok(exitCodes.interrupted) : outcome;
  } finally {
    progress.end();
    stopListening();
  }
}

export function listBare(context: CommandContext, choice: BackupChoice): Promise<Outcome<ExitCode>> {
  return withBare(context, choice, (_repository, listing) => {
    context.emit({ items: listing.records, damaged: listing.damaged, keyFingerprint: listing.keyFingerprint }, () =>
      listingText(context, listing),
    );
    return Promise.resolve(ok(listing.damaged.length === 0 ? exitCodes.done : exitCodes.failed));
  });
}

function listingText(context: CommandContext, listing: RepositoryListing): string {
  const newestFirst = listing.records.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  const rows = newestFirst.map((record) => [
    record.id,
    record.service,
    record.type,
    humanTime(record.startedAt),
    humanAge(record.startedAt, context.deps.clock.now()),
    humanBytes(record.bytes),
    record.status,
  ]);
  const titles = ['BACKUP', 'SERVICE', 'TYPE', 'DATA AS OF', 'AGE', 'SIZE', 'STATUS'].map((title) => ({ title }));
  return [
    rows.length === 0 ? 'no backup in this folder\n' : formatTable(titles, rows, context.deps.stdout.columns),
    ...listing.damaged.map(({ backupId, message }) => `damaged: ${printable(backupId)}: ${printable(message)}\n`),
  ].join('');
}

/** An id, or `latest`: of the only service there is, or of the named one; ended by --at. */
function choose(listing: RepositoryListing, named: string, choice: BackupChoice): Outcome<BackupRecord> {
  if (named !== 'latest') {
    const found = listing.records.find((record) => record.id === named);
    if (found !== undefined) return ok(found);
    const damaged = listing.damaged.find((entry) => entry.backupId === named);
    if (damaged !== undefined) return fail('backup_corrupt', `${named}: ${damaged.message}`);
    return fail('backup_unknown', `${named} is not in ${choice.from ?? ''}; --list shows what is`);
  }
  const services = [...new Set(listing.records.map((record) => record.service))];
  if (services.length > 1) return fail('bad_request', `name the service with --service: ${services.join(', ')}`);
  const newest = newestUsable(listing.records, choice.at ?? null);
  return newest === null
    ? fail('backup_unknown', `${choice.from ?? ''} has no usable backup that matches`)
    : ok(newest);
}

export function verifyBare(
  context: CommandContext,
  argument: string | undefined,
  choice: BackupChoice,
): Promise<Outcome<ExitCode>> {
  return withBare(context, choice, async (repository, listing, work) => {
    const named = backupOrTime(argument, choice.at);
    const record = named.ok ? choose(listing, named.value, choice) : named;
    if (!record.ok) return record;
    const verified = await repository.verify(record.value.id, work);
    if (!verified.ok) return verified;
    const report = verified.value;
    context.emit(report, () =>
      [
        `${report.backupId}: ${report.passed ? 'passed' : 'DAMAGED'}, ${report.entries} entries, ${humanBytes(report.bytes)} read back\n`,
        ...report.faults.map(
          (fault) =>
            `  - ${printable([fault.backupId, fault.component, fault.path].filter((part) => part !== null).join(' '))}: ${printable(fault.message)}\n`,
        ),
      ].join(''),
    );
    return ok(report.passed ? exitCodes.done : exitCodes.failed);
  });
}

export async function restoreBare(
  context: CommandContext,
  argument: string | undefined,
  choice: RestoreChoice,
): Promise<Outcome<ExitCode>> {
  if (choice.inPlace === true)
    return fail('bad_request', '--from restores into a new folder; in place needs the configuration');
  if (choice.to === undefined) return fail('bad_request', 'say where to restore with --to NEWDIR');
  const to = context.path(choice.to);
  if (existsSync(to)) return fail('target_not_empty', `${to} exists already`);
  return withBare(context, choice, async (repository, listing, work) => {
    const named = backupOrTime(argument, choice.at);
    const record = named.ok ? choose(listing, named.value, choice) : named;
    if (!record.ok) return record;
    const selection = { components: choice.component, paths: choice.path };
    if (choice.dryRun === true) {
      const plan = await repository.planRestore(record.value.id, selection, work.signal);
      if (!plan.ok) return plan;
      const { chain, entries, bytes, readBytes } = plan.value;
      context.emit({ backup: record.value.id, to, ...plan.value }, () =>
        formatFacts([
          ['backup', record.value.id],
          ['to', to],
          ['chain', chain.join(', ')],
          ['entries', String(entries)],
          ['writes', humanBytes(bytes)],
          ['reads', humanBytes(readBytes)],
        ]),
      );
      return ok(exitCodes.done);
    }
    const restored = await repository.restore(record.value.id, selection, to, work);
    if (!restored.ok) return restored;
    const { entries, bytes } = restored.value;
    context.emit({ backup: record.value.id, to, dataAsOf: record.value.startedAt, entries, bytes }, () => {
      return `restored ${record.value.id} (data as of ${humanTime(record.value.startedAt)}) to ${printable(to)}: ${entries} entries, ${humanBytes(bytes)}\n`;
    });
    return ok(exitCodes.done);
  });
}
