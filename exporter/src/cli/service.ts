import { userInfo } from 'node:os';
import { loadConfig } from '../config/index.ts';
import { systemdUnit, writableFolders } from '../config/unit-file.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { tryFile, type CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import { writeFiles } from './generate.ts';
import type { Register } from './options.ts';

const unitFolder = '/etc/systemd/system';
const unitName = 'genesis.service';

export const registerService: Register = (program, run) => {
  const service = program.command('service').description('Run genesis as a service of the system');
  service
    .command('install')
    .description('Write a hardened systemd unit; says what to run next, starts nothing itself')
    .option('--user <name>', 'user it runs as (default: you)')
    .option('--unit-dir <dir>', 'folder of the unit', unitFolder)
    .option('--dry-run', 'print the unit, write nothing')
    .action(
      run((context, command) =>
        Promise.resolve(install(context, command.opts<{ user?: string; unitDir: string; dryRun?: boolean }>())),
      ),
    );
};

function install(
  context: CommandContext,
  options: { readonly user?: string; readonly unitDir: string; readonly dryRun?: boolean },
): Outcome<ExitCode> {
  const { home, configPath } = context.place;
  const user = options.user ?? userInfo().username;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/.test(user)) return fail('bad_request', `"${user}" is not a user name`);
  const loaded = loadConfig(configPath, context.deps.env, { home });
  if (!loaded.ok) return loaded;
  const { nodePath, binPath } = context.deps;
  const { config } = loaded.value;
  const unit = systemdUnit({
    user,
    home,
    nodePath,
    binPath,
    writable: writableFolders(config, home),
    hasWorkers: config.services.some(({ scaling }) => scaling?.engine === 'process'),
  });
  if (options.dryRun === true) {
    context.emit({ unit, written: false }, () => unit);
    return ok(exitCodes.done);
  }
  const folder = context.path(options.unitDir);
  const written = tryFile(() => writeFiles(folder, [{ path: unitName, content: unit }]));
  if (!written.ok) return written;
  const file = `${folder}/${unitName}`;
  context.emit({ file, unit, written: true }, () => {
    return `wrote ${printable(file)}\nnext: systemctl daemon-reload && systemctl enable --now ${unitName}\n`;
  });
  return ok(exitCodes.done);
}
