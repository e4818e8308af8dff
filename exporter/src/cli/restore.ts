import type { Command } from 'commander';
import { fail, type Outcome } from '../contract/errors.ts';
import { listBare, restoreBare } from './bare.ts';
import { withSession, type CommandContext } from './context.ts';
import type { ExitCode } from './exit.ts';
import { backupOrTime, latestBackup } from './latest.ts';
import { collect, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { withBackupChoice, type BackupChoice } from './verify.ts';
import { runOperation } from './wait.ts';

export interface RestoreChoice extends BackupChoice {
  readonly to?: string;
  readonly inPlace?: boolean;
  readonly list?: boolean;
  readonly component: readonly string[];
  readonly path: readonly string[];
  readonly dryRun?: boolean;
}

export const registerRestore: Register = (program, run) => {
  const command = program
    .command('restore [backup]')
    .description('Restore a backup (an id, or "latest") into a new folder, or in place')
    .option('--to <dir>', 'a folder that does not exist yet (default: a new one below restore.roots)')
    .option('--in-place', 'replace the data of the service (admin; needs --confirm and --reason)')
    .option('--component <name>', 'only this component (repeatable)', collect, [])
    .option('--path <path>', 'only this path with all below it, or a glob (repeatable)', collect, [])
    .option('--list', 'with --from: list what can be restored');
  withWaitOptions(withBackupChoice(command), 'destructive')
    .addHelpText('after', helpText)
    .action(
      run(async (context, given) => {
        const choice = given.opts<RestoreChoice>();
        if (choice.inPlace === true && choice.to !== undefined)
          return fail('bad_request', 'give either --to or --in-place, not both');
        if (choice.from === undefined) return restore(context, given, choice);
        if (choice.list === true) return listBare(context, choice);
        return restoreBare(context, given.args[0], choice);
      }),
    );
};

const helpText = `
Examples:
  genesis restore latest --service web --to /srv/restored
  genesis restore latest --service web --at 2026-11-22T02:00:00Z --path 'data/uploads/**'
  genesis restore latest --service web --in-place --dry-run
  genesis restore latest --service web --in-place --confirm web --reason 'disk lost'
On a bare machine, from a copy alone:
  genesis restore --from /mnt/copy --list
  genesis restore --from /mnt/copy latest --service web --to /srv/restored --key file:/root/genesis.key`;

async function restore(context: CommandContext, command: Command, choice: RestoreChoice): Promise<Outcome<ExitCode>> {
  if (choice.list === true)
    return fail('bad_request', '--list goes with --from; `genesis backups` lists the catalogue');
  const named = backupOrTime(command.args[0], choice.at);
  if (!named.ok) return named;
  return withSession(context, 'act', async (session) => {
    const id = await latestBackup(session, named.value, choice.service ?? null, choice.at ?? null);
    if (!id.ok) return id;
    const folder = { kind: 'folder', path: choice.to === undefined ? null : context.path(choice.to) } as const;
    const request = {
      kind: 'restore',
      backupId: id.value,
      copy: choice.copy ?? null,
      components: choice.component,
      paths: choice.path,
      target: choice.inPlace === true ? ({ kind: 'in_place' } as const) : folder,
    } as const;
    return runOperation(context, session, request, waitOptionsOf(command));
  });
}
