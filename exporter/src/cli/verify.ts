import type { Outcome } from '../contract/errors.ts';
import type { Operation } from '../contract/operation.ts';
import { verifyBare } from './bare.ts';
import { withSession, type CommandContext } from './context.ts';
import type { ExitCode } from './exit.ts';
import { backupOrTime, latestBackup } from './latest.ts';
import { secretRefOption, timeOption, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { describeResult, runOperation } from './wait.ts';
import type { Command } from 'commander';

export interface BackupChoice {
  readonly service?: string;
  readonly at?: string;
  readonly copy?: string;
  readonly from?: string;
  readonly key?: string;
}

/** Options that say which backup, of verify and restore. */
export function withBackupChoice(command: Command): Command {
  return command
    .option('--service <name>', 'whose latest')
    .option('--at <time>', 'the newest backup that had ended by this moment', timeOption)
    .option('--copy <name>', 'read from this copy instead of the repository')
    .option('--from <dir>', 'read this repository or copy alone: no state, no configuration, no server')
    .option('--key <ref>', 'key of an encrypted repository, with --from: env:NAME or file:PATH', secretRefOption);
}

export const registerVerify: Register = (program, run) => {
  const command = program
    .command('verify [backup]')
    .description('Read a backup (an id, or "latest") back and compare every hash');
  withWaitOptions(withBackupChoice(command), 'plain').action(
    run((context, given) => {
      const choice = given.opts<BackupChoice>();
      return choice.from === undefined ? verify(context, given, choice) : verifyBare(context, given.args[0], choice);
    }),
  );
};

async function verify(context: CommandContext, command: Command, choice: BackupChoice): Promise<Outcome<ExitCode>> {
  const named = backupOrTime(command.args[0], choice.at);
  if (!named.ok) return named;
  return withSession(context, 'act', async (session) => {
    const id = await latestBackup(session, named.value, choice.service ?? null, choice.at ?? null);
    if (!id.ok) return id;
    const request = { kind: 'verify', backupId: id.value, copy: choice.copy ?? null } as const;
    return runOperation(context, session, request, waitOptionsOf(command), describeVerify);
  });
}

function describeVerify(operation: Operation): string {
  const damaged = operation.result?.['passed'] === false;
  return `${damaged ? 'DAMAGED: restore another backup or another copy\n' : ''}${describeResult(operation)}`;
}
