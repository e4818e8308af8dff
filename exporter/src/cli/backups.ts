import { Option } from 'commander';
import { backupStatuses, backupTypes, type CatalogueEntry } from '../contract/backup.ts';
import type { BackupFilter } from '../store/port.ts';
import { done, withSession } from './context.ts';
import {
  formatFacts,
  formatTable,
  humanAge,
  humanBytes,
  humanDuration,
  humanTime,
  printable,
  type Column,
} from './format.ts';
import { nextLine, present, waitOptionsOf, withPaging, withWaitOptions, type Register } from './options.ts';
import { runOperation } from './wait.ts';

export const registerBackups: Register = (program, run) => {
  const backups = program.command('backups').description('The catalogue: list, show, keep, delete');
  const list = backups
    .command('list', { isDefault: true })
    .description('Backups, newest first')
    .option('--service <name>', 'only of this service')
    .addOption(new Option('--type <type>', 'only of this type').choices(backupTypes))
    .addOption(new Option('--status <status>', 'only of this status').choices(backupStatuses))
    .addOption(new Option('--verified <state>', 'only those').choices(['passed', 'failed', 'never']))
    .option('--keep', 'only those that are kept')
    .addOption(new Option('--sort <key>', 'order').choices(['startedAt', '-startedAt', 'storedBytes', '-storedBytes']));
  withPaging(list).action(
    run((context, command) =>
      withSession(context, 'read', async (session) => {
        const page = await session.backups(present(command.opts<BackupFilter>()));
        const { stdout, clock } = context.deps;
        return done(
          context,
          page,
          ({ items, next }) => backupsTable(items, clock.now(), stdout.columns) + nextLine(next),
        );
      }),
    ),
  );
  backups
    .command('show <backup>')
    .description('One backup with its components and warnings')
    .action(
      run((context, command) =>
        withSession(context, 'read', async (session) =>
          done(context, await session.backup(command.args[0] ?? ''), backupText),
        ),
      ),
    );
  registerKeeping(backups, run);
};

const registerKeeping: Register = (backups, run) => {
  for (const keep of [true, false]) {
    const name = keep ? 'keep' : 'unkeep';
    backups
      .command(`${name} <backup>`)
      .description(keep ? 'Never let retention delete it' : 'Let retention delete it again (admin)')
      .option('--note <text>', 'a note on the backup')
      .action(
        run((context, command) =>
          withSession(context, 'act', async (session) => {
            const changed = await session.setKeep(command.args[0] ?? '', {
              keep,
              ...present(command.opts<{ note?: string }>()),
            });
            return done(context, changed, (entry) => `${entry.id} is ${entry.keep ? 'kept' : 'no longer kept'}\n`);
          }),
        ),
      );
  }
  const remove = backups
    .command('delete <backup>')
    .description('Delete a backup from the repository and every copy (admin)');
  withWaitOptions(remove, 'destructive').action(
    run((context, command) =>
      withSession(context, 'act', (session) =>
        runOperation(context, session, { kind: 'delete', backupId: command.args[0] ?? '' }, waitOptionsOf(command)),
      ),
    ),
  );
};

const columns: readonly Column[] = [
  { title: 'BACKUP' },
  { title: 'SERVICE' },
  { title: 'TYPE' },
  { title: 'AGE', align: 'right' },
  { title: 'ENTRIES', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'VERIFIED' },
  { title: 'COPIES' },
  { title: 'STATUS' },
];

export function backupsTable(items: readonly CatalogueEntry[], now: Date, terminalColumns: number | null): string {
  if (items.length === 0) return 'no backup matches\n';
  const rows = items.map((entry) => [
    entry.id,
    entry.service,
    entry.keep ? `${entry.type} (kept)` : entry.type,
    humanAge(entry.startedAt, now),
    String(entry.entries),
    humanBytes(entry.bytes),
    humanBytes(entry.storedBytes),
    entry.verifyResult ?? 'never',
    entry.copies.join(', ') || 'none',
    entry.status === 'completed_with_warnings' ? `completed, ${entry.warningCount} warnings` : entry.status,
  ]);
  return formatTable(columns, rows, terminalColumns);
}

function backupText(entry: CatalogueEntry): string {
  const seconds = (Date.parse(entry.endedAt) - Date.parse(entry.startedAt)) / 1000;
  const components = entry.components.map((part) => [
    part.name,
    part.status,
    String(part.entries),
    humanBytes(part.bytes),
    humanBytes(part.addedBytes),
    humanBytes(part.storedBytes),
    part.error ?? '',
  ]);
  return [
    formatFacts([
      ['backup', entry.id],
      ['service', entry.service],
      ['type', entry.parent === null ? entry.type : `${entry.type}, builds upon ${entry.parent}`],
      ['status', entry.status],
      ['data as of', humanTime(entry.startedAt)],
      ['took', humanDuration(seconds)],
      ['verified', entry.verifiedAt === null ? 'never' : `${entry.verifyResult ?? '-'} ${humanTime(entry.verifiedAt)}`],
      ['last drill', humanTime(entry.drilledAt)],
      ['copies', entry.copies.join(', ') || 'none'],
      ['kept', entry.keep ? 'yes' : 'no'],
      ['note', entry.note ?? '-'],
      ['encrypted', entry.encrypted ? `yes, key ${entry.keyFingerprint ?? '?'}` : 'no'],
      ['manifest SHA-256', entry.checksum],
    ]),
    '\n',
    formatTable(
      [
        { title: 'COMPONENT' },
        { title: 'STATUS' },
        { title: 'ENTRIES', align: 'right' },
        { title: 'SIZE', align: 'right' },
        { title: 'READ', align: 'right' },
        { title: 'STORED', align: 'right' },
        { title: 'ERROR' },
      ],
      components,
      null,
    ),
    ...entry.warnings.map(
      (warning) => `warning: ${warning.kind} ${printable(warning.path)}: ${printable(warning.message)}\n`,
    ),
    entry.warningCount > entry.warnings.length ? `… ${entry.warningCount} warnings in all\n` : '',
  ].join('');
}
