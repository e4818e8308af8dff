// Packs the built app as `grafana-cli` wants it: one folder named by the id. `node plugin/scripts/zip.ts [--app DIR] [--out DIR]`
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unzipSync, zipSync } from 'fflate';
import { faultsOf } from './zip-rules.ts';

const pluginFolder = fileURLToPath(new URL('..', import.meta.url));
/** The oldest moment that the format knows: the same content gives the same bytes. */
const moment = '1980-01-01T00:00:00';

function contentOf(folder: string): Record<string, Uint8Array> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(files.map((file) => [relative(folder, file), new Uint8Array(readFileSync(file))]));
}

/** Every file of an archive by its path in it. */
export function entriesOf(zip: Uint8Array): Readonly<Record<string, Uint8Array>> {
  return unzipSync(zip);
}

/** The file that was written. Throws with every rule that the archive would break: a broken one must not leave the house. */
export function zipApp({ app, out }: { readonly app: string; readonly out: string }): string {
  const files = contentOf(app);
  const { id, info } = JSON.parse(new TextDecoder().decode(files['plugin.json'])) as {
    readonly id: string;
    readonly info: { readonly version: string };
  };
  const entries = Object.fromEntries(Object.entries(files).map(([path, content]) => [`${id}/${path}`, content]));
  const zip = zipSync(entries, { level: 9, mtime: moment });
  const { version } = JSON.parse(readFileSync(join(pluginFolder, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const faults = faultsOf(entriesOf(zip), version);
  if (faults.length > 0) throw new Error(`the archive breaks rules of Grafana:\n  ${faults.join('\n  ')}`);
  mkdirSync(out, { recursive: true });
  const file = join(out, `${id}-${info.version}.zip`);
  writeFileSync(file, zip);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { app: { type: 'string' }, out: { type: 'string' } } });
  const app = resolve(values.app ?? join(pluginFolder, 'dist'));
  process.stdout.write(`${zipApp({ app, out: resolve(values.out ?? 'dist') })}\n`);
}
