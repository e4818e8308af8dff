import { OpError } from '../../../contract/errors.ts';
import type { EngineDeps, RestorePlanFacts, Selection } from '../port.ts';
import type { StoredBackup } from './catalogue.ts';
import type { ResticComponent } from './manifest.ts';
import { escapePattern, patternsBelow, type ResticStore } from './store.ts';
import { choosePaths, snapshotOf, walkComponent } from './tree.ts';

/** Throws `not_found` for a component that the backup has not. */
export function selectComponents(stored: StoredBackup, selection: Selection): readonly ResticComponent[] {
  const { components } = stored.manifest;
  const unknown = selection.components.filter((name) => !components.some((c) => c.name === name));
  if (unknown.length > 0) throw new OpError('not_found', `the backup has no component ${unknown.join(', ')}`);
  return selection.components.length === 0
    ? components
    : components.filter((c) => selection.components.includes(c.name));
}

/**
 * The selection's paths as restic's `--include` takes them: each as it is, for names that hold what means something in a pattern, and
 * as a pattern. A first segment that is a glob stands for every root that it fits.
 */
export function includesOf(component: ResticComponent, paths: readonly string[]): readonly string[] {
  const includes = paths.flatMap((text) => {
    const path = text.replace(/\/+$/, '');
    const slash = path.indexOf('/');
    const first = slash < 0 ? path : path.slice(0, slash);
    const rest = slash < 0 ? '' : path.slice(slash + 1);
    // `**` may stand for nothing or for folders of a root: it stays in front of the rest.
    const inRoot = first === '**' ? path : rest;
    return component.roots
      .filter((root) => root.name === first || choosePaths([first]).covers(root.name))
      .flatMap((root) => {
        if (inRoot === '') return [escapePattern(root.resolved)];
        const exact = `${escapePattern(root.resolved)}/${escapePattern(inRoot)}`;
        return [exact, ...patternsBelow(root.resolved, [inRoot])];
      });
  });
  return [...new Set(includes)];
}

/** See `BackupEngine.planRestore`. Whole components are known from the manifest; single paths are looked for in the listing. */
export async function planFacts(
  deps: EngineDeps,
  stored: StoredBackup & { readonly store: ResticStore },
  selection: Selection,
  signal: AbortSignal,
): Promise<RestorePlanFacts> {
  const components = selectComponents(stored, selection);
  const choice = choosePaths(selection.paths);
  let [entries, bytes] = [0, 0];
  const roots: { component: string; root: string; path: string }[] = [];
  for (const component of components) {
    const met = new Set<string>();
    if (selection.paths.length === 0) {
      entries += component.entries;
      bytes += component.bytes;
      for (const root of component.roots) met.add(root.name);
    } else {
      await walkComponent(deps, stored.store, component, snapshotOf(stored, component), signal, ({ path, node }) => {
        if (!choice.covers(path)) return true;
        entries += 1;
        bytes += node.bytes;
        met.add(path.split('/')[0] ?? '');
        return true;
      });
    }
    for (const root of component.roots)
      if (met.has(root.name)) roots.push({ component: component.name, root: root.name, path: root.path });
  }
  if (entries === 0)
    throw new OpError('not_found', `nothing in ${stored.manifest.id} is called ${selection.paths.join(', ')}`);
  return { chain: [stored.manifest.id], roots, entries, bytes, readBytes: bytes };
}
