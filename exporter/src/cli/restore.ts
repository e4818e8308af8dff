import type { Command } from 'commander';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { RecoveryTarget } from '../contract/postgres.ts';
import type { OperationRequest } from '../runtime/app.ts';
import { listBare, restoreBare } from './bare.ts';
import { withSession, type CommandContext } from './context.ts';
import type { ExitCode } from './exit.ts';
import { backupOrTime, latestBackup } from './latest.ts';
import { collect, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { withBackupChoice, type BackupChoice } from './verify.ts';
import { runOperation } from './wait.ts';

type RestoreRequest = Extract<OperationRequest, { kind: 'restore' }>;

export interface RestoreChoice extends BackupChoice {
  readonly to?: string;
  readonly inPlace?: boolean;
  readonly list?: boolean;
  readonly component: readonly string[];
  readonly path: readonly string[];
  readonly dryRun?: boolean;
  readonly toTime?: string;
  readonly toLsn?: string;
  readonly toXid?: string;
  readonly toName?: string;
  readonly immediate?: boolean;
  readonly into?: string;
  readonly existing?: boolean;
}

export const registerRestore: Register = (program, run) => {
  const command = program
    .command('restore [backup]')
    .description('Restore a backup (an id, or "latest") into a new folder, or in place')
    .option('--to <dir>', 'a folder that does not exist yet (default: a new one below restore.roots)')
    .option('--in-place', 'replace the data of the service (admin; needs --confirm and --reason)')
    .option('--component <name>', 'only this component (repeatable)', collect, [])
    .option('--path <path>', 'only this path with all below it, or a glob (repeatable)', collect, [])
    .option('--to-time <moment>', 'a database: replay up to this moment, with its zone; takes the backup before it')
    .option('--to-lsn <lsn>', 'a database: replay up to this position, e.g. 0/3000148')
    .option('--to-xid <xid>', 'a database: replay up to this transaction')
    .option('--to-name <name>', 'a database: replay up to this restore point')
    .option('--immediate', 'a database: replay no further than the backup needs to be consistent')
    .option('--into <database>', 'a dump: restore the one --component into a new database of this name')
    .option('--existing', 'with --into: the database is there already, and empty')
    .option('--list', 'with --from: list what can be restored');
  withWaitOptions(withBackupChoice(command), 'destructive')
    .addHelpText('after', helpText)
    .action(
      run(async (context, given) => {
        const choice = given.opts<RestoreChoice>();
        const places = [choice.inPlace === true, choice.to !== undefined, choice.into !== undefined];
        if (places.filter(Boolean).length > 1)
          return fail('bad_request', 'give one of --to, --into and --in-place, not several');
        if (choice.existing === true && choice.into === undefined)
          return fail('bad_request', '--existing goes with --into');
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
  genesis restore --service shop-db --to-time 2026-11-22T02:59:59Z --to /srv/restored
  genesis restore latest --service web --in-place --confirm web --reason 'disk lost'
On a bare machine, from a copy alone:
  genesis restore --from /mnt/copy --list
  genesis restore --from /mnt/copy latest --service web --to /srv/restored --key file:/root/genesis.key`;

function targetOf(context: CommandContext, choice: RestoreChoice): RestoreRequest['target'] {
  if (choice.inPlace === true) return { kind: 'in_place' };
  if (choice.into !== undefined) return { kind: 'database', name: choice.into, existing: choice.existing === true };
  return { kind: 'folder', path: choice.to === undefined ? null : context.path(choice.to) };
}

/** At most one of them; null: none was given. */
function recoveryOf(choice: RestoreChoice): Outcome<RecoveryTarget | null> {
  const { toTime, toLsn, toXid, toName, immediate } = choice;
  const given: RecoveryTarget[] = [
    ...(toTime === undefined ? [] : [{ type: 'time', at: toTime } as const]),
    ...(toLsn === undefined ? [] : [{ type: 'lsn', lsn: toLsn } as const]),
    ...(toXid === undefined ? [] : [{ type: 'xid', xid: toXid } as const]),
    ...(toName === undefined ? [] : [{ type: 'name', name: toName } as const]),
    ...(immediate === true ? [{ type: 'immediate' } as const] : []),
  ];
  if (given.length > 1) return fail('bad_request', 'give one of --to-time, --to-lsn, --to-xid, --to-name, --immediate');
  const [target] = given;
  if (target?.type !== 'time') return ok(target ?? null);
  const at = new Date(target.at);
  if (Number.isNaN(+at) || !/(Z|[+-]\d\d:?\d\d)$/i.test(target.at))
    return fail('bad_request', `--to-time ${target.at} is no moment with its zone, like 2026-11-22T02:59:59Z`);
  return ok({ type: 'time', at: at.toISOString() });
}

async function restore(context: CommandContext, command: Command, choice: RestoreChoice): Promise<Outcome<ExitCode>> {
  if (choice.list === true)
    return fail('bad_request', '--list goes with --from; `genesis backups` lists the catalogue');
  const recovery = recoveryOf(choice);
  if (!recovery.ok) return recovery;
  const target = recovery.value;
  const named = target === null ? backupOrTime(command.args[0], choice.at) : ok(command.args[0] ?? 'latest');
  if (!named.ok) return named;
  return withSession(context, 'act', async (session) => {
    const before = target?.type === 'time' ? target.at : (choice.at ?? null);
    const id = await latestBackup(session, named.value, choice.service ?? null, before);
    if (!id.ok) return id;
    const request = {
      kind: 'restore',
      backupId: id.value,
      copy: choice.copy ?? null,
      components: choice.component,
      paths: choice.path,
      target: targetOf(context, choice),
      ...(target === null ? {} : { recovery: target }),
    } as const;
    return runOperation(context, session, request, waitOptionsOf(command));
  });
}
