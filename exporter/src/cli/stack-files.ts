import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { GeneratedFile } from './generated-files.ts';
import { grafanaPasswordFile, type StackFolder } from './stack-programs.ts';

const marker = '.genesis-stack';

/** Makes the folder (0700), or takes one that an earlier stack made. Errors: `target_not_empty` where it holds something else. */
export function prepareFolder(folder: StackFolder): Outcome<void> {
  const own = existsSync(join(folder.path, marker));
  if (!own && existsSync(folder.path) && readdirSync(folder.path).length > 0)
    return fail('target_not_empty', `${folder.path} holds something else than a stack of genesis`);
  // What was generated before goes: a rule file of a former version would be loaded beside the new ones.
  rmSync(folder.generated, { recursive: true, force: true });
  for (const path of [folder.path, folder.generated, folder.logs]) mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder.path, marker), 'Made by `genesis stack`; it may be removed while no stack runs.\n');
  return ok(undefined);
}

/** Where the products find their files. */
export interface StackFiles {
  readonly prometheusConfig: string;
  readonly alertmanagerConfig: string;
  /** Folder with `datasources` and `dashboards`. */
  readonly grafanaProvisioning: string;
}

/** Errors: `internal` when a generator did not write what the products need. */
export function writeGenerated(folder: StackFolder, files: readonly GeneratedFile[]): Outcome<StackFiles> {
  for (const file of files) writeBelow(folder.generated, file.path, file.content);
  const find = (name: string): string | undefined =>
    files.find((file) => file.path.endsWith(`/generated/${name}`))?.path;
  const [prometheus, alertmanager] = [find('prometheus.yml'), find('alertmanager.yml')];
  if (prometheus === undefined || alertmanager === undefined)
    return fail('internal', 'the generators wrote no prometheus.yml or alertmanager.yml');
  return ok({
    prometheusConfig: join(folder.generated, prometheus),
    alertmanagerConfig: join(folder.generated, alertmanager),
    grafanaProvisioning: join(folder.generated, dirname(prometheus), 'grafana'),
  });
}

/** The password of Grafana's admin, made once: it keeps its users in the folder. */
export function writeGrafanaPassword(folder: StackFolder, password: string): void {
  const file = grafanaPasswordFile(folder);
  if (!existsSync(file)) writeBelow(dirname(file), 'admin-password', password);
}

function writeBelow(folder: string, path: string, content: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}
