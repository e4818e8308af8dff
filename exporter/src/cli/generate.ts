import { chmodSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { loadConfig, originLine, stampFile, type LoadedConfig } from '../config/index.ts';
import { OpError, ok, type Outcome } from '../contract/errors.ts';
import { tryFile, type CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import { unifiedDiff } from './generated-diff.ts';
import {
  applyDifferences,
  differencesIn,
  manifestOf,
  writeWhole,
  type Difference,
  type GeneratedFile,
} from './generated-files.ts';
import type { Register } from './options.ts';

export { writeFiles, type GeneratedFile } from './generated-files.ts';

/** As `targets` of the provisioning package has them; that package is loaded only when files are made. */
const targets = ['files', 'compose', 'kubernetes'] as const;
type Target = (typeof targets)[number];

interface Options {
  readonly out: string;
  readonly target: Target;
  readonly check?: boolean;
}

export const registerGenerate: Register = (program, run) => {
  program
    .command('generate')
    .description('Write rules, routes, dashboards and provisioning for the configured services')
    .option('--out <dir>', 'folder to write below', '.')
    .addOption(
      new Option(
        '--target <kind>',
        'files for running programs, for Docker Compose, or objects for the Prometheus operator',
      )
        .choices(targets)
        .default('files'),
    )
    .option(
      '--check',
      'write nothing; exit with 1 and show a diff when a file is stale, missing or no longer generated',
    )
    .action(
      run((context, command) => {
        const { out, target, check } = command.opts<Options>();
        return generate(context, context.path(out), target, check === true);
      }),
    );
};

async function generate(
  context: CommandContext,
  out: string,
  target: Target,
  onlyCheck: boolean,
): Promise<Outcome<ExitCode>> {
  const { place, deps } = context;
  const loaded = loadConfig(place.configPath, deps.env, { home: place.home });
  if (!loaded.ok) return loaded;
  const files = await generatedFiles(loaded.value, target, deps.version);
  if (!files.ok) return files;
  const differences = tryFile(() => differencesIn(out, files.value));
  if (!differences.ok) return differences;
  const facts = { out, target, version: deps.version, configHash: loaded.value.hash };
  return onlyCheck
    ? report(context, facts, files.value, differences.value)
    : write(context, facts, files.value, differences.value);
}

/** What a run worked on; part of what --json prints. */
interface Facts {
  readonly out: string;
  readonly target: Target;
  readonly version: string;
  readonly configHash: string;
}

async function report(
  context: CommandContext,
  facts: Facts,
  files: readonly GeneratedFile[],
  differences: readonly Difference[],
): Promise<Outcome<ExitCode>> {
  const shown = await Promise.all(
    differences.map(async (one) => ({ path: one.path, kind: one.kind, diff: await unifiedDiff(one) })),
  );
  context.emit({ ...facts, stale: shown.map(({ path }) => path), differences: shown }, () => {
    if (shown.length === 0) return `all fresh: ${files.length} files for target ${facts.target}\n`;
    const summary = `${shown.length} of ${files.length} files for target ${facts.target} are not as they would be generated\n`;
    return [
      ...shown.map(({ path, kind, diff }) => `${kind}: ${printable(path)}\n${printableLines(diff)}`),
      summary,
    ].join('');
  });
  return ok(differences.length === 0 ? exitCodes.done : exitCodes.failed);
}

async function write(
  context: CommandContext,
  facts: Facts,
  files: readonly GeneratedFile[],
  differences: readonly Difference[],
): Promise<Outcome<ExitCode>> {
  const { out, target } = facts;
  const written = tryFile(() => applyDifferences(out, differences));
  if (!written.ok) return written;
  const password = target === 'compose' ? await makePassword(context, out) : ok(null);
  if (!password.ok) return password;
  const paths = (kinds: readonly Difference['kind'][]): string[] =>
    differences.filter(({ kind }) => kinds.includes(kind)).map(({ path }) => join(out, path));
  const made = paths(['differs', 'missing']);
  const removed = paths(['extra']);
  const unchanged = files.length - made.length;
  const all = files.map((file) => join(out, file.path));
  context.emit({ ...facts, files: all, written: made, removed, secret: password.value }, () =>
    [
      ...made.map((path) => `wrote ${printable(path)}\n`),
      ...removed.map((path) => `removed ${printable(path)}, which is no longer generated\n`),
      ...(password.value === null
        ? []
        : [`wrote ${printable(password.value)}, a new password; it is never written again\n`]),
      `${files.length} files for target ${target}: ${made.length} written, ${unchanged} unchanged, ${removed.length} removed\n`,
    ].join(''),
  );
  return ok(exitCodes.done);
}

/**
 * Grafana's first password, where there is none yet; its path, else null. The folder is closed to others; the file itself is not,
 * because Compose mounts it as it is, and Grafana runs as another user.
 */
async function makePassword(context: CommandContext, out: string): Promise<Outcome<string | null>> {
  const { passwordFile } = await import('#generators/provisioning');
  const path = join(out, passwordFile);
  return tryFile(() => {
    if (existsSync(path)) return null;
    chmodSync(dirname(path), 0o700);
    writeWhole(path, `${context.deps.random.bytes(24).toString('base64url')}\n`, 0o644);
    return path;
  });
}

/** The generators are loaded only here: the server needs none of them. Every file tells its origin, the manifest of them all too. */
async function generatedFiles(
  { config, hash }: LoadedConfig,
  target: Target,
  version: string,
): Promise<Outcome<readonly GeneratedFile[]>> {
  const [rules, alertmanager, dashboards, provisioning] = await Promise.all([
    import('#generators/rules'),
    import('#generators/alertmanager'),
    import('#generators/dashboards'),
    import('#generators/provisioning'),
  ]);
  try {
    const stamp = { version, configHash: hash };
    const stamped = <File extends GeneratedFile>(files: readonly File[]): File[] =>
      files.map((file) => stampFile(file, stamp));
    // Stamped before they are put into the objects of Kubernetes and the mixin, whose own heads cannot speak for them.
    const parts = stamped([
      ...rules.generate(config),
      ...alertmanager.generate(config),
      ...dashboards.generate(config),
    ]);
    const files = stamped(provisioning.generateFor(target, config, parts, { version }));
    return ok([...files, manifestOf(target, originLine(stamp), files)]);
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    throw thrown;
  }
}

/** Configured text may hold what a terminal obeys. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
