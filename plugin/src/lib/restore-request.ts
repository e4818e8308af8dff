/** What a person chose to restore, and the request that it becomes. */

export interface RestoreChoice {
  readonly what: 'all' | 'components' | 'paths';
  readonly components: readonly string[];
  /** A file or folder chosen in the browser; null: none was. */
  readonly picked: { readonly component: string; readonly path: string } | null;
  readonly target: 'folder' | 'in_place';
  /** '' is the default folder. */
  readonly folder: string;
  /** '' is the repository. */
  readonly copy: string;
}

export interface RestoreRequest {
  readonly target: { readonly kind: 'folder'; readonly path?: string } | { readonly kind: 'in_place' };
  readonly components: string[];
  readonly paths: string[];
  readonly copy?: string;
}

export function firstChoice(components: readonly string[], picked: RestoreChoice['picked']): RestoreChoice {
  return {
    what: picked === null ? 'all' : 'paths',
    components: [...components],
    picked,
    target: 'folder',
    folder: '',
    copy: '',
  };
}

/** An empty list means "everything" to the exporter, so a narrower choice never becomes an empty list. */
export function restoreRequest(choice: RestoreChoice): RestoreRequest {
  const folder = choice.folder.trim();
  const { picked } = choice;
  const narrow = choice.what === 'paths' && picked !== null;
  const components = choice.what === 'components' ? [...choice.components] : narrow ? [picked.component] : [];
  return {
    target:
      choice.target === 'in_place'
        ? { kind: 'in_place' }
        : { kind: 'folder', ...(folder === '' ? {} : { path: folder }) },
    components,
    paths: narrow ? [picked.path] : [],
    ...(choice.copy === '' ? {} : { copy: choice.copy }),
  };
}

/** Chooses or unchooses a component; the last one stays, because none would mean all. */
export function toggled(chosen: readonly string[], name: string): readonly string[] {
  if (!chosen.includes(name)) return [...chosen, name];
  return chosen.length === 1 ? chosen : chosen.filter((one) => one !== name);
}
