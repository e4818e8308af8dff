import {
  checkConfig,
  configReference,
  createFeatureProbe,
  formatFault,
  loadConfig,
  showConfig,
  type Fault,
} from '../config/index.ts';
import { ok, type OpError, type Outcome } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import type { Register } from './options.ts';

export const registerConfig: Register = (program, run) => {
  const config = program.command('config').description('The configuration file genesis.yaml');
  config
    .command('check [file]')
    .description('Name every fault with its path, value and mend; exits with 1 when there is one')
    .option('--no-survey', 'do not look into the trees for what an archive does not keep')
    .action(run((context, command) => check(context, command.args[0], command.opts<{ survey: boolean }>().survey)));
  config
    .command('reference')
    .description('Print every key: type, default, meaning, example (Markdown)')
    .action(
      run((context) => {
        const reference = configReference();
        context.emit({ reference }, () => reference);
        return Promise.resolve(ok(exitCodes.done));
      }),
    );
  config
    .command('show [file]')
    .description('Print the whole configuration with the defaults written out, secrets masked')
    .action(
      run((context, command) => {
        const loaded = loadConfig(fileOf(context, command.args[0]), context.deps.env, { home: context.place.home });
        if (!loaded.ok) return Promise.resolve(loaded);
        const yaml = showConfig(loaded.value.config);
        context.emit({ path: loaded.value.path, hash: loaded.value.hash, yaml }, () => yaml);
        return Promise.resolve(ok(exitCodes.done));
      }),
    );
};

function fileOf(context: CommandContext, named: string | undefined): string {
  return named === undefined ? context.place.configPath : context.path(named);
}

async function check(context: CommandContext, named: string | undefined, survey: boolean): Promise<Outcome<ExitCode>> {
  const { env, exec } = context.deps;
  const file = fileOf(context, named);
  const options = { home: context.place.home };
  const abort = new AbortController();
  const stopListening = context.deps.onInterrupt(() => abort.abort());
  try {
    const checked = survey
      ? await checkConfig(file, env, { ...options, probe: createFeatureProbe(exec), signal: abort.signal })
      : loadConfig(file, env, options);
    if (abort.signal.aborted) return ok(exitCodes.interrupted);
    if (checked.ok) {
      const { warnings, config, hash } = checked.value;
      const summary = `${printable(file)}: ok, ${config.services.length} services, ${warnings.length} warnings\n`;
      context.emit({ file, valid: true, faults: [], warnings, hash }, () => listed('warning', warnings) + summary);
      return ok(exitCodes.done);
    }
    const faults = faultsOf(checked.error, 'faults');
    if (faults.length === 0) return checked;
    const warnings = faultsOf(checked.error, 'warnings');
    context.emit({ file, valid: false, faults, warnings }, () => {
      return `${listed('fault', faults)}${listed('warning', warnings)}${printable(file)}: ${faults.length} faults, ${warnings.length} warnings\n`;
    });
    return ok(exitCodes.failed);
  } finally {
    stopListening();
  }
}

function faultsOf(error: OpError, key: 'faults' | 'warnings'): readonly Fault[] {
  const found = error.details?.[key];
  return Array.isArray(found) ? (found as readonly Fault[]) : [];
}

function listed(kind: string, faults: readonly Fault[]): string {
  return faults.map((fault) => `${kind}: ${printable(formatFault(fault))}\n`).join('');
}
