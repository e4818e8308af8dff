import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig, type Config } from '../config/index.ts';
import { OpError, ok, type Outcome } from '../contract/errors.ts';
import { tryFile, type CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import type { Register } from './options.ts';

export interface GeneratedFile {
  /** Relative to the output folder. */
  readonly path: string;
  readonly content: string;
}

export const registerGenerate: Register = (program, run) => {
  program
    .command('generate')
    .description('Write Prometheus rules, Alertmanager and Prometheus configuration for the configured services')
    .option('--out <dir>', 'folder to write below', '.')
    .option('--check', 'write nothing; exit with 1 when a file differs from what would be written')
    .action(
      run((context, command) => {
        const options = command.opts<{ out: string; check?: boolean }>();
        return generate(context, context.path(options.out), options.check === true);
      }),
    );
};

async function generate(context: CommandContext, out: string, onlyCheck: boolean): Promise<Outcome<ExitCode>> {
  const loaded = loadConfig(context.place.configPath, context.deps.env, { home: context.place.home });
  if (!loaded.ok) return loaded;
  const files = await generatedFiles(loaded.value.config);
  if (!files.ok) return files;
  if (onlyCheck) {
    const stale = staleFiles(out, files.value);
    context.emit({ out, stale }, () =>
      stale.length === 0 ? 'all fresh\n' : stale.map((path) => `differs: ${printable(path)}\n`).join(''),
    );
    return ok(stale.length === 0 ? exitCodes.done : exitCodes.failed);
  }
  const written = tryFile(() => writeFiles(out, files.value));
  if (!written.ok) return written;
  const paths = files.value.map((file) => join(out, file.path));
  context.emit({ files: paths }, () => paths.map((path) => `wrote ${printable(path)}\n`).join(''));
  return ok(exitCodes.done);
}

/** The generators are loaded only here: the server needs none of them. */
async function generatedFiles(config: Config): Promise<Outcome<readonly GeneratedFile[]>> {
  const [rules, alertmanager, provisioning] = await Promise.all([
    import('#generators/rules'),
    import('#generators/alertmanager'),
    import('#generators/provisioning'),
  ]);
  try {
    return ok([...rules.generate(config), ...alertmanager.generate(config), ...provisioning.generate(config)]);
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    throw thrown;
  }
}

/** Paths whose content on disk is not what it should be, absent ones too. */
export function staleFiles(out: string, files: readonly GeneratedFile[]): readonly string[] {
  return files.filter((file) => readOrNull(join(out, file.path)) !== file.content).map((file) => file.path);
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // absent or unreadable: either way not what it should be
  }
}

export function writeFiles(out: string, files: readonly GeneratedFile[]): void {
  for (const file of files) {
    const path = join(out, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
  }
}
