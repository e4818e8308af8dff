import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { gatherFacts, hostProbes, proposeConfig } from '../config/detect.ts';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import type { Register } from './options.ts';

export const registerInit: Register = (program, run) => {
  program
    .command('init')
    .description('Propose a configuration from what this machine has, and write it where there is none')
    .option('--dry-run', 'print the proposal, write nothing')
    .option('--force', 'replace an existing file (the old one is kept beside it as .old)')
    .action(
      run((context, command) => {
        const options = command.opts<{ dryRun?: boolean; force?: boolean }>();
        const proposal = proposeConfig(gatherFacts(hostProbes(), context.place.home));
        if (options.dryRun !== true) return Promise.resolve(writeProposal(context, proposal, options.force === true));
        context.emit({ file: context.place.configPath, written: false, yaml: proposal }, () => proposal);
        return Promise.resolve(ok(exitCodes.done));
      }),
    );
};

function writeProposal(context: CommandContext, proposal: string, force: boolean): Outcome<ExitCode> {
  const file = context.place.configPath;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (force) keepOld(file);
    writePrivate(file, proposal);
  } catch (thrown) {
    const error = toOpError(thrown, 'io_failed');
    if (error.details?.['errno'] !== 'EEXIST') return { ok: false, error };
    return fail('home_unusable', `${file} exists already; see the proposal with --dry-run, replace it with --force`);
  }
  context.emit({ file, written: true, yaml: proposal }, () => {
    const shown = printable(file);
    return `wrote ${shown}\nread it, change it, then: genesis config check ${shown}\n`;
  });
  return ok(exitCodes.done);
}

function keepOld(file: string): void {
  try {
    renameSync(file, `${file}.old`);
  } catch (thrown) {
    // Nothing to keep is what --force on a fresh home means.
    if (toOpError(thrown).details?.['errno'] !== 'ENOENT') throw thrown;
  }
}

/** Only for the owner, and never over something that is there. */
function writePrivate(file: string, text: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } catch (thrown) {
    rmSync(file, { force: true });
    throw thrown;
  } finally {
    closeSync(fd);
  }
}
