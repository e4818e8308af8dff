import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { hashOf } from './console-output.ts';

export type Write = (path: string, content: Uint8Array) => void;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * The app's scripts and pictures, in a folder named by their content: the names inside are the app's own. Returns that folder.
 * Dashboards and plugin.json stay behind: Grafana reads those, a browser does not.
 */
export function copyApp(app: string, write: Write): string {
  const wanted = filesBelow(app).filter((path) => /\.(js|svg|png)$/.test(path) || /^locales\/.*\.json$/.test(path));
  if (!wanted.includes('module.js')) throw new Error(`${app} holds no built app: build the plugin first`);
  const contents = wanted.map((path) => readFileSync(join(app, path)));
  const folder = `app-${hashOf(Buffer.concat(contents))}`;
  wanted.forEach((path, index) => write(`${folder}/${path}`, contents[index] as Uint8Array));
  return folder;
}

const interFaces: Readonly<Record<string, string>> = {
  'Inter-Regular': 'inter-latin-400-normal',
  'Inter-Medium': 'inter-latin-500-normal',
  'Inter-Italic': 'inter-latin-400-italic',
  'Inter-MediumItalic': 'inter-latin-500-italic',
};

/** The fonts under the names that @grafana/ui asks for, from the packages that hold them (OFL). Returns their folder. */
export function copyFonts(modules: string, write: Write): string {
  const fonts = createRequire(import.meta.url);
  const source = readFileSync(join(modules, 'node_modules/@grafana/ui/dist/esm/themes/GlobalStyles/fonts.mjs'), 'utf8');
  const asked = new Set([...source.matchAll(/\$\{fontRoot\}([\w./-]+\.woff2)/g)].map(([, path]) => path ?? ''));
  const found = [...asked].map((path) => {
    const face = /inter\/([\w-]+)\.woff2$/.exec(path)?.[1];
    const file =
      face === undefined
        ? '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2'
        : `@fontsource/inter/files/${interFaces[face] ?? 'inter-latin-400-normal'}.woff2`;
    return { path, content: readFileSync(fonts.resolve(file)) };
  });
  const folder = `public-${hashOf(Buffer.concat(found.map(({ content }) => content)))}`;
  for (const { path, content } of found) write(`${folder}/fonts/${path}`, content);
  for (const name of ['inter', 'roboto-mono'])
    write(`${folder}/fonts/${name}-license.txt`, readFileSync(fonts.resolve(`@fontsource/${name}/LICENSE`)));
  return folder;
}

/** Drawn where the packages ship no picture of an icon that they know by name: a plain ring says nothing wrong. */
const neutralIcon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 2a7 7 0 1 1 0 14 7 7 0 0 1 0-14"/></svg>';
const spinnerIcon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M12 2a10 10 0 0 1 10 10h-2.5A7.5 7.5 0 0 0 12 4.5z"/></svg>';

/** Every icon by its path below the public folder, as one file: no page waits for dozens of small ones. */
export function iconBundle(modules: string): Readonly<Record<string, string>> {
  const folder = join(modules, 'node_modules/@grafana/ui/dist/public/img/icons');
  const names = readFileSync(join(modules, 'node_modules/@grafana/data/dist/esm/types/icon.mjs'), 'utf8');
  const known = [...names.matchAll(/^\s+"?([\w-]+)"?: true,?$/gm)].map(([, name]) => `unicons/${name ?? ''}.svg`);
  const neutral = known.map((path) => [path, neutralIcon] as const);
  const shipped = filesBelow(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8').trim()] as const);
  const icons = [...neutral, ...shipped, ['unicons/spinner.svg', spinnerIcon] as const];
  return Object.fromEntries(icons.map(([path, svg]) => [`build/img/icons/${path}`, svg]));
}
