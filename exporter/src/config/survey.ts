import type { Stats } from 'node:fs';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok } from '../contract/errors.ts';
import type { Outcome } from '../contract/errors.ts';
import type { Exec } from '../ports/index.ts';
import type { FoundFault } from './faults.ts';
import { loadConfig, placeFaults } from './load.ts';
import type { LoadedConfig, LoadOptions } from './load.ts';
import type { Config } from './schema.ts';
import type { Environment } from './secrets.ts';

/** Entries looked at in one component: enough to meet what a tree is like, few enough for a check at the keyboard. */
const sampleSizeMax = 2000;
/** Smaller holes come from the file system itself (inline data, compression). */
const holeBytesMin = 64 * 1024;
const probeBatch = 200;
const probeTimeoutMs = 20_000;

/** Which of these paths have extended attributes or ACLs; it runs programs, so it is given from outside. */
export interface FeatureProbe {
  withAttributes(paths: readonly string[], signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  withAcls(paths: readonly string[], signal: AbortSignal): Promise<Outcome<readonly string[]>>;
}

/** `loadConfig`, and then a look into the trees for what an archive does not keep (see Limits in the documentation). */
export async function checkConfig(
  path: string,
  env: Environment,
  options: LoadOptions & { readonly probe?: FeatureProbe; readonly signal: AbortSignal },
): Promise<Outcome<LoadedConfig>> {
  const loaded = loadConfig(path, env, options);
  if (!loaded.ok) return loaded;
  const found = await surveySources(loaded.value.config, options);
  const placed = placeFaults(await readFile(loaded.value.path, 'utf8'), found);
  return ok({ ...loaded.value, warnings: [...loaded.value.warnings, ...placed] });
}

/** Warnings about sparse files, extended attributes and ACLs in a sample of each component's trees. Reads only names and inodes. */
export async function surveySources(
  config: Config,
  { probe, signal }: { readonly probe?: FeatureProbe; readonly signal: AbortSignal },
): Promise<FoundFault[]> {
  const found: FoundFault[] = [];
  for (const [index, service] of config.services.entries()) {
    for (const [name, component] of Object.entries(service.backup.components)) {
      const path = ['services', index, 'backup', 'components', name, 'paths'];
      const sample = await sampleTree(component.paths, signal);
      const sparse = sample.filter(isSparse).map((entry) => entry.path);
      found.push(...kept(path, sparse, 'sparse files', 'restored files take their whole size'));
      if (probe === undefined) continue;
      // Links are left out: the two programs would follow them out of the tree.
      const paths = sample.filter(({ stat }) => stat.isFile() || stat.isDirectory()).map((entry) => entry.path);
      const probes = [
        [
          (given: readonly string[]) => probe.withAttributes(given, signal),
          'extended attributes',
          'they are not backed up',
        ],
        [
          (given: readonly string[]) => probe.withAcls(given, signal),
          'access control lists',
          'they are not backed up, only owner, group and mode are',
        ],
      ] as const;
      for (const [look, what, effect] of probes) found.push(...(await probed(path, paths, { look, what, effect })));
    }
  }
  return found;
}

interface Probing {
  readonly look: (paths: readonly string[]) => Promise<Outcome<readonly string[]>>;
  readonly what: string;
  readonly effect: string;
}

async function probed(path: FoundFault['path'], paths: readonly string[], probing: Probing): Promise<FoundFault[]> {
  if (paths.length === 0) return [];
  const hits = await probing.look(paths);
  if (hits.ok) return kept(path, hits.value, probing.what, probing.effect);
  const message = `${probing.what} were not looked for: ${hits.error.message}`;
  return [{ path, message, mend: 'install the programs getfattr and getfacl (packages attr and acl)' }];
}

function kept(path: FoundFault['path'], hits: readonly string[], what: string, effect: string): FoundFault[] {
  const [first] = hits;
  if (first === undefined) return [];
  const message = `holds ${what} (${hits.length} in the sample, e.g. ${first}): ${effect}`;
  return [{ path, message, mend: 'if they matter, keep them by other means as well; see Limits in the documentation' }];
}

interface SampleEntry {
  readonly path: string;
  readonly stat: Stats;
}

async function sampleTree(roots: readonly string[], signal: AbortSignal): Promise<SampleEntry[]> {
  const sample: SampleEntry[] = [];
  const open = [...roots];
  // Breadth first, so that a sample of a big tree has something of each of its parts.
  for (let at = 0; at < open.length && sample.length < sampleSizeMax && !signal.aborted; at++) {
    const path = open[at] ?? '';
    try {
      const stat = await lstat(path);
      sample.push({ path, stat });
      if (stat.isDirectory() && open.length < sampleSizeMax)
        open.push(...(await readdir(path)).map((name) => join(path, name)));
    } catch {
      // Gone or closed to us: the backup itself lists such entries, a sample needs not.
      continue;
    }
  }
  return sample;
}

function isSparse({ stat }: SampleEntry): boolean {
  return stat.isFile() && stat.size - stat.blocks * 512 >= holeBytesMin;
}

/** The probe made of getfattr and getfacl. */
export function createFeatureProbe(exec: Exec): FeatureProbe {
  // SELinux labels every file and is set again by the system's policy; it is no reason to warn.
  const attributes = ['-h', '--absolute-names', '-m', '^(user|trusted)\\.|^security\\.(capability|ima|evm)', '--'];
  return {
    withAttributes: (paths, signal) => listed(exec, 'getfattr', attributes, { paths, signal }),
    withAcls: (paths, signal) => listed(exec, 'getfacl', ['-s', '-n', '--absolute-names', '--'], { paths, signal }),
  };
}

/** Both programs print `# file: PATH` for each file that has something, and nothing for the others. */
async function listed(
  exec: Exec,
  program: string,
  args: readonly string[],
  { paths, signal }: { readonly paths: readonly string[]; readonly signal: AbortSignal },
): Promise<Outcome<readonly string[]>> {
  const hits: string[] = [];
  for (let at = 0; at < paths.length; at += probeBatch) {
    const result = await exec.run(program, [...args, ...paths.slice(at, at + probeBatch)], {
      timeoutMs: probeTimeoutMs,
      signal,
      maxOutputBytes: 1024 * 1024,
    });
    if (!result.ok) return result;
    for (const [, path = ''] of result.value.stdout.matchAll(/^# file: (.*)$/gm)) hits.push(path);
    // A file that vanished meanwhile makes them fail too; only a run that told nothing at all is a failure.
    if (result.value.exitCode > 1) return fail('exec_failed', `${program} ended with code ${result.value.exitCode}`);
  }
  return ok(hits);
}
