import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './load.ts';
import type { LoadedConfig, LoadOptions } from './load.ts';
import type { Fault } from './faults.ts';
import type { Environment } from './secrets.ts';

/** A private folder for the tests of this folder, with the calls they share. */
export interface Bench {
  readonly folder: string;
  /** Writes genesis.yaml there (mode 0600) and loads it. */
  load(yaml: string, env?: Environment, options?: LoadOptions): ReturnType<typeof loadConfig>;
  /** The faults of a file that must not load. */
  faults(yaml: string, env?: Environment, options?: LoadOptions): readonly Fault[];
  /** A file that must load. */
  good(yaml: string, env?: Environment, options?: LoadOptions): LoadedConfig;
  /** The faults of a file that is already there, under an empty environment; throws what is no fault of its content. */
  faultsOf(path: string): readonly Fault[];
  write(name: string, text: string, mode?: number): string;
  remove(): void;
}

export function createBench(): Bench {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'genesis-config-')));
  const write = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const load: Bench['load'] = (yaml, env = {}, options = {}) => loadConfig(write('genesis.yaml', yaml), env, options);
  const faultsOf: Bench['faultsOf'] = (path) => {
    const loaded = loadConfig(path, {});
    if (loaded.ok) return [];
    if (loaded.error.code === 'config_unreadable') throw loaded.error;
    return (loaded.error.details?.['faults'] ?? []) as readonly Fault[];
  };
  return {
    folder,
    faultsOf,
    write,
    load,
    faults(yaml, env, options) {
      const loaded = load(yaml, env, options);
      if (loaded.ok) throw new Error('the file was accepted');
      return (loaded.error.details?.['faults'] ?? []) as readonly Fault[];
    },
    good(yaml, env, options) {
      const loaded = load(yaml, env, options);
      if (!loaded.ok) throw loaded.error;
      return loaded.value;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
