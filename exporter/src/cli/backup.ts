import { Option } from 'commander';
import { backupTypes, type BackupType } from '../contract/backup.ts';
import { theService, withSession } from './context.ts';
import { collect, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { runOperation } from './wait.ts';

export const registerBackup: Register = (program, run) => {
  const command = program
    .command('backup [service]')
    .description('Back up a service now (its name may be left out when there is only one)')
    .addOption(
      new Option('--type <type>', 'what kind; a snapshot is a full one that is kept')
        .choices(backupTypes)
        .default('incremental'),
    )
    .option('--component <name>', 'only this component (repeatable)', collect, [])
    .option('--note <text>', 'a note on the backup');
  withWaitOptions(command, 'plain').action(
    run((context, given) =>
      withSession(context, 'act', async (session) => {
        const service = await theService(session, given.args[0]);
        if (!service.ok) return service;
        const options = given.opts<{ type: BackupType; component: string[]; note?: string }>();
        const request = {
          kind: 'backup',
          service: service.value,
          type: options.type,
          components: options.component.length === 0 ? null : options.component,
          note: options.note ?? null,
        } as const;
        return runOperation(context, session, request, waitOptionsOf(given));
      }),
    ),
  );
};
