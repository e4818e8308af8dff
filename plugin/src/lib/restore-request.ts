/** What a person chose to restore, and the request that it becomes. */

export interface RestoreChoice {
  readonly what: 'all' | 'components' | 'paths';
  readonly components: readonly string[];
  /** A file or folder chosen in the browser; null: none was. */
  readonly picked: { readonly component: string; readonly path: string } | null;
  readonly target: 'folder' | 'in_place' | 'database';
  /** '' is the default folder. */
  readonly folder: string;
  /** Where the target is a database: the one that is restored, and its new name ('' is one that is made up). */
  readonly database: { readonly component: string; readonly name: string; readonly existing: boolean };
  /** '' is the repository. */
  readonly copy: string;
}

export interface RestoreRequest {
  readonly target:
    | { readonly kind: 'folder'; readonly path?: string }
    | { readonly kind: 'in_place' }
    | { readonly kind: 'database'; readonly name?: string; readonly existing: boolean };
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
    database: { component: components[0] ?? '', name: '', existing: false },
    copy: '',
  };
}

/** An empty list means "everything" to the exporter, so a narrower choice never becomes an empty list. */
export function restoreRequest(choice: RestoreChoice): RestoreRequest {
  const { picked } = choice;
  const copy = choice.copy === '' ? {} : { copy: choice.copy };
  if (choice.target === 'database') {
    const { component, existing } = choice.database;
    const name = choice.database.name.trim();
    const target = { kind: 'database', ...(name === '' ? {} : { name }), existing } as const;
    return { target, components: [component], paths: [], ...copy };
  }
  const folder = choice.folder.trim();
  const narrow = choice.what === 'paths' && picked !== null;
  const components = choice.what === 'components' ? [...choice.components] : narrow ? [picked.component] : [];
  return {
    target:
      choice.target === 'in_place'
        ? { kind: 'in_place' }
        : { kind: 'folder', ...(folder === '' ? {} : { path: folder }) },
    components,
    paths: narrow ? [picked.path] : [],
    ...copy,
  };
}

/** Whether there is enough to plan: a database that is there already has a name. */
export function isComplete({ target, database }: RestoreChoice): boolean {
  return target !== 'database' || !database.existing || database.name.trim() !== '';
}

/** Chooses or unchooses a component; the last one stays, because none would mean all. */
export function toggled(chosen: readonly string[], name: string): readonly string[] {
  if (!chosen.includes(name)) return [...chosen, name];
  return chosen.length === 1 ? chosen : chosen.filter((one) => one !== name);
}
