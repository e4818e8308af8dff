import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate as alertmanager } from '@genesis-dr/alertmanager';
import { generate as dashboards } from '@genesis-dr/dashboards';
import type { Config } from '@genesis-dr/exporter/config';
import { generate as rules } from '@genesis-dr/rules';
import type { File } from './file.ts';

/** What the other generators make of a configuration. */
export function partsOf(config: Config): File[] {
  return [...rules(config), ...alertmanager(config), ...dashboards(config)];
}

/** The files in a new folder; returns it. */
export function written(files: readonly File[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'genesis-prov-'));
  for (const file of files) {
    const target = path.join(folder, file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.content);
  }
  return folder;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a real product. A missing one fails the test with the package to install. */
export function runTool(program: string, debianPackage: string, args: readonly string[], cwd: string, env = {}): Ran {
  const ended = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } });
  if (ended.error !== undefined) {
    throw new Error(`cannot run ${program}: install the Debian package ${debianPackage}`, { cause: ended.error });
  }
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

export function contentOf(files: readonly File[], wanted: string): string {
  const found = files.find((file) => file.path === wanted);
  if (found === undefined) throw new Error(`${wanted} is not generated`);
  return found.content;
}
