import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Everything that a module brings into a bundle: type imports leave nothing behind. */
function broughtInBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [statement, from = ''] of text.matchAll(/^(?:import|export) [^;]*?from '([^']+)';/gms)) {
    if (/^(?:import|export) type /.test(statement)) continue;
    if (from.startsWith('.')) broughtInBy(join(dirname(file), from), seen);
    else seen.add(from);
  }
  return seen;
}

it('what the client needs pulls in no library: zod would be the largest part of the bundle', () => {
  const all = [...broughtInBy(join(import.meta.dirname, 'client.ts'))];

  expect(all.length).toBeGreaterThan(5);
  expect(all.filter((file) => !file.startsWith(import.meta.dirname))).toEqual([]);
});
