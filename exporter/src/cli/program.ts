import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { toOpError } from '../contract/errors.ts';
import { registerAudit } from './audit.ts';
import { registerBackup } from './backup.ts';
import { registerBackups } from './backups.ts';
import { registerCatalogue } from './catalogue.ts';
import { registerCompletion } from './completion.ts';
import { registerConfig } from './config.ts';
import { createContext, type GlobalOptions } from './context.ts';
import type { CliDeps } from './deps.ts';
import { registerDoctor } from './doctor.ts';
import { registerPostgres } from './postgres.ts';
import { registerDrill } from './drill.ts';
import { errorDocument, errorText, exitCodeMeanings, exitCodeOf, exitCodes } from './exit.ts';
import { registerFailover } from './failover.ts';
import { registerScaling } from './scaling.ts';
import { registerGenerate } from './generate.ts';
import { registerInit } from './init.ts';
import { registerKey } from './key.ts';
import { registerLogin } from './login.ts';
import { registerLs } from './ls.ts';
import { registerMaintenance } from './maintenance.ts';
import { registerNotify } from './notify.ts';
import { registerOperations } from './operations.ts';
import type { Register, Runner } from './options.ts';
import { registerPlaybook } from './playbook.ts';
import { registerRestore } from './restore.ts';
import { registerServe } from './serve.ts';
import { registerService } from './service.ts';
import { registerServices } from './services.ts';
import { registerSla } from './sla.ts';
import { registerStack } from './stack.ts';
import { registerStatus } from './status.ts';
import { registerToken } from './token.ts';
import { registerVerify } from './verify.ts';

/** In the order of --help: start, look, act, administer. */
const commands: readonly Register[] = [
  registerServe,
  registerInit,
  registerStatus,
  registerServices,
  registerSla,
  registerMaintenance,
  registerBackup,
  registerBackups,
  registerLs,
  registerVerify,
  registerRestore,
  registerDrill,
  registerFailover,
  registerScaling,
  registerPlaybook,
  registerOperations,
  registerAudit,
  registerToken,
  registerLogin,
  registerKey,
  registerCatalogue,
  registerNotify,
  registerConfig,
  registerGenerate,
  registerStack,
  registerDoctor,
  registerPostgres,
  registerService,
  registerCompletion,
];

export interface Program {
  readonly command: Command;
  /** Runs one command line (without node and script). Resolves with the exit code; bugs throw. */
  run(argv: readonly string[]): Promise<number>;
}

/** The whole command line over the given dependencies. */
export function buildProgram(deps: CliDeps): Program {
  let code: number = exitCodes.done;
  const run: Runner =
    (handler) =>
    async (...received) => {
      const command = received.at(-1);
      if (!(command instanceof Command)) throw new TypeError('commander passes the command last');
      const context = createContext(deps, command.optsWithGlobals<GlobalOptions>());
      const outcome = await handler(context, command);
      if (outcome.ok) {
        code = outcome.value;
        return;
      }
      code = exitCodeOf(outcome.error.code);
      if (context.json) deps.stdout.write(`${JSON.stringify(errorDocument(outcome.error), null, 2)}\n`);
      else deps.stderr.write(errorText(outcome.error));
    };
  const command = createRoot(deps);
  for (const register of commands) register(command, run);
  prepareAll(command, outputOf(deps));
  return {
    command,
    run: async (argv) => {
      code = exitCodes.done;
      try {
        await command.parseAsync([...argv], { from: 'user' });
      } catch (thrown) {
        if (!(thrown instanceof CommanderError)) throw thrown;
        return thrown.exitCode === 0 ? exitCodes.done : exitCodes.cannotStart;
      }
      return code;
    },
  };
}

function createRoot(deps: CliDeps): Command {
  return new Command('genesis')
    .description('Could we recover right now, how do we know, and how do we do it with one guarded click?')
    .version(deps.version, '-V, --version', 'print the version')
    .option('--home <dir>', 'where this installation keeps its things (GENESIS_HOME, default ./.genesis)')
    .option('--config <file>', 'configuration (GENESIS_CONFIG, default <home>/genesis.yaml)')
    .option('--server <url>', 'the server to talk to (GENESIS_URL, default what <home>/run/address says)')
    .option('--json', 'one JSON document on standard output, nothing else')
    .option('-q, --quiet', 'print failures only')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `\n${exitCodeHelp()}`);
}

function exitCodeHelp(): string {
  return ['Exit codes:', ...exitCodeMeanings.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`)].join(
    '\n',
  );
}

function outputOf(deps: CliDeps): OutputConfiguration {
  return {
    writeOut: (text) => deps.stdout.write(text),
    writeErr: (text) => deps.stderr.write(text),
    getOutHelpWidth: () => deps.stdout.columns ?? 100,
    getErrHelpWidth: () => deps.stderr.columns ?? 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

/** Output and exit are per command in commander, and inherited only by what is added later. */
function prepareAll(command: Command, output: OutputConfiguration): void {
  command.configureOutput(output).exitOverride().showHelpAfterError('(add --help for what it takes)');
  command.configureHelp({ showGlobalOptions: true });
  for (const child of command.commands) prepareAll(child, output);
}

/** For what main.ts catches: a bug, told without a stack unless it is asked for. */
export function describeBug(thrown: unknown): string {
  return errorText(toOpError(thrown));
}
