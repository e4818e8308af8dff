import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// A provider of instances in a folder, for programs and receivers that scale.

export interface Provider {
  readonly folder: string;
  list(): readonly { readonly name: string; readonly state: 'ready' | 'starting' }[];
  scale(desired: number, remove: readonly string[]): void;
  /** `broken`: new ones never get ready. `ignore`: it does nothing. `more`: it makes one too many. `fail`: see `writePrograms`. */
  set(name: 'broken' | 'ignore' | 'more' | 'fail'): void;
}

interface Kept {
  readonly name: string;
  /** Unix milliseconds. */
  readonly readyAt: number;
}

/** An instance is ready 100 ms after it was made. */
export function providerIn(folder: string): Provider {
  const file = path.join(folder, 'instances.json');
  const is = (name: string): boolean => existsSync(path.join(folder, name));
  const read = (): Kept[] => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept[]) : []);
  return {
    folder,
    list: () => read().map(({ name, readyAt }) => ({ name, state: Date.now() >= readyAt ? 'ready' : 'starting' })),
    scale: (desired, remove) => {
      if (is('ignore')) return;
      const all = read().filter(({ name }) => !remove.includes(name));
      const readyAt = Date.now() + (is('broken') ? 1e9 : 100);
      for (let number = 1; all.length < desired + (is('more') ? 1 : 0); number += 1) {
        const name = `vm-${number}`;
        if (!all.some((one) => one.name === name) && !remove.includes(name)) all.push({ name, readyAt });
      }
      writeFileSync(`${file}.part`, JSON.stringify(all));
      renameSync(`${file}.part`, file);
    },
    set: (name) => writeFileSync(path.join(folder, name), ''),
  };
}

/** Programs of that provider. `scale` keeps in `told.json` what it was told, and says that it failed where `fail` is set. */
export function writePrograms(folder: string): { readonly list: string[]; readonly scale: string[] } {
  const head = `import { existsSync, writeFileSync } from 'node:fs';
import { providerIn } from ${JSON.stringify(pathToFileURL(import.meta.filename).href)};
const folder = import.meta.dirname;
`;
  const [list, scale] = [path.join(folder, 'list.mjs'), path.join(folder, 'scale.mjs')];
  writeFileSync(list, `${head}console.log(JSON.stringify(providerIn(folder).list()));\n`);
  writeFileSync(
    scale,
    `${head}const [desired, current, remove] = process.argv.slice(2);
writeFileSync(folder + '/told.json', JSON.stringify({ desired, current, remove, env: process.env }));
providerIn(folder).scale(Number(desired), remove.split(','));
if (existsSync(folder + '/fail')) { console.error('no idea what happened'); process.exitCode = 3; }
`,
  );
  return { list: [process.execPath, list], scale: [process.execPath, scale, '{desired}', '{current}', '{remove}'] };
}
