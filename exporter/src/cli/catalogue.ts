import { ok } from '../contract/errors.ts';
import { exitCodes } from './exit.ts';
import { printable } from './format.ts';
import { secretRefOption, type Register } from './options.ts';

export const registerCatalogue: Register = (program, run) => {
  const catalogue = program.command('catalogue').description('The list of backups that this home knows');
  catalogue
    .command('rebuild')
    .description('Make the catalogue anew from the manifests in a repository or copy')
    .requiredOption('--from <dir>', 'the repository or copy')
    .option('--key <ref>', 'key of an encrypted repository: env:NAME or file:PATH', secretRefOption)
    .option('--dry-run', 'only say what would be taken up')
    .action(
      run(async (context, command) => {
        const options = command.opts<{ from: string; key?: string; dryRun?: boolean }>();
        const dryRun = options.dryRun === true;
        const rebuilt = await context.deps.rebuildCatalogue({
          ...context.place,
          from: context.path(options.from),
          key: options.key ?? null,
          dryRun,
        });
        if (!rebuilt.ok) return rebuilt;
        const { records, damaged } = rebuilt.value;
        context.emit({ records, damaged, dryRun }, () =>
          [
            `${records.length} backups ${dryRun ? 'would be' : 'are'} in the catalogue\n`,
            ...damaged.map(({ backupId, message }) => `damaged: ${printable(backupId)}: ${printable(message)}\n`),
          ].join(''),
        );
        return ok(damaged.length === 0 ? exitCodes.done : exitCodes.failed);
      }),
    );
};
