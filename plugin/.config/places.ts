import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const pluginFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const sourceFolder = join(pluginFolder, 'src');
export const distFolder = join(pluginFolder, 'dist');
export const checkout = dirname(pluginFolder);

/** What `%…%` stands for in plugin.json and README. The day can be fixed from outside so that two builds are equal. */
export function replacements(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(pluginFolder, 'package.json'), 'utf8')) as { version: string };
  const { id } = JSON.parse(readFileSync(join(sourceFolder, 'plugin.json'), 'utf8')) as { id: string };
  const epoch = env['SOURCE_DATE_EPOCH'];
  const day = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return { VERSION: version, PLUGIN_ID: id, TODAY: day.toISOString().slice(0, 10) };
}

export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%([A-Z_]+)%/g, (whole, name: string) => values[name] ?? whole);
}
